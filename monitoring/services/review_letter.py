"""The weekly review as an e-mail: HTML with a text beside it, both from the sheet that the page shows."""

from collections.abc import Iterator
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.mailing import mail_domain
from accounts.models import Membership, Team
from accounts.permissions import Role
from monitoring.models import ReviewMail
from monitoring.services.review import Review
from monitoring.services.review_sheet import Kpi, Part, Row, Sheet, make_sheet

SALT = "weekly review: unsubscribe"


def unsubscribe_url(membership_id: UUID) -> str:
    """The address that stops the e-mails to a member, without signing in."""
    return base_url() + reverse("unsubscribe_review", args=[signing.dumps(str(membership_id), salt=SALT)])


def membership_of(token: str) -> UUID | None:
    """The membership that a token of such an address names; None for one that is not ours."""
    try:
        return UUID(signing.loads(token, salt=SALT))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def base_url() -> str:
    """The installation's address, without a slash at its end."""
    return settings.BASE_URL.rstrip("/")


def write_letter(mail: ReviewMail, team: Team, member: Membership, review: Review) -> EmailMultiAlternatives:
    """The message for one member, in the sections of the own role."""
    sheet = make_sheet(team.slug, review, Role(member.role))
    stop = unsubscribe_url(member.id)
    page = base_url() + reverse("review_of", args=[team.slug, review.week.name])
    told = {"sheet": sheet, "team": team, "base": base_url(), "page": page, "stop": stop}
    message = EmailMultiAlternatives(
        subject=" ".join(f"{team.name}: {sheet.title}".split()),
        body=letter_text(sheet, team, page, stop),
        to=[member.user.email],
        headers={
            "Message-ID": message_id(mail),
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string("emails/review.html", told), "text/html")
    return message


def message_id(mail: ReviewMail) -> str:
    """The same on each try, so that a mailbox can show one that came twice once; a wanted repeat has another."""
    return f"<review.{mail.id.hex}.{int(mail.made_at.timestamp())}@{mail_domain()}>"


def letter_text(sheet: Sheet, team: Team, page: str, stop: str) -> str:
    """The text beside the HTML: the same figures, a line a row."""
    lines = [f"{team.name}: {sheet.title}", sheet.about, "", f"{sheet.headline}.", *sheet.said, ""]
    for part in sheet.parts:
        lines += [*_part_lines(part), ""]
    lines += [
        _("Made {time}.").format(time=sheet.made),
        _("On the page: {address}").format(address=page),
        _("Stop these e-mails: {address}").format(address=stop),
    ]
    return "\n".join(lines) + "\n"


def _part_lines(part: Part) -> Iterator[str]:
    yield part.title.upper() + ("" if part.kpis else f" ({part.sub})")
    yield from (_kpi_line(kpi) for kpi in part.kpis)
    for table in part.tables:
        if table.title:
            yield f"{table.title}:"
        if not table.rows:
            yield table.none
            continue
        yield " | ".join(column.title for column in table.columns)
        yield from (_row_line(row) for row in table.rows)
        if table.more:
            yield table.more


def _kpi_line(kpi: Kpi) -> str:
    beside = ", ".join(part for part in (kpi.change, kpi.note) if part)
    return f"{kpi.label}: {kpi.value}{f' ({beside})' if beside else ''}"


def _row_line(row: Row) -> str:
    return " | ".join(f"{cell.text} ({cell.sub})" if cell.sub else cell.text for cell in row)
