"""Names in addresses come back as they were, whatever is in them."""

from urllib.parse import unquote

import pytest
from django.urls import resolve, reverse
from hypothesis import given
from hypothesis import strategies as st

from monitoring.converters import NameConverter

NAMES = [
    "crm.example",
    "openai/gpt-4o",
    "a//b/",
    "..",
    ".",
    "../../etc",
    "Größe & Maß?x=1#y",
    "模型 7",
    "100% ~2F ~",
    "line\nbreak",
    "back\\slash;v=1",
    " blanks ",
    "",
    "https://api.example/v1?x=%2F",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found_again(name: str) -> None:
    found = resolve(unquote(reverse("system", args=["team", name])))
    assert found.kwargs == {"team": "team", "name": name, "kind": "systems"}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_one_segment_that_browsers_keep(name: str) -> None:
    address = reverse("model", args=["team", name])
    assert address.count("/") == 5
    assert address.split("/")[4] not in ("", ".", "..")
    assert address.isascii()


def test_a_name_may_be_typed_with_its_slash() -> None:
    assert resolve("/t/team/models/openai/gpt-4o/").kwargs["name"] == "openai/gpt-4o"


def test_escapes_that_are_no_text_are_no_page() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        NameConverter().to_python("~FF")


def test_no_name_holds_nul() -> None:
    with pytest.raises(ValueError, match="NUL"):
        NameConverter().to_python("~00")


# A name comes from the database, whose text holds no NUL.
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_is_the_same_both_ways(name: str) -> None:
    converter = NameConverter()
    assert converter.to_python(converter.to_url(name)) == name
