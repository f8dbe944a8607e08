"""Reconciliation: each provider's month against its own statement, the upload, and one month in detail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, BinaryIO, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import formats
from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.analysis.reconciliation import Cause, Compared, Key, Measure, Tone, causes_of
from billing.analysis.statement_formats import FORMATS
from billing.analysis.statements import Fault, StatementRefused, refuse
from billing.models import ProviderStatement
from billing.reads import reconciliation as reads
from billing.services.statements import MOST_BYTES, Upload, import_statement, remove_statement
from billing.views.words import day_words, number
from monitoring import wording
from monitoring.templatetags.components import Sign
from monitoring.views.csv import csv_response

LIST_HEADER = ("provider", "month", "measure", "ours", "theirs", "difference", "share", "state", "statement")
DAY_HEADER = ("day", "model", "measure", "ours", "theirs", "difference", "share", "state", "causes", "booked")
TONES = {
    Tone.GREEN: Sign("ok", gettext_noop("Agrees"), "ok"),
    Tone.AMBER: Sign("warn", gettext_noop("Look at it"), "warn"),
    Tone.RED: Sign("fail", gettext_noop("Differs"), "fail"),
}
NO_STATEMENT = Sign("skip", gettext_noop("No statement"), "idle")
CAUSES = {
    Cause.NOT_HERE: gettext_noop("Billed, and nothing reported it here"),
    Cause.NOT_THERE: gettext_noop("Reported here, and not on the statement"),
    Cause.UNPRICED: gettext_noop("Tokens that have no price here"),
    Cause.VOLUME: gettext_noop("More or fewer tokens, at what a token costs here"),
    Cause.PRICE: gettext_noop("What a token costs there and here"),
    Cause.UNKNOWN: gettext_noop("Cannot be told: one side tells no tokens"),
}
MAPPED = ("day", "model", "amount", "currency", "tokens")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: what it is about, both sides and the difference as they are written."""

    label: str
    detail: str
    href: str
    ours: str
    theirs: str
    difference: str
    share: str
    sign: Sign
    tokens: str
    # What was booked of the difference, and where the rest is booked (empty: there is none, or it cannot be).
    booked: str = ""
    book_href: str = ""


@team_page(Permission.VIEW_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def reconciliation(request: TeamRequest) -> HttpResponseBase:
    """The providers of a month, or with `format=csv` their rows; a POST uploads a statement."""
    may_manage = request.membership.allows(Permission.MANAGE_COSTS)
    faults: Sequence[Fault] = ()
    told = {name: request.POST.get(name, "").replace("\x00", "").strip() for name in ("provider", *MAPPED)}
    month = month_told(request.POST.get("month") or request.GET.get("month", ""))
    if request.method == "POST":
        if not may_manage:
            raise Http404("No such page.")
        try:
            made = _upload(request, told, month)
        except StatementRefused as refused:
            faults = refused.faults
        else:
            messages.success(request, _("Read. Nothing was booked: look at the difference first."))
            return HttpResponseRedirect(statement_href(request.team.slug, made.provider, month))
    listed = reads.months(request.team.id, month)
    if request.GET.get("format") == "csv":
        return csv_response(
            f"reconciliation-{month:%Y-%m}.csv", LIST_HEADER, [_list_cells(one, month) for one in listed]
        )
    context = {
        "month": month,
        "months": months_back(timezone.now().date()),
        "rows": [_listed(one, request.team.slug, month) for one in listed],
        "providers": [one.provider for one in listed],
        "formats": [_(one.label) for one in FORMATS],
        "most_mb": MOST_BYTES // 1_000_000,
        "may_manage": may_manage,
        "told": told,
        "faults": [str(fault) for fault in faults],
    }
    return TemplateResponse(request, "costs/reconciliation.html", context, status=422 if faults else 200)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def reconciled_month(request: TeamRequest, provider: str, month: str) -> HttpResponseBase:
    """One provider's month by day and model, or with `format=csv` its rows."""
    first = month_told(month)
    found = reads.month_of(request.team.id, provider, first)
    if found.statement is None and not found.result.rows:
        raise Http404("No usage and no statement of this provider in this month.")
    if request.GET.get("format") == "csv":
        cells = [_day_cells(key[0], found.names[key[1]], row) for key, row in found.result.rows.items()]
        return csv_response(f"reconciliation-{first:%Y-%m}.csv", DAY_HEADER, cells)
    whole, has_statement = found.result.whole, found.statement is not None
    context = {
        "month": first,
        "provider": provider,
        "statement": found.statement,
        "back_href": f"{reverse('reconciliation', args=[request.team.slug])}?month={first:%Y-%m}",
        "whole": _row(_("Whole month"), "", "", whole, has_statement=has_statement),
        "is_money": whole.by is Measure.USD,
        "explained": [
            {"words": _(CAUSES[one.cause]), "amount": _amount(one.amount, whole.by, signed=True), "days": len(one.keys)}
            for one in found.result.explained
        ]
        if found.statement
        else [],
        "rows": [_day_row(request, found, first, key) for key in found.result.rows],
        "books": has_statement,
        "book_href": _book(request, found, first, None),
        "booked": _amount(whole.booked, Measure.USD, signed=True) if whole.booked else "",
        "left": _amount(whole.left, Measure.USD, signed=True) if whole.booked else "",
        "may_manage": request.membership.allows(Permission.MANAGE_COSTS),
        "remove_text": _remove_text(is_booked=bool(whole.booked)),
    }
    return TemplateResponse(request, "costs/reconciled_month.html", context)


def _day_row(request: TeamRequest, found: reads.Month, month: date, key: Key) -> Row:
    """A day and model, with what was booked of its difference or where that is done."""
    row = found.result.rows[key]
    label, detail = day_words(key[0]), found.names[key[1]] or _("model not told")
    shown = _row(label, detail, "", row, has_statement=found.statement is not None)
    booked = _amount(row.booked, Measure.USD, signed=True) if row.booked else ""
    if not booked and row.left and found.booked_whole is not None:
        booked = _("with the month")
    return replace(shown, booked=booked, book_href=_book(request, found, month, key))


def _remove_text(*, is_booked: bool) -> str:
    if is_booked:
        return _(
            "The month counts as not reconciled until another one is uploaded."
            " The adjustments that were booked of it are removed, too."
        )
    return _("The month counts as not reconciled until another one is uploaded.")


def _book(request: TeamRequest, found: reads.Month, month: date, key: Key | None) -> str:
    """Where a difference is booked; empty where there is none, it is booked, or may not be."""
    row = found.result.whole if key is None else found.result.rows[key]
    is_done = found.booked_whole is not None or key in found.booked
    if found.statement is None or row.by is not Measure.USD or not row.left or is_done:
        return ""
    may = request.membership.allows(Permission.MANAGE_COSTS)
    return book_href(request.team.slug, found.provider, month, key) if may else ""


@team_page(Permission.MANAGE_COSTS)
@require_POST
def take_statement_away(request: TeamRequest, statement: UUID) -> HttpResponseBase:
    """Removes a statement; the provider's month is unreconciled again."""
    found = ProviderStatement.objects.filter(team_id=request.team.id, id=statement).first()
    if found is None:
        raise Http404("No such statement.")
    try:
        gone = remove_statement(team_id=request.team.id, statement_id=statement, now=timezone.now(), by=request.user)
    except StatementRefused as refused:
        reasons = "; ".join(fault.reason for fault in refused.faults)
        messages.error(request, _("Not removed: {reasons}.").format(reasons=reasons))
        return HttpResponseRedirect(statement_href(request.team.slug, found.provider, found.month))
    if not gone:
        raise Http404("No such statement.")
    messages.success(request, _("Removed. The month counts as not reconciled."))
    return HttpResponseRedirect(f"{reverse('reconciliation', args=[request.team.slug])}?month={found.month:%Y-%m}")


def _upload(request: TeamRequest, told: dict[str, str], month: date) -> ProviderStatement:
    """Takes the uploaded file in. Raises `StatementRefused`."""
    file = request.FILES.get("file")
    if file is None or isinstance(file, list):
        raise refuse(_("choose the file that the provider exported"))
    if file.size is not None and file.size > MOST_BYTES:
        words = _("the file is larger than {most} MB: export one month only")
        raise refuse(words.format(most=MOST_BYTES // 1_000_000))
    mapping = {name: told[name] for name in MAPPED if told[name]}
    return import_statement(
        team_id=request.team.id,
        provider=told["provider"],
        month=month,
        upload=Upload(file.name or "statement.csv", cast(BinaryIO, file.file), mapping or None),
        by=request.user,
        now=timezone.now(),
    )


def month_told(text: str) -> date:
    """The first day of the month that an address or form names as `2026-11`; the month before this one without."""
    if not text:
        return (timezone.now().date().replace(day=1) - timedelta(days=1)).replace(day=1)
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Http404("A month is written 2026-11.") from None


def months_back(today: date, count: int = 13) -> list[date]:
    """This month and those before it, the latest first."""
    found = [today.replace(day=1)]
    while len(found) < count:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found


def statement_href(team: str, provider: str, month: date) -> str:
    """The page of a provider's month."""
    return reverse("reconciled_month", args=[team, f"{month:%Y-%m}", provider])


def book_href(team: str, provider: str, month: date, key: Key | None) -> str:
    """The page that shows what booking a difference would make."""
    query = "?" + urlencode({"day": key[0].isoformat(), "model": key[1]}) if key else ""
    return reverse("book_difference", args=[team, f"{month:%Y-%m}", provider]) + query


def _listed(one: reads.Listed, team: str, month: date) -> Row:
    detail = ""
    if one.statement:
        detail = f"{one.statement.filename}, {formats.day_of_year(one.statement.uploaded_at)}"
    href = statement_href(team, one.provider, month)
    return _row(one.provider, detail, href, one.compared, has_statement=one.statement is not None)


def _row(label: str, detail: str, href: str, one: Compared, *, has_statement: bool) -> Row:
    ours = one.ours.usd if one.by is Measure.USD else one.ours.tokens
    return Row(
        label,
        detail,
        href,
        _amount(ours, one.by),
        _amount(one.told, one.by) if has_statement else "",
        _amount(one.difference, one.by, signed=True) if has_statement else "",
        wording.percent(one.share) if has_statement and one.share is not None else "",
        TONES[one.tone] if has_statement else NO_STATEMENT,
        _tokens_words(one) if has_statement else "",
    )


def _tokens_words(one: Compared) -> str:
    words = _("Tokens: {here} here, {there} there")
    return words.format(here=wording.tokens(one.ours.tokens), there=wording.tokens(one.theirs.tokens))


def _amount(value: Decimal | int | None, by: Measure, *, signed: bool = False) -> str:
    if value is None:
        return _("not known")
    shown = Decimal(value).copy_abs() if signed else value
    text = wording.usd(shown) if by is Measure.USD else wording.count(shown)
    return f"{'+' if value > 0 else wording.MINUS}{text}" if signed and value else text


def _cells(one: Compared, *, has_statement: bool) -> list[Any]:
    ours = one.ours.usd if one.by is Measure.USD else one.ours.tokens
    if not has_statement:
        return [one.by.value, number(ours), None, None, None, "no statement"]
    return [one.by.value, number(ours), number(one.told), number(one.difference), number(one.share), one.tone.value]


def _list_cells(one: reads.Listed, month: date) -> list[Any]:
    name = one.statement.filename if one.statement else None
    return [one.provider, f"{month:%Y-%m}", *_cells(one.compared, has_statement=one.statement is not None), name]


def _day_cells(day: date, model: str, row: Compared) -> list[Any]:
    causes = " ".join(f"{cause.value}={format(amount, 'f')}" for cause, amount in causes_of(row).items())
    return [day.isoformat(), model, *_cells(row, has_statement=True), causes, number(row.booked)]
