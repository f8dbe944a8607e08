"""`EMAIL_URL`: what names a mail server, and what the system check says of mistakes."""

import pytest
from django.core.checks import run_checks
from django.test import override_settings

from accounts.mail import EmailUrlError, MailServer, mail_server, read_email_url


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", MailServer("mail.example", 25)),
        ("smtp://mail.example:2525", MailServer("mail.example", 2525)),
        ("smtp+starttls://a:b@mail.example", MailServer("mail.example", 587, "a", "b", is_starttls=True)),
        ("smtps://me%40example:p%2Fw@mail.example", MailServer("mail.example", 465, "me@example", "p/w", is_tls=True)),
        ("smtp://[::1]:26", MailServer("::1", 26)),
    ],
)
def test_an_address_names_a_server(url: str, server: MailServer) -> None:
    assert read_email_url(url) == server


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://mail.example", "must start with one of: smtp://"),
        ("mail.example:25", "must start with one of: smtp://"),
        ("smtp://", "names no host"),
        ("smtp://mail.example:99999", "from 1 to 65535"),
        ("smtp://a@mail.example", "both user and password"),
        ("smtp://a:p/w@mail.example", "from 1 to 65535"),
        ("smtp://mail.example/inbox", "percent form"),
    ],
)
def test_a_mistake_names_its_reason_and_is_found_at_the_start(url: str, reason: str) -> None:
    with pytest.raises(EmailUrlError, match=reason):
        read_email_url(url)
    server = mail_server(url)
    assert not server.host
    with override_settings(MAIL_SERVER=server):
        assert [one.id for one in run_checks() if (one.id or "").startswith("steadyrun.")] == ["steadyrun.E001"]


def test_the_sender_must_be_an_address() -> None:
    assert mail_server("") == MailServer()
    with override_settings(DEFAULT_FROM_EMAIL="Steadyrun"):
        assert "steadyrun.E002" in [one.id for one in run_checks()]
