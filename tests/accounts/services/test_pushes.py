"""Where a team's signed pushes go, and when the secret of their receiver changes."""

import pytest

from accounts.encryption import decrypt
from accounts.models import AuditStream
from accounts.services.pushes import PushRefused, aim, refusals_of

HERE = "https://siem.example/take"


def aimed() -> tuple[AuditStream, str]:
    """A new stream with an address, and the text of its secret."""
    one = AuditStream()
    return one, aim(one, HERE)


def test_a_new_push_has_a_secret() -> None:
    one, secret = aimed()
    assert one.url == HERE
    assert secret.startswith("whsec_")
    assert decrypt(one.secret) == secret


def test_another_page_of_the_same_host_keeps_the_secret() -> None:
    one, secret = aimed()
    assert aim(one, "https://siem.example/other") == ""
    assert decrypt(one.secret) == secret


@pytest.mark.parametrize("url", ["https://else.example/take", "https://siem.example:8443/take", "http://siem.example/"])
def test_another_host_gets_a_secret_of_its_own(url: str) -> None:
    one, secret = aimed()
    renewed = aim(one, url)
    assert renewed not in ("", secret)
    assert decrypt(one.secret) == renewed


def test_an_address_that_may_not_be_pushed_to_is_refused_in_words() -> None:
    assert refusals_of("ftp://siem.example")["url"]
    assert str(PushRefused({"url": "is no address", "events": "is empty"})) == "url is no address; events is empty"
