"""The guarded client against real servers on this machine: what it refuses, what it bounds, what it reads."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import override_settings

from accounts import checks, outgoing
from accounts.outgoing import Refused, Unreachable, check, parse_target
from accounts.outgoing_uses import USES, Use, as_markdown

Talk = Callable[[socket.socket], None]
send = partial(outgoing.send, use=Use.ALERTS)


@contextmanager
def serving(talk: Talk, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that has this talk with each caller; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            try:
                with tls.wrap_socket(raw, server_side=True) if tls else raw as caller:
                    talk(caller)
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def answering(text: bytes, seen: list[bytes] | None = None) -> Talk:
    def talk(caller: socket.socket) -> None:
        told = caller.recv(65536)
        if seen is not None:
            seen.append(told)
        caller.sendall(text)

    return talk


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nRetry-After: 7\r\n\r\nok"


@pytest.fixture
def loopback(settings: Any) -> None:
    """Loopback is allowed, as an operator may."""
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ("127.0.0.0/8",)


@pytest.mark.usefixtures("loopback")
def test_a_request_is_sent_and_its_answer_read() -> None:
    seen: list[bytes] = []
    with serving(answering(OK, seen)) as port:
        answer = send(f"http://127.0.0.1:{port}/in?x=1", headers={"Api-Key": "k"}, body=b"hello")
    assert (answer.status, answer.body, answer.is_success, answer.headers["retry-after"]) == (200, b"ok", True, "7")
    assert seen[0].startswith(b"POST /in?x=1 HTTP/1.1\r\n")
    assert b"Api-Key: k\r\n" in seen[0]
    assert b"Content-Length: 5\r\n" in seen[0]
    assert b"User-Agent: steadyrun" in seen[0]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://0.0.0.0/", "http://127.1/",
        "http://2130706433/", "http://0x7f000001/", "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]/", "http://10.0.0.1:8080/", "https://192.168.0.1/", "http://[fd00:ec2::254]/",
    ],
)  # fmt: skip
def test_addresses_of_this_network_are_refused(url: str) -> None:
    with pytest.raises(Refused, match="inside this network"):
        send(url)
    with pytest.raises(Refused):
        check(url)


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://example.com/", "file:///etc/passwd", "//example.com/", "https://", "http://a:b@example.com/",
        "http://exa mple.com/", "http://example.com/\r\nX: y", "http://example.com:99999/", "http://ex\xe4mple.com/",
        "http://[::1", "gopher://example.com", "http://example.com/" + "a" * 2000,
    ],
)  # fmt: skip
def test_addresses_that_cannot_be_called_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        parse_target(url)


@pytest.mark.usefixtures("loopback")
def test_a_name_that_changes_after_the_check_gains_nothing() -> None:
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    with serving(answering(OK)) as port:
        assert send(f"http://rebinding.test:{port}/", resolve=lambda host, port: answers.pop(0)).status == 200
    assert answers == [["10.0.0.1"]]


def test_only_the_public_addresses_of_a_name_are_called() -> None:
    called = outgoing.checked_addresses(
        parse_target("https://example.com/"), lambda host, port: ["10.0.0.1", "8.8.8.8", "::1"]
    )
    assert called == ["8.8.8.8"]


@pytest.mark.usefixtures("loopback")
def test_a_redirect_is_not_followed() -> None:
    seen: list[bytes] = []
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with serving(answering(moved, seen)) as port:
        answer = send(f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.is_success, len(seen)) == (302, False, 1)


@pytest.mark.usefixtures("loopback")
def test_an_endless_answer_is_cut() -> None:
    def talk(caller: socket.socket) -> None:
        caller.recv(65536)
        caller.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            caller.sendall(b"x" * 65536)

    with serving(talk) as port:
        assert len(send(f"http://127.0.0.1:{port}/").body) == outgoing.MAX_ANSWER_BYTES


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_an_answer_that_trickles_is_given_up(start: bytes) -> None:
    def talk(caller: socket.socket) -> None:
        caller.recv(65536)
        caller.sendall(start)
        while True:
            caller.sendall(b"X")
            time.sleep(0.05)

    with serving(talk) as port:
        began = time.monotonic()
        with pytest.raises(Unreachable, match="No answer within"):
            send(f"http://127.0.0.1:{port}/", timeout=0.4)
        assert time.monotonic() - began < 2


@pytest.mark.usefixtures("loopback")
@pytest.mark.parametrize("text", [b"", b"nonsense\r\n\r\n"])
def test_an_answer_that_is_none_is_unreachable(text: bytes) -> None:
    with serving(answering(text)) as port, pytest.raises(Unreachable):
        send(f"http://127.0.0.1:{port}/")


@pytest.mark.usefixtures("loopback")
def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="refused"):
            send(f"http://127.0.0.1:{taken.getsockname()[1]}/")


def test_an_unknown_name_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="cannot be resolved"):
        send("https://no-such-name.invalid/")


@pytest.mark.usefixtures("loopback")
def test_headers_cannot_smuggle_lines() -> None:
    with serving(answering(OK)) as port, pytest.raises(Unreachable):
        send(f"http://127.0.0.1:{port}/", headers={"X": "a\r\nY: b"})


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(
            subject, subject, key.public_key(), x509.random_serial_number(), now, now + timedelta(1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return certificate, secret


@pytest.mark.usefixtures("loopback")
def test_tls_is_verified_with_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, secret = _certificate(tmp_path, "receiver.test")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, secret)

    def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    with serving(answering(OK), tls) as port:
        with pytest.raises(Unreachable, match="certificate is not valid"):
            send(f"https://receiver.test:{port}/", resolve=here)
        trusting = ssl.create_default_context(cafile=str(certificate))
        monkeypatch.setattr(outgoing, "_tls", lambda: trusting)
        assert send(f"https://receiver.test:{port}/", resolve=here).status == 200
        with pytest.raises(Unreachable, match="certificate is not valid"):
            send(f"https://other.test:{port}/", resolve=here)


@pytest.mark.parametrize("use", Use)
def test_a_use_that_the_operator_switched_off_connects_to_nothing(use: Use) -> None:
    """Not even the name is looked up."""
    with override_settings(OUTGOING_OFF=frozenset({use.value})), pytest.raises(Unreachable, match="OUTGOING_OFF"):
        outgoing.send("http://127.0.0.1:9/", use=use, resolve=lambda host, port: pytest.fail("looked up"))


def test_the_document_lists_every_use() -> None:
    document = (Path(__file__).parents[2] / "docs/security/outgoing.md").read_text()
    assert as_markdown() in document
    assert set(USES) == set(Use)


def test_a_word_that_is_no_use_is_refused_at_the_start() -> None:
    with override_settings(OUTGOING_OFF=frozenset({"slack"})):
        (found,) = checks.check_outgoing()
    assert "OUTGOING_OFF names slack; it takes: mail, alerts" in found.msg
