"""Hands an e-mail of a channel to the installation's mail server: to each recipient by itself.

So one address that is refused keeps nobody else from being told, and a further try goes only to who did not take it.
"""

import smtplib
import time
from dataclasses import dataclass
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from accounts.mailing import fault_of, mail_domain
from accounts.retrying import Result, Verdict
from alerts.channels.contract import Mail


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of an e-mail: which addresses took it in this try, and what that means for the delivery."""

    result: Result
    taken: tuple[str, ...] = ()


def post(mail: Mail, end: float) -> Posted:
    """Sends it to one after the other until `end` (of the steady clock); who is left then is told in a later try."""
    if not settings.MAIL_SERVER.host:
        return Posted(Result(Verdict.LATER, "The installation has no mail server: its operator sets EMAIL_URL."))
    if not mail.recipients:
        return Posted(Result(Verdict.REFUSED, "Nobody is left to send it to: choose members, groups or addresses."))
    taken: list[str] = []
    refused: list[str] = []
    later: list[str] = []
    connection = get_connection()
    try:
        for address in mail.recipients:
            if time.monotonic() >= end:
                later.append("it took too long")
                break
            _try(connection, mail, address, (taken, refused, later))
    finally:
        _close(connection)
    return Posted(_result(len(mail.recipients), refused, later), tuple(taken))


def _try(connection: BaseEmailBackend, mail: Mail, address: str, found: tuple[list[str], ...]) -> None:
    taken, refused, later = found
    try:
        _message(mail, address, connection).send()
        taken.append(address)
    except (smtplib.SMTPException, OSError) as error:
        fault = fault_of(error)
        (refused if fault.is_final else later).append(fault.reason)
        # What the server expects next is not known: the next one gets a connection of its own.
        _close(connection)


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError):
        return


def _message(mail: Mail, address: str, connection: BaseEmailBackend) -> EmailMultiAlternatives:
    thread = f"<{mail.thread}@{mail_domain()}>"
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=formataddr(parseaddr(settings.DEFAULT_FROM_EMAIL)),
        to=[address],
        connection=connection,
        headers={
            "Message-ID": f"<{mail.id}@{mail_domain()}>",
            "In-Reply-To": thread,
            "References": thread,
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(mail.html, "text/html")
    return message


def _result(count: int, refused: list[str], later: list[str]) -> Result:
    if later:
        return Result(Verdict.LATER, later[0])
    if refused:
        whom = "the address" if count == 1 else f"{len(refused)} of {count} addresses"
        return Result(Verdict.REFUSED, f"{refused[0]} It refused {whom}.")
    return Result(Verdict.TAKEN)
