"""The language of the search field: what it means, and that nothing typed there fails."""

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from monitoring.filters import Choice, parse_filters
from monitoring.search import KNOWN, MAX_TEXTS, Text, kinds_of, merged, parse_search, texts_of, write_texts
from tests.factories import NOW

WORDS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)
PIECES = st.one_of(
    WORDS,
    st.sampled_from(
        [*(f"{name}:" for name in KNOWN), '"', "-", "in:logs", "OR", "\\", " ", "“", "status:ok", "\u202e"]
    ),
)


def test_fields_become_filters_and_the_rest_is_text() -> None:
    found = parse_search('model:gpt-4o tag:customer=acme -status:succeeded "exact words" plain')
    assert found.choices == {"model": ("gpt-4o",), "field": ("tag.customer=acme",), "status": ("-succeeded",)}
    assert found.texts == (Text("exact words"), Text("plain"))
    assert found.notes == ()


@pytest.mark.parametrize(
    ("query", "choices"),
    [
        ("input:invoice", {"input": ("invoice",)}),
        ("input:country=FR", {"field": ("input.country=FR",)}),
        ("feedback:helpful=1", {"field": ("feedback.helpful=1",)}),
        ("session:s-1 user:u-1", {"field": ("session=s-1", "user=u-1")}),
        ('step:"charge the card"', {"step": ("charge the card",)}),
        ("node:a step:b", {"step": ("a", "b")}),
        ("STATUS:Error status:timeout", {"status": ("failed", "timed_out")}),
        ("status:unmet", {"status": ("unmet",)}),
        ("slower:5s slower:2m slower:250", {"slower": ("5000", "120000", "250")}),
        ("costlier:0.10", {"costlier": ("0.10",)}),
        ("environment:*", {"env": ("*",)}),
        ("release:-4", {"release": ("-4",)}),
    ],
)
def test_a_field(query: str, choices: dict[str, tuple[str, ...]]) -> None:
    assert parse_search(query).choices == choices
    assert parse_search(query).texts == ()


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("https://crm.example/x?a=b", ("https://crm.example/x?a=b",)),
        ("wf:17", ("wf:17",)),
        ("TimeoutError: read", ("TimeoutError:", "read")),
        ("a-b", ("a-b",)),
        ('"a \\"q\\" b"', ('a "q" b',)),
        ("“exact   words”", ("exact words",)),
        ('"status:failed"', ("status:failed",)),
        ("a a", ("a",)),
        ("", ()),
        (" - ", ()),
    ],
)
def test_text(query: str, texts: tuple[str, ...]) -> None:
    found = parse_search(query)
    assert found.texts == tuple(Text(words) for words in texts)
    assert not found.choices


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("colour:red", "“colour” is no field, so it was searched as text"),
        ("error:", "“error:” has nothing after it"),
        ("status:maybe", "“status:maybe” was left out: a status is one of"),
        ("slower:soon", "“slower:soon” was left out: write a time"),
        ("costlier:much", "“costlier:much” was left out: write an amount"),
        ("retried:perhaps", "write retried:yes or retried:no"),
        ("tag:customer", "“tag:customer” was left out: write tag:name=value"),
        ("in:cellar", "“in:cellar” was left out: it can be logs, input, output, everything"),
        ("-in:logs", "name the places to search instead"),
        ("a OR b", "“OR” was left out: repeat a field for “or”"),
        ('"never closed', "A quote was not closed"),
        ('a ""', "Empty quotes were left out"),
        ("x" * 301, "Only the first 300 characters of a word"),
        ("y " * 1500, "Only the first 2,000 characters"),
        (" ".join(map(str, range(30))), "Only the first 20 of 30 words"),
        ("model:" + "m" * 400, "Only the first 300 characters of “model”"),
    ],
)
def test_nonsense_is_said_in_a_sentence(query: str, said: str) -> None:
    notes = parse_search(query).notes
    assert len(notes) == 1
    assert said in notes[0]
    assert notes[0].endswith(".")


@given(st.lists(PIECES, max_size=12).map("".join))
def test_nothing_typed_fails_and_everything_is_bounded(query: str) -> None:
    found = parse_search(query)
    assert len(found.texts) <= MAX_TEXTS
    assert all(0 < len(text.words) <= 300 for text in found.texts)
    assert all(note.endswith(".") for note in found.notes)
    assert "\x00" not in "".join(text.words for text in found.texts)


@given(
    st.lists(st.builds(Text, WORDS.map(lambda told: " ".join(told.split())).filter(bool), st.booleans()), max_size=8)
)
def test_written_texts_are_read_as_the_same_texts(texts: list[Text]) -> None:
    told = tuple(dict.fromkeys(texts))
    query = write_texts(told)
    assert texts_of(query) == parse_search(query).texts
    assert len(texts_of(query)) == len(told)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_merging_again_changes_nothing(query: str) -> None:
    params = QueryDict(mutable=True)
    params["q"] = query
    once, _ = merged(parse_filters(params, NOW))
    again, said = merged(once)
    assert again == once
    assert not said.choices


def test_fields_join_the_filters_of_the_address() -> None:
    filters, _ = merged(
        parse_filters(QueryDict("status=failed&q=-status:timeout status:cancelled in:logs x&in=input"), NOW)
    )
    assert filters["status"] == Choice(("failed", "cancelled"), ("timed_out",))
    assert (filters.q, filters.places) == ("x", ("input", "logs"))
    assert kinds_of(filters.places) == {"input", "logs"}
    assert "in=input&in=logs" in filters.query()
