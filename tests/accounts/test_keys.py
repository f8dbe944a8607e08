"""API keys: format, checksum, and what is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.keys import CHECKSUM_LENGTH, KEY_LENGTH, hash_key, make_key, prefix_of


def test_a_fresh_key_is_found_by_its_prefix() -> None:
    key = make_key()
    assert len(key.text) == KEY_LENGTH
    assert prefix_of(key.text) == key.prefix
    assert key.secret_hash == hash_key(key.text)
    assert key.text not in repr(key.secret_hash)


def test_two_keys_differ() -> None:
    assert make_key().text != make_key().text


@pytest.mark.parametrize("position", [0, 4, 15, KEY_LENGTH - CHECKSUM_LENGTH, KEY_LENGTH - 1])
def test_one_wrong_letter_is_seen_without_asking_the_database(position: int) -> None:
    text = make_key().text
    other = "x" if text[position] != "x" else "y"
    assert prefix_of(text[:position] + other + text[position + 1 :]) is None


@given(st.text(max_size=80))
def test_any_other_text_is_no_key(text: str) -> None:
    assert prefix_of(text) is None
