"""Pages stand in one of the two frames; everything else is a part, and says so by its name."""

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "templates"
FRAMES = ("base.html", "plain.html")
PAGES = sorted(
    path
    for path in TEMPLATES.rglob("*.html")
    # Those of the admin stand in the frame that Django has for it; snippets are parts by allauth's name.
    if not path.name.startswith("_")
    and path.parent.name not in ("components", "elements", "emails", "admin", "snippets")
)


def frame_of(path: Path) -> str:
    """The frame that a page stands in: what it extends, or what that extends."""
    name = str(path.relative_to(TEMPLATES))
    while name not in FRAMES:
        extended = re.match(r'{% extends "([^"]+)" %}', (TEMPLATES / name).read_text())
        assert extended, f"{name} extends nothing"
        name = extended[1]
    return name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_a_page_stands_in_a_frame(path: Path) -> None:
    text = path.read_text()
    if str(path.relative_to(TEMPLATES)) in FRAMES:
        assert text.count("{% block title %}") == 1
    else:
        assert frame_of(path) in FRAMES
