"""Front-end packages are found under `npm/` and nothing else of them is."""

from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders

from config.staticfiles import FILES, NodePackagesFinder


def test_every_listed_file_is_installed() -> None:
    finder = NodePackagesFinder()
    assert finder.check() == []
    assert [name for name, _ in finder.list([])] == list(FILES)


def test_a_listed_file_is_found_under_its_prefix() -> None:
    assert str(finders.find("npm/htmx.org/dist/htmx.min.js")).endswith("node_modules/htmx.org/dist/htmx.min.js")


def test_other_files_of_a_package_are_not() -> None:
    assert finders.find("npm/htmx.org/package.json") is None
    assert finders.find("npm/../manage.py") is None


def test_an_image_has_only_what_was_collected(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    finder = NodePackagesFinder(root=tmp_path / "node_modules")
    assert [one.id for one in finder.check()] == ["config.W001"]
    for name in FILES:
        (tmp_path / "npm" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "npm" / name).touch()
    assert finder.check() == []
