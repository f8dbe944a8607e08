"""What a reader sees of a page before opening anything."""

from lxml import etree, html


def without_help(page: str) -> str:
    """The page without the help on its figures: the buttons, and what they would open."""
    document = html.fromstring(page)
    for one in document.xpath("//*[@popover] | //*[contains(concat(' ', @class, ' '), ' how ')]"):
        one.drop_tree()
    return etree.tostring(document, encoding="unicode", method="html")
