"""The weekly review by TLS and by STARTTLS, through a mail server whose certificate an authority of its own signed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.mail import read_email_url
from accounts.models import Membership, Team
from monitoring.models import ReviewMail
from monitoring.services.review_mail import queue_due, send_due
from tests.certificates import Certificates, make_certificates
from tests.mailbox import Mailbox, mailbox
from tests.monitoring.reviewing import MONDAY

pytestmark = pytest.mark.django_db
DUE = MONDAY + timedelta(days=7, hours=6)
SCHEMES = ["smtps", "smtp+starttls"]
UNTRUSTED = "The certificate of the mail server is not trusted."


@pytest.fixture(autouse=True)
def _joined(db: None, team: Team) -> None:
    Membership.objects.filter(team=team).update(created_at=MONDAY)


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path)


@contextmanager
def serving(settings: Any, scheme: str, certificates: Certificates) -> Iterator[Mailbox]:
    """A server that speaks as the address says, and the settings as `config.settings` reads them from it."""
    with mailbox(tls=certificates.server, is_starttls=scheme == "smtp+starttls") as box:
        use(settings, f"{scheme}://127.0.0.1:{box.port}")
        yield box


def use(settings: Any, url: str) -> None:
    server = settings.MAIL_SERVER = read_email_url(url)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.host, server.port
    settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = server.is_tls, server.is_starttls
    settings.EMAIL_TIMEOUT = 5


def send() -> ReviewMail:
    """One review that is due is tried once; what is known of it then."""
    queue_due(DUE)
    ReviewMail.objects.exclude(id=ReviewMail.objects.order_by("id").values("id")[:1]).delete()
    send_due(DUE, seconds=30)
    return ReviewMail.objects.get()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_authority_in_ssl_cert_file_is_trusted(settings, monkeypatch, certificates, scheme: str) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    with serving(settings, scheme, certificates) as box:
        mail = send()
    assert (mail.sent_at, mail.last_error) == (DUE, "")
    assert len(box.got) == 1
    assert "Weekly review" in box.got[0]["Subject"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_authority_that_nobody_trusts_is_refused_and_what_to_do_is_said(settings, certificates, scheme: str) -> None:
    with serving(settings, scheme, certificates) as box:
        mail = send()
    assert box.got == []
    assert mail.last_error.startswith(UNTRUSTED)
    assert "SSL_CERT_FILE" in mail.last_error
    # Tried again: an operator may mend it.
    assert mail.due_at is not None


def test_a_certificate_of_another_host_is_refused(settings, monkeypatch, tmp_path: Path) -> None:
    other = make_certificates(tmp_path, "127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(other.authority))
    with serving(settings, "smtps", other) as box:
        assert send().last_error.startswith(UNTRUSTED)
    assert box.got == []


def test_a_server_without_starttls_gets_no_mail(settings) -> None:
    with mailbox() as box:
        use(settings, f"smtp+starttls://127.0.0.1:{box.port}")
        assert send().last_error.startswith("The mail server offers no STARTTLS")
    assert box.got == []


def test_tls_from_the_first_byte_where_the_server_waits_for_starttls(settings, certificates) -> None:
    with mailbox(tls=certificates.server, is_starttls=True) as box:
        use(settings, f"smtps://127.0.0.1:{box.port}")
        assert send().last_error.startswith("No TLS with the mail server.")
    assert box.got == []


def test_where_nobody_answers(settings) -> None:
    with mailbox() as box:
        port = box.port
    use(settings, f"smtp://127.0.0.1:{port}")
    assert send().last_error == "Nothing answers at the host and port of EMAIL_URL."
