"""How often somebody may try at the door: by account and by address, in Valkey, with answers that tell nothing."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from redis import Redis

from accounts.models import User
from accounts.sign_in import tries
from accounts.sign_in.tries import Tries
from tests.accounts.test_second_factor import signed_in, with_app
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db


def attempt(email: str, password: str = "no", address: str = "192.0.2.1") -> Any:
    return Client(REMOTE_ADDR=address).post("/sign-in/", {"login": email, "password": password})


def words(answer: Any) -> tuple[int, str]:
    """Status and text of a page, without what each page has its own of."""
    text = re.sub(r'value="[^"]*"', "", answer.content.decode())
    return answer.status_code, re.sub(r"csrf\w*", "", text)


def test_the_counters_are_in_valkey_each_with_an_end(owner: User, settings: Any) -> None:
    attempt(owner.email)
    with Redis.from_url(settings.REDIS_URL) as valkey:
        keys = list(valkey.scan_iter(f"{tries.space}:*"))
        assert len(keys) >= 2
        assert all(0 < valkey.ttl(key) <= 300 for key in keys)
        assert not any(owner.email.encode() in key for key in keys)


def test_an_account_is_shut_after_five_wrong_passwords_from_wherever_they_came(owner: User, member: User) -> None:
    for number in range(5):
        attempt(owner.email, address=f"192.0.2.{number}")
    assert "Too many tries" in attempt(owner.email, PASSWORD, "198.51.100.7").content.decode()
    assert attempt(member.email, PASSWORD, "198.51.100.7").status_code == 302


def test_an_address_is_shut_after_twenty_wrong_passwords_whosever_they_were(owner: User) -> None:
    for number in range(20):
        attempt(f"someone{number}@harbour.test")
    assert "Too many tries" in attempt(owner.email, PASSWORD).content.decode()
    assert attempt(owner.email, PASSWORD, "198.51.100.7").status_code == 302


def test_known_and_unknown_addresses_get_the_same_answers(owner: User) -> None:
    for number in range(7):
        known = attempt(owner.email, address=f"192.0.2.{number}")
        unknown = attempt("nobody@harbour.test", address=f"198.51.100.{number}")
        assert words(known) == words(unknown)


def test_the_right_password_gives_no_tries_back(owner: User) -> None:
    for _ in range(4):
        attempt(owner.email)
    assert attempt(owner.email, PASSWORD).status_code == 302
    attempt(owner.email)
    assert "Too many tries" in attempt(owner.email, PASSWORD).content.decode()


def test_codes_of_the_second_factor_are_limited_too(owner: User) -> None:
    with_app(owner)
    client = signed_in(owner)
    for _ in range(5):
        answer = client.post("/account/second-factor/authenticate/", {"code": "000000"})
    assert "not right" in answer.content.decode()
    answer = client.post("/account/second-factor/authenticate/", {"code": "000000"})
    assert "Too many" in answer.content.decode()


def test_without_valkey_each_process_counts_for_itself(
    owner: User, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    gone = Tries("redis://127.0.0.1:1/0", {})
    assert gone.add("a", True, 5)
    assert not gone.add("a", True, 5)
    assert gone.get("a") is True
    gone.set("b", [1.5], 5)
    assert (gone.get("b"), gone.get("c", 7)) == ([1.5], 7)
    assert gone.delete("a")
    assert "counted by each process" in caplog.text


def test_what_is_kept_comes_back_as_it_was(db: None) -> None:
    for value in ([1.5, 2.5], True, "y", 7):
        cache.set("x", value, 5)
        assert cache.get("x") == value
