"""Redaction: secrets by name and by look go, everything else stays, and a second time changes nothing."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.adapters.redact import REDACTED, is_secret_name, redact, redact_headers, redact_text

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "db_password",
        "dbPassword",
        "client_secret",
        "clientSecret",
        "Authorization",
        "set-cookie",
        "api_key",
        "apiKey",
        "X-API-Key",
        "OPENAI_API_KEY",
        "token",
        "access_token",
        "refreshToken",
        "x-gitlab-token",
        "private_key",
        "auth",
        "credentials",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)
    assert redact({name: "anything at all"}) == {name: REDACTED}
    assert redact({name: {"inner": ["x", 3, None]}}) == {name: {"inner": [REDACTED, REDACTED, None]}}


@pytest.mark.parametrize(
    "name",
    [
        "total_tokens",
        "prompt_tokens",
        "tokens",
        "max_tokens",
        "idempotency_key",
        "key",
        "next_page_token",
        "secretary",
        "author",
        "authority",
        "monkey",
        "status",
        "token_count",
        "keyboard",
    ],
)
def test_names_that_stay(name: str) -> None:
    assert not is_secret_name(name)
    assert redact({name: "anything at all"}) == {name: "anything at all"}


def test_numbers_called_token_stay() -> None:
    assert redact({"price_per_token": 0.1, "token": 7, "password": 7}) == {
        "price_per_token": 0.1,
        "token": 7,
        "password": REDACTED,
    }


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"token was {JWT}.", f"token was {REDACTED}."),
        ("key sk-proj-abcdefghijklmnopqrstuv ended", f"key {REDACTED} ended"),
        ("AKIAIOSFODNN7EXAMPLE", REDACTED),
        ("ghp_" + "a" * 36, REDACTED),
        ("glpat-" + "a" * 20, REDACTED),
        ("xoxb-123456789012-abc", REDACTED),
        ("sr_" + "a" * 47, REDACTED),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", REDACTED),
        ("curl -H 'Authorization: Bearer abc.def-ghi_jkl'", f"curl -H 'Authorization: Bearer {REDACTED}'"),
        ("postgres://admin:hunter2@db.example/x", f"postgres://admin:{REDACTED}@db.example/x"),
        (
            "https://x.example/cb?code=1&access_token=abcd1234&y=2",
            f"https://x.example/cb?code=1&access_token={REDACTED}&y=2",
        ),
        ("connect failed: password=hunter2; host=db", f"connect failed: password={REDACTED}; host=db"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nrest", f"{REDACTED}\nrest"),
        ("AccountName=a;AccountKey=Zm9vYmFy==;E=1", f"AccountName=a;AccountKey={REDACTED};E=1"),
    ],
)
def test_looks_of_secrets(text: str, kept: str) -> None:
    assert redact_text(text) == kept
    assert redact_text(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "gha-30433642-1",
        "https://github.com/octo-org/octo-repo/actions/runs/30433642",
        "scheduled__2026-11-04T00:00:00+00:00",
        "6c3f6a3e-51f5-4b55-9b1f-1d3a3f0c9c11",
        "Basic plan",
        "task-3 risk-assessment-of-the-year",
        "total_tokens: 1200",
    ],
)
def test_what_a_mapping_needs_stays(text: str) -> None:
    assert redact_text(text) == text


def test_headers() -> None:
    told = {
        "Authorization": "Bearer x",
        "Cookie": "a=b",
        "X-Hub-Signature-256": "sha256=0",
        "X-Gitlab-Token": "t",
        "X-Any-Key": "k",
        "X-GitHub-Event": "workflow_run",
        "User-Agent": "u" * 5_000,
        "Referer": "https://x.example/?token=abcdef",
    }
    kept = redact_headers(told)
    assert {name for name, value in kept.items() if value == REDACTED} == {
        "authorization",
        "cookie",
        "x-hub-signature-256",
        "x-gitlab-token",
        "x-any-key",
    }
    assert kept["x-github-event"] == "workflow_run"
    assert len(kept["user-agent"]) == 1_000
    assert kept["referer"] == f"https://x.example/?token={REDACTED}"
    assert len(redact_headers({f"h{number}": "v" for number in range(500)})) == 60


def test_whole_numbers_beyond_64_bits_become_text() -> None:
    assert redact({"n": 10**30, "m": 2**63}) == {"n": str(10**30), "m": 2**63}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from([JWT, "Bearer abcdefghijklmnop", "password=x1y2"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4) | st.sampled_from(["token", "apiKey", JWT]), inner, max_size=4)
    ),
    max_leaves=15,
)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_a_second_time_changes_nothing(value: Any) -> None:
    once = redact(value)
    assert redact(once) == once
    assert JWT not in repr(once)


@pytest.mark.parametrize(
    "piece",
    [
        "eyJ",
        "eyJaaaaaaaa.",
        "sk-",
        "Bearer ",
        "-----BEGIN PRIVATE KEY-----",
        "://a:",
        "token=",
        "password",
        "A" * 50,
        "'\"= ",
    ],
)
def test_hostile_texts_take_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    before = time.thread_time()
    redact_text(text)
    assert time.thread_time() - before < 2
