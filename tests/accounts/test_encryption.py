"""Secrets that are read again are encrypted, authenticated, and readable with an older signing key."""

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from accounts.encryption import Unreadable, decrypt, encrypt


@given(st.text())
def test_a_secret_comes_back_and_is_not_seen_in_what_is_kept(text: str) -> None:
    kept = encrypt(text)
    assert decrypt(kept) == text
    assert len(text) < 8 or text.encode("utf-8", "replace") not in kept


def test_the_same_secret_is_kept_differently_each_time() -> None:
    assert encrypt("whsec_1") != encrypt("whsec_1")


def test_a_changed_byte_is_noticed() -> None:
    kept = bytearray(encrypt("whsec_1"))
    kept[20] ^= 1
    with pytest.raises(Unreadable):
        decrypt(bytes(kept))


def test_another_signing_key_reads_nothing_unless_it_knows_the_older_one() -> None:
    with override_settings(SECRET_KEY="an older key"):
        kept = encrypt("whsec_1")
    with override_settings(SECRET_KEY="a newer key"), pytest.raises(Unreadable):
        decrypt(kept)
    with override_settings(SECRET_KEY="a newer key", SECRET_KEY_FALLBACKS=["an older key"]):
        assert decrypt(kept) == "whsec_1"
