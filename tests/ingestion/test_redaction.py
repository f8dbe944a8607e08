"""What a team's rules find and what it becomes: the same twice, in any order, and never less than was asked for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.detectors import KINDS, Detector, is_iban, is_luhn
from ingestion.hints import joined_texts
from ingestion.redaction import Redactor, Rule, RuleRefused, check_path, check_pattern
from ingestion.rules import Becomes, RuleKind

SECRETS = [
    "sk-abcdefghijklmnopqrstuvwx",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "ada.lovelace@mail.example",
    "4111 1111 1111 1111",
    "+49 170 1234567",
    "(415) 555-2671",
    "DE89 3704 0044 0532 0130 00",
    "order-77-secret",
    "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
]
RULES = [
    *(Rule(RuleKind.DETECTOR, found.value, label=kind.label) for found, kind in KINDS.items()),
    Rule(RuleKind.PATTERN, r"order-\d+-secret", becomes=Becomes.HASH, label="order"),
    Rule(RuleKind.FIELD, "*.vat", becomes=Becomes.REMOVED),
    Rule(RuleKind.FIELD, "input.customer.name", becomes=Becomes.HASH, label="name"),
]
TEXTS = st.text(alphabet="ab 1+-@.:/[]=~\n\"'ü(", max_size=12)
LEAVES = st.none() | st.booleans() | st.integers() | TEXTS | st.sampled_from(SECRETS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["customer", "name", "vat", "password", "n"]) | TEXTS, inner, max_size=3)
    ),
    max_leaves=12,
)


def redactor(rules: list[Rule] = RULES, key: bytes = b"team") -> Redactor:
    return Redactor(rules, key)


def only(detector: Detector, becomes: Becomes = Becomes.LABEL) -> Redactor:
    return redactor([Rule(RuleKind.DETECTOR, detector.value, becomes=becomes, label=KINDS[detector].label)])


@given(VALUES)
def test_twice_is_once(value: Any) -> None:
    once = redactor().value(value, ("input",))
    assert redactor().value(once, ("input",)) == once


@given(TEXTS, st.sampled_from(SECRETS), TEXTS, st.permutations(RULES))
def test_no_order_of_rules_lets_a_secret_through(before: str, secret: str, after: str, rules: list[Rule]) -> None:
    assert secret not in redactor(rules).text(f"{before} {secret} {after}")


NEAR = st.text(alphabet='41 +-.@:\\\n"azDE_', max_size=24)


@given(VALUES | st.dictionaries(NEAR, NEAR, max_size=2))
def test_what_the_hint_passes_over_has_nothing_to_mask(value: Any) -> None:
    told = [r"\ba:a\b", r"z[^\w]1", "(?i)AZ\\n1"]
    rules = redactor([*RULES, *(Rule(RuleKind.PATTERN, pattern) for pattern in told)])
    assert rules.hint is not None
    if not rules.may_touch({"input": value}):
        assert rules.value(value, ("input",)) == value


CARDS = st.sampled_from(["4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004"])


@given(st.text(alphabet="14 .-a_\n", max_size=12), CARDS, st.text(alphabet="14 .-a_\n", max_size=8))
def test_the_hint_finds_a_card_wherever_the_detector_does(before: str, card: str, after: str) -> None:
    text, cards = f"{before}{card}{after}", only(Detector.CARD)
    masked = cards.maskers[0](text)
    assert cards.text(text) == text if masked == text else "[card]" in cards.text(text)
    assert masked == text or cards.may_touch({"said": text})


@pytest.mark.parametrize("pattern", [r"^\d{13}$", r"\Aa", "a\\z", "x|b$"])
def test_a_pattern_that_asks_for_the_ends_of_a_text_is_tried_on_each(pattern: str) -> None:
    rules = redactor([Rule(RuleKind.PATTERN, pattern, label="own")])
    assert rules.may_touch({"nothing": "there"})
    assert redactor([Rule(RuleKind.PATTERN, r"^\d{13}$", label="own")]).value({"a": 1234567890123}) == {"a": "[own]"}


def test_patterns_that_cannot_be_joined_are_tried_all_the_same() -> None:
    rules = redactor([Rule(RuleKind.PATTERN, r"\Qa.b"), Rule(RuleKind.PATTERN, "(?P<x>c+)"), Rule(RuleKind.FIELD, "n")])
    assert rules.may_touch({"said": "a.b"})
    assert rules.value({"said": "a.b ccc axb", "n": 1}) == {"said": "[redacted] [redacted] axb", "n": "[redacted]"}


@pytest.mark.parametrize(
    ("rule", "encoded"),
    [
        ("email", b'{"to":{"Email":"x"}}'),
        ("score", b'{"feedback":[{"key":"quality.score"}]}'),
        ("log", b'{"logs":[{"message":"x"}]}'),
        ('a"b', b'{"a\\"b":1}'),
    ],
)
def test_fields_are_found_among_all_texts_of_a_report(rule: str, encoded: bytes) -> None:
    fields = redactor([Rule(RuleKind.FIELD, rule)])
    assert fields.hint.search(joined_texts(encoded))
    assert not fields.hint.search(joined_texts(b'{"node":"send_email","text":"the log, the score"}'))


def test_texts_are_joined_as_they_are() -> None:
    assert joined_texts(b'{"a":"b\\\\\\"c\\n","d":[1,"\xc3\xbc\\/"]}') == b'{\na\n:\nb\\"c\n\n,\nd\n:[1,\n\xc3\xbc/\n]}'
    assert joined_texts(b'{"a":"\\u0007"}') is None


@pytest.mark.parametrize(
    ("detector", "text", "becomes"),
    [
        (Detector.EMAIL, "from ada@mail.example to bob@x.test", "from [email] to [email]"),
        (Detector.CARD, "paid with 4111-1111-1111-1111.", "paid with [card]."),
        (Detector.CARD, "not a card: 4111-1111-1111-1112", "not a card: 4111-1111-1111-1112"),
        (Detector.CARD, "at 1764349200000 ms, 1764349200000000000 ns", "at 1764349200000 ms, 1764349200000000000 ns"),
        (
            Detector.CARD,
            "scores 0.4111111111111111 and 12.4111111111111111",
            "scores 0.4111111111111111 and 12.4111111111111111",
        ),
        (Detector.CARD, "No.4111111111111111, 4111111111111111.", "No.[card], [card]."),
        (Detector.PHONE, "call +44 20 7946 0958 now", "call [phone] now"),
        (Detector.PHONE, "2026-11-28 and 10.0.0.1", "2026-11-28 and 10.0.0.1"),
        (Detector.IBAN, "to GB82 WEST 1234 5698 7654 32", "to [iban]"),
        (Detector.IBAN, "to GB83 WEST 1234 5698 7654 32", "to GB83 WEST 1234 5698 7654 32"),
        (Detector.KEYS, "key sr_" + "a" * 44, "key [key]"),
        (Detector.JWT, SECRETS[1], "[jwt]"),
        (Detector.PRIVATE_KEY, "x " + SECRETS[8], "x [private key]"),
    ],
)
def test_what_each_detector_finds(detector: Detector, text: str, becomes: str) -> None:
    assert only(detector).text(text) == becomes
    assert (becomes == text) or only(detector).may_touch({"said": text})


def test_fields_by_name_and_path_and_what_they_become() -> None:
    value = {"customer": {"name": "Ada", "vat": "DE1", "age": 36}, "vat": 7, "Password": "x", "total_tokens": 9}
    masked = redactor().value(value, ("input",))
    assert masked["customer"] == {"name": f"[name:{redactor().digest('Ada')}]", "age": 36}
    assert masked["Password"] == "[redacted]"
    assert (masked["total_tokens"], "vat" in masked) == (9, False)
    assert redactor().value({"customer": {"name": "Ada"}}, ("output",)) == {"customer": {"name": "Ada"}}


def test_a_hash_is_the_same_in_one_team_and_another_in_the_next() -> None:
    one, other = only(Detector.EMAIL, Becomes.HASH), Redactor(RULES, b"another team")
    text = one.text("ada@mail.example")
    assert text == one.text("ada@mail.example")
    assert text.startswith("[email:")
    assert other.digest("ada@mail.example") not in text


def test_a_long_number_is_looked_at_like_a_text() -> None:
    assert only(Detector.CARD).value({"pan": 4111111111111111, "ms": 1764349200000}) == {
        "pan": "[card]",
        "ms": 1764349200000,
    }


def test_ids_stay_different_when_they_are_masked() -> None:
    mail = only(Detector.EMAIL)
    first, second = mail.identity("run of ada@mail.example"), mail.identity("run of bob@mail.example")
    assert first != second
    assert "ada" not in first
    assert mail.identity("run 7") == "run 7"


@pytest.mark.parametrize("pattern", ["", "(", ".*", "a?", r"\w+|\W+", "(?=x)", "x" * 501])
def test_patterns_that_cannot_be_used_are_refused_with_a_reason(pattern: str) -> None:
    with pytest.raises(RuleRefused, match=r"letter|RE2|everything"):
        check_pattern(pattern)


@pytest.mark.parametrize("path", ["", "a..b", "input.*", "*"])
def test_paths_that_cannot_be_used_are_refused(path: str) -> None:
    with pytest.raises(RuleRefused):
        check_path(path)


def test_patterns_and_paths_that_can() -> None:
    check_pattern(r"cust-\d{6}")
    check_path("*.customer.email")


def test_check_digits() -> None:
    assert is_luhn("378282246310005")
    assert not is_luhn("378282246310006")
    assert is_iban("NO9386011117947")
    assert not is_iban("NO9386011117948")


def test_a_text_that_is_no_unicode_is_masked_all_the_same() -> None:
    assert only(Detector.EMAIL).text("\ud800 ada@mail.example") == "? [email]"
    assert only(Detector.EMAIL).text("\ud800") == "\ud800"
    assert only(Detector.EMAIL).value({"\ud800": "x"}) == {"\ud800": "x"}
