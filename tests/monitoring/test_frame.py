"""Parts of pages that are rendered once in a process: what they say is that of the page all the same."""

import threading

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.safestring import mark_safe

from monitoring.navigation import sections_of
from monitoring.templatetags.frame import filled_part, main_navigation

HEAD = "components/_card_head.html"


def test_a_filled_part_is_what_its_template_writes() -> None:
    plain = {"id": "one", "title": 'A <b> & "c"'}
    more = {**plain, "sub": mark_safe("<i>two</i>"), "link_href": "/x?a=1&b=2", "link_text": "All"}
    for values in (plain, more, {**more, "sub": ""}, {**plain, "title": "Another", "sub": 7}):
        assert filled_part(HEAD, **values) == render_to_string(HEAD, values)


def test_the_navigation_is_that_of_the_page_and_team() -> None:
    one, other = (main_navigation(sections_of(slug, "trends")) for slug in ("north", "south"))
    assert "/t/north/workflows/" in one
    assert "/t/south/workflows/" in other
    assert "/t/north/" not in other
    assert one.count('aria-current="page"') == 1
    assert one != main_navigation(sections_of("north", "executions"))


def test_language_and_zone_in_force_are_those_of_their_thread() -> None:
    told: list[tuple[str | None, str]] = []

    def look() -> None:
        told.append((translation.get_language(), timezone.get_current_timezone_name()))

    with translation.override("de"), timezone.override("Europe/Berlin"):
        look()
        other = threading.Thread(target=look)
        other.start()
        other.join()
    look()
    assert told[0] == ("de", "Europe/Berlin")
    assert told[1] == told[2] == ("en-gb", "UTC")
