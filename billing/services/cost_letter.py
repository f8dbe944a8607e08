"""The costs of a month as an e-mail: the sums in words, the export attached where it is small, and linked anyway."""

from django.core.mail import EmailMessage
from django.urls import reverse

from accounts.mailing import mail_domain
from accounts.models import Membership
from billing.exports.files import FORMAT_WORDS, TABLE_WORDS, Format, Table
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
        subject=" ".join(f"{mail.team.name}: costs of {mail.month:%B %Y}".split()),
        body="\n".join(_lines(mail, job, chosen, is_attached=is_attached)) + "\n",
        to=[member.user.email],
        headers={"Message-ID": f"<costs.{mail.id.hex}@{mail_domain()}>", "Auto-Submitted": "auto-generated"},
    )
    if path is not None and is_attached:
        message.attach(job.file_name, path.read_bytes(), MEDIA)
    return message


def _lines(mail: CostMail, job: ExportJob, chosen: Chosen, *, is_attached: bool) -> list[str]:
    expected = expect(mail.team_id, chosen)
    page = base_url() + reverse("cost_exports", args=[mail.team.slug])
    lines = [
        f"{mail.team.name}: costs of {mail.month:%B %Y}",
        "",
        f"Cost so far: {wording.usd(expected.cost_usd)}, from {wording.count(expected.lines)} cost lines.",
    ]
    if expected.unpriced_tokens:
        lines.append(f"Not in it: {wording.count(expected.unpriced_tokens)} tokens that have no price.")
    for title, tops in (
        ("By provider", top_of(mail.team_id, mail.month, "provider_id")),
        ("By workflow", top_of(mail.team_id, mail.month, "workflow_id")),
    ):
        lines += ["", f"{title}:", *(_top_line(one) for one in tops)]
    return [*lines, "", *_export_lines(job, page, is_attached=is_attached)]


def _top_line(one: Top) -> str:
    return f"  {one.name}: {wording.usd(one.cost_usd)}"


def _export_lines(job: ExportJob, page: str, *, is_attached: bool) -> list[str]:
    words = f"{TABLE_WORDS[Table(job.table)]}, {FORMAT_WORDS[Format(job.format)]}"
    if path_of(job) is None:
        return [f"The export could not be made. {job.error}".strip(), f"Make it yourself: {page}"]
    said = "attached" if is_attached else "too large to attach"
    left_out = f", without {wording.count(job.left_out_lines)} lines that have no price" if job.left_out_lines else ""
    return [
        f"{words}: {wording.count(job.rows)} rows, {wording.bytes_size(job.size_bytes)}, {said}{left_out}.",
        f"Download until {job.expires_at:%d %B %Y}: {page}{job.id}/file/",
        f"SHA-256: {job.digest}",
        f"Change or stop these e-mails: {page}#mail",
    ]
