"""The costs of a month as an e-mail: the sums in words, the export attached where it is small, and linked anyway."""

from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import dateformat
from django.utils.translation import gettext as _

from accounts.mailing import mail_domain
from accounts.models import Membership
from billing.analysis.periods import month_words
from billing.exports.files import Format, Table, format_words, table_words
from billing.models import CostMail, ExportJob
from billing.reads.cost_lines import Chosen, expect
from billing.reads.month_sums import Top, top_of
from billing.services.export_jobs import path_of
from monitoring import wording
from monitoring.services.review_letter import base_url

ATTACHED_BYTES = 5 * 1024 * 1024
MEDIA = "application/octet-stream"


def write_letter(mail: CostMail, member: Membership, job: ExportJob, chosen: Chosen) -> EmailMessage:
    """The message for one member. Inside the team's context."""
    path = path_of(job)
    size = job.size_bytes or 0
    is_attached = path is not None and size <= ATTACHED_BYTES
    message = EmailMessage(
        subject=" ".join(_title(mail).split()),
        body="\n".join(_lines(mail, job, chosen, is_attached=is_attached)) + "\n",
        to=[member.user.email],
        headers={"Message-ID": f"<costs.{mail.id.hex}@{mail_domain()}>", "Auto-Submitted": "auto-generated"},
    )
    if path is not None and is_attached:
        message.attach(job.file_name, path.read_bytes(), MEDIA)
    return message


def _title(mail: CostMail) -> str:
    return _("{team}: costs of {month}").format(team=mail.team.name, month=month_words(mail.month))


def _lines(mail: CostMail, job: ExportJob, chosen: Chosen, *, is_attached: bool) -> list[str]:
    expected = expect(mail.team_id, chosen)
    page = base_url() + reverse("cost_exports", args=[mail.team.slug])
    lines = [
        _title(mail),
        "",
        _("Cost so far: {usd}, from {count} cost lines.").format(
            usd=wording.usd(expected.cost_usd), count=wording.count(expected.lines)
        ),
    ]
    if expected.unpriced_tokens:
        words = _("Not in it: {count} tokens that have no price.")
        lines.append(words.format(count=wording.count(expected.unpriced_tokens)))
    for title, tops in (
        (_("By provider:"), top_of(mail.team_id, mail.month, "provider_id")),
        (_("By workflow:"), top_of(mail.team_id, mail.month, "workflow_id")),
    ):
        lines += ["", title, *(_top_line(one) for one in tops)]
    return [*lines, "", *_export_lines(job, page, is_attached=is_attached)]


def _top_line(one: Top) -> str:
    return f"  {one.name}: {wording.usd(one.cost_usd)}"


def _export_lines(job: ExportJob, page: str, *, is_attached: bool) -> list[str]:
    if path_of(job) is None:
        said = _("The export could not be made. {error}").format(error=job.error)
        return [said.strip(), _("Make it yourself: {address}").format(address=page)]
    day, file = dateformat.format(job.expires_at, "d F Y"), f"{page}{job.id}/file/"
    return [
        _file_line(job, is_attached=is_attached),
        _("Download until {day}: {address}").format(day=day, address=file),
        f"SHA-256: {job.digest}",
        _("Change or stop these e-mails: {address}").format(address=f"{page}#mail"),
    ]


def _file_line(job: ExportJob, *, is_attached: bool) -> str:
    """What the file holds, and whether it comes with the mail."""
    if job.left_out_lines and is_attached:
        words = _("{table}, {format}: {rows} rows, {size}, attached, without {count} lines that have no price.")
    elif job.left_out_lines:
        words = _(
            "{table}, {format}: {rows} rows, {size}, too large to attach, without {count} lines that have no price."
        )
    elif is_attached:
        words = _("{table}, {format}: {rows} rows, {size}, attached.")
    else:
        words = _("{table}, {format}: {rows} rows, {size}, too large to attach.")
    return words.format(
        table=table_words(Table(job.table)),
        format=format_words(Format(job.format)),
        rows=wording.count(job.rows),
        size=wording.bytes_size(job.size_bytes),
        count=wording.count(job.left_out_lines),
    )
