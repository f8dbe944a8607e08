"""Cost lines: what every figure of costs is the sum of, each with its price and how the money was made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from accounts.tenancy import team_context
from billing.analysis.periods import DAY, Days
from billing.analysis.usage import Bucket
from billing.models import CostBasis, CostOutcome
from billing.reads.lines import Line, LinesPage, hour_window, page_of
from billing.views.resource_words import amount_words
from billing.views.scope import CostScope, frame, open_costs
from billing.views.words import cell, money, no_workflow_words, signed_money, window_words
from monitoring import wording
from monitoring.filters import ANY
from monitoring.presentation import FilterChip, FilterChoice
from monitoring.views.csv import MAX_ROWS, csv_response

EXPORT_PAGE = 1000
OUTCOMES = {one.name.lower(): one for one in CostOutcome}
BASES = {one.name.lower(): one for one in CostBasis}
_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
_NAMES = ("environment", "release", "node", "provider", "model", "system")
HEAD = (
    *("id", "booked_on", "hour", "entry", "kind", "basis", "outcome", "workflow", *_NAMES, "tags", "tier", "region"),
    *("calls", *_TOKENS, "unpriced_tokens", "quantity", "unit", "cost_usd", "told_usd", "computed_usd", "list_usd"),
    *("billed", "currency", "price_id", "unit_price"),
)


# Units of rates as lines keep them; others are names that senders told.
_UNITS = {
    "run": gettext_noop("run"),
    "minute": gettext_noop("minute"),
    "gb_hour": gettext_noop("gb_hour"),
    "call": gettext_noop("call"),
    "month": gettext_noop("month"),
}
# Buckets of usage inside the sum that made a line.
_BUCKET_WORDS = {
    Bucket.INPUT: gettext_noop("input"),
    Bucket.INPUT_AUDIO: gettext_noop("input audio"),
    Bucket.INPUT_IMAGE: gettext_noop("input image"),
    Bucket.CACHE_READ: gettext_noop("cache read"),
    Bucket.CACHE_WRITE: gettext_noop("cache write"),
    Bucket.CACHE_WRITE_1H: gettext_noop("cache write 1h"),
    Bucket.OUTPUT: gettext_noop("output"),
    Bucket.REASONING: gettext_noop("reasoning"),
    Bucket.OUTPUT_AUDIO: gettext_noop("output audio"),
    Bucket.OUTPUT_IMAGE: gettext_noop("output image"),
    Bucket.CALL: gettext_noop("call"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for beside the filters of all pages of costs: one day, outcomes, bases."""

    day: date | None
    outcomes: Sequence[str]
    bases: Sequence[str]

    def query(self, **changes: str | None) -> dict[str, str | list[str] | None]:
        """As parameters of an address."""
        day = self.day.isoformat() if self.day else None
        return {"day": day, "outcome": list(self.outcomes), "basis": list(self.bases), **changes}


@dataclass(frozen=True, slots=True)
class Row:
    """A line as the table shows it."""

    line: Line
    workflow: str
    what: str
    tokens: str
    cost: str
    difference: str
    made: Sequence[tuple[str, str, str, str]]
    rate: str
    executions_href: str


@team_page(Permission.VIEW_FIGURES)
@require_safe
def cost_lines(request: TeamRequest) -> HttpResponseBase:
    """The lines of the period, or of one of its days, newest first; `format=csv` has all columns."""
    scope, asked = open_costs(request), _asked(request)
    days = Days(asked.day, asked.day + DAY) if asked.day else scope.period.days
    if request.GET.get("format") == "csv":
        return csv_response(f"cost-lines-{days.start}.csv", HEAD, _cells(scope, days, asked))
    found = _page(scope, days, asked, request.GET.get("after", ""))
    return TemplateResponse(request, "cost/lines.html", context(scope, days, asked, found))


def context(scope: CostScope, days: Days, asked: Asked, found: LinesPage) -> dict[str, Any]:
    """What the template shows."""
    extra = asked.query()
    return {
        **frame(scope),
        "rows": [_row(scope, line) for line in found.lines],
        "days_words": window_words(days),
        "cost_href": scope.href("cost"),
        "csv_href": scope.query(**extra, format="csv"),
        "next_href": scope.query(**extra, after=found.next) if found.next else "",
        "chips": [*_chips(scope, asked), *frame(scope)["chips"]],
        "clear_href": reverse("cost_lines", args=[scope.team.slug]),
        "choices": [
            FilterChoice("outcome", _("Outcome"), [(word, _(str(one.label))) for word, one in OUTCOMES.items()]),
            FilterChoice("basis", _("Money from"), [(word, _(str(one.label))) for word, one in BASES.items()]),
        ],
    }


def _asked(request: TeamRequest) -> Asked:
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = None
    told = {name: [one for one in request.GET.getlist(name) if one] for name in ("outcome", "basis")}
    return Asked(day, told["outcome"], told["basis"])


def _page(scope: CostScope, days: Days, asked: Asked, after: str, size: int | None = None) -> LinesPage:
    more = {"size": size} if size else {}
    outcomes = [OUTCOMES[word].value if word in OUTCOMES else -1 for word in asked.outcomes]
    bases = [BASES[word].value if word in BASES else -1 for word in asked.bases]
    return page_of(scope.cut, days, outcomes=outcomes, bases=bases, after=after, **more)


def _chips(scope: CostScope, asked: Asked) -> list[FilterChip]:
    found = []
    if asked.day:
        found.append(FilterChip(_("Day"), asked.day.isoformat(), scope.query(**asked.query(day=None))))
    for name, title, words, told in (
        ("outcome", _("Outcome"), OUTCOMES, asked.outcomes),
        ("basis", _("Money from"), BASES, asked.bases),
    ):
        for word in told:
            left = {**asked.query(), name: [one for one in told if one != word]}
            text = _(str(words[word].label)) if word in words else word
            found.append(FilterChip(title, text, scope.query(**left)))
    return found


def _row(scope: CostScope, line: Line) -> Row:
    row = line.row
    told = [getattr(row, name) for name in _TOKENS[:4]]
    is_told = any(one is not None for one in told)
    tokens = wording.tokens(sum(one or 0 for one in told)) if is_told else ""
    unit = _(_UNITS[row.unit]) if row.unit in _UNITS else row.unit
    quantity = f"{row.quantity:f} {unit}" if row.quantity is not None else ""
    return Row(
        line=line,
        workflow=line.workflow or no_workflow_words(),
        what=" · ".join(line.names[name] for name in ("provider", "model", "system") if line.names[name])
        or line.words[1],
        tokens=tokens or quantity or _("none"),
        cost=money(row.cost_usd),
        difference=signed_money(line.difference_usd) if line.difference_usd is not None else "",
        made=[
            (_(_BUCKET_WORDS[one.bucket]), wording.count(one.count), f"{one.rate:f}", f"{one.cost:f}")
            for one in line.made or ()
        ],
        rate=amount_words(line.rate) if line.rate else "",
        executions_href=_executions_href(scope, line),
    )


def _executions_href(scope: CostScope, line: Line) -> str:
    """The executions of the line's hour with its names."""
    start, end = hour_window(line.row)
    told = {
        "from": f"{start:%Y-%m-%dT%H:%MZ}",
        "to": f"{end:%Y-%m-%dT%H:%MZ}",
        "env": line.names["environment"] or ANY,
        "workflow": line.slug,
        "model": line.names["model"],
        "step": line.names["node"],
        "release": line.names["release"],
    }
    pairs = [(name, value) for name, value in told.items() if value]
    return f"{reverse('executions', args=[scope.team.slug])}?{urlencode(pairs)}"


def _cells(scope: CostScope, days: Days, asked: Asked) -> Iterator[Sequence[Any]]:
    after, count = "", 0
    while count <= MAX_ROWS:
        with team_context(scope.team.id):
            found = _page(scope, days, asked, after, EXPORT_PAGE)
        yield from (_cell(line) for line in found.lines)
        after, count = found.next, count + len(found.lines)
        if not after:
            return


def _cell(line: Line) -> Sequence[Any]:
    row = line.row
    tags = ", ".join(f"{key}={value}" for key, value in line.tags.items())
    return (
        *(row.id, row.booked_on, row.hour.isoformat(), *line.labels, line.workflow),
        *(line.names[name] for name in _NAMES),
        *(tags, row.tier, row.region, row.calls, *(getattr(row, name) for name in _TOKENS), row.unpriced_tokens),
        *(cell(row.quantity), row.unit, cell(row.cost_usd), cell(row.told_usd), cell(row.priced_usd)),
        *(cell(row.list_usd), cell(row.billed), row.currency, row.price_id),
        cell(line.rate.amount if line.rate else None),
    )
