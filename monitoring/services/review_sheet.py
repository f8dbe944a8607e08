"""A weekly review written out for one role: the sheet that page, e-mail and export show, so that no figure differs.

A sheet is sections of figures and tables of cells; links are paths from the root of the installation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import formats
from accounts.permissions import Role
from monitoring import wording
from monitoring.cells import Cell, Column, Row, Rows
from monitoring.reads.review import Figures
from monitoring.services.review import ROWS, SECTIONS, Review, Section
from monitoring.services.review_rows import (
    better_rows,
    cost_rows,
    finding_rows,
    gone_rows,
    group_rows,
    improvement_rows,
    missed_rows,
    release_rows,
    resolved_rows,
    returned_rows,
    worse_rows,
)
from monitoring.services.review_words import headline

TITLES = {
    Section.TOTALS: (gettext_noop("The week"), gettext_noop("beside the same hours of the week before")),
    Section.SPENT: (gettext_noop("What it cost in all"), gettext_noop("beside the same hours of the week before")),
    Section.WORSE: (
        gettext_noop("What got worse"),
        gettext_noop("success rate or p95 surely worse than the week before"),
    ),
    Section.BETTER: (
        gettext_noop("What got better"),
        gettext_noop("success rate or p95 surely better than the week before"),
    ),
    Section.MISSED: (gettext_noop("Missed schedules"), gettext_noop("open now")),
    Section.RETURNED: (
        gettext_noop("What came back"),
        gettext_noop("resolved groups that failed again, improvements that were reopened"),
    ),
    Section.GROUPS: (gettext_noop("Failure groups"), gettext_noop("new and resolved in the week")),
    Section.IMPROVEMENTS: (
        gettext_noop("Improvements"),
        gettext_noop("released, helped or not, reopened in the week"),
    ),
    Section.RELEASES: (gettext_noop("Releases that went live"), gettext_noop("each beside the release before it")),
    Section.FINDINGS: (
        gettext_noop("Where to start"),
        gettext_noop("new and gone in the week, and what is worth most now"),
    ),
    Section.COST: (gettext_noop("What it cost by workflow"), gettext_noop("the dearest first")),
}
_TABLES: dict[Section, tuple[Callable[[str, Review], Rows], ...]] = {
    Section.TOTALS: (),
    Section.SPENT: (),
    Section.WORSE: (worse_rows,),
    Section.BETTER: (better_rows,),
    Section.MISSED: (missed_rows,),
    Section.RETURNED: (returned_rows,),
    Section.GROUPS: (group_rows, resolved_rows),
    Section.IMPROVEMENTS: (improvement_rows,),
    Section.RELEASES: (release_rows,),
    Section.FINDINGS: (finding_rows, gone_rows),
    Section.COST: (cost_rows,),
}


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure: value, change against the week before, and a note; `tone` is ok, fail or empty."""

    key: str
    label: str
    value: str
    change: str = ""
    tone: str = ""
    note: str = ""

    @property
    def metric(self) -> str:
        """The key of its definition."""
        return {"success": "success_rate", "waste": "failed_cost"}.get(self.key, self.key)


@dataclass(frozen=True, slots=True)
class Part:
    """A section."""

    key: str
    title: str
    sub: str
    kpis: Sequence[Kpi]
    tables: Sequence[Rows]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A review as one role reads it: `headline` is a sentence for each thing asked, the worst first."""

    title: str
    about: str
    headline: str
    tone: str
    said: Sequence[str]
    parts: Sequence[Part]
    role: Role
    made: str


def make_sheet(slug: str, review: Review, role: Role) -> Sheet:
    """The sheet of a role; `slug` is that of the team."""
    answer, tone, said = headline(review, role)
    title = _("Weekly review, {week}") if review.is_over else _("Weekly review, {week}, so far")
    about = _("{start} to {end}, {environment}, compared with the same hours of the week before")
    return Sheet(
        title=title.format(week=review.week.words),
        about=about.format(
            start=_moment(review.window.start),
            end=_moment(review.window.end),
            environment=review.environment or _("all environments"),
        ),
        headline=answer,
        tone=tone,
        said=said,
        parts=[_part(slug, review, section, ROWS[role]) for section in SECTIONS[role]],
        role=role,
        made=_moment(review.made_at),
    )


def rows_of(slug: str, review: Review, role: Role, key: str) -> Rows | None:
    """All rows of a table that the role has; None for a key that it does not have."""
    makers = (maker for section in SECTIONS[role] for maker in _TABLES[section])
    return next((rows for maker in makers if (rows := maker(slug, review)).key == key), None)


def table_keys(sheet: Sheet) -> list[str]:
    """The keys of all tables, in their order."""
    return [table.key for part in sheet.parts for table in part.tables]


def _moment(at: datetime) -> str:
    """A time in UTC: page, paper and e-mail show the same."""
    at = at.astimezone(UTC)
    return f"{formats.moment(at)} UTC"


def _part(slug: str, review: Review, section: Section, limit: int) -> Part:
    kpis = {Section.TOTALS: _totals, Section.SPENT: _spent}.get(section)
    title, sub = TITLES[section]
    tables = [maker(slug, review).first(limit) for maker in _TABLES[section]]
    return Part(section.value, _(title), _(sub), kpis(review) if kpis else [], tables)


def _totals(review: Review) -> list[Kpi]:
    now, before = review.figures.now, review.figures.before
    return [
        _runs(now, before),
        _success(review),
        _failures(now, before),
        _p95(now, before),
        *_spent(review)[1:4],
    ]


def _spent(review: Review) -> list[Kpi]:
    now, before = review.figures.now, review.figures.before
    unpriced = now.totals.unpriced_tokens
    return [
        _runs(now, before),
        _money("cost", _("Cost"), now.totals.cost_usd, before.totals.cost_usd, _unpriced(unpriced)),
        _money(
            "cost_per_success", _("Cost per successful run"), now.totals.cost_per_success_usd,
            before.totals.cost_per_success_usd,
        ),
        _money("waste", _("Cost of failed runs"), now.waste.usd, before.waste.usd, _waste_note(now)),
    ]  # fmt: skip


def _runs(now: Figures, before: Figures) -> Kpi:
    change = _relative(now.totals.runs, before.totals.runs)
    return Kpi("runs", _("Runs"), wording.count(now.totals.runs), change, "", _was(wording.count(before.totals.runs)))


def _success(review: Review) -> Kpi:
    now, rate = review.figures.now.totals.success, review.figures.rate
    if now is None:
        return Kpi("success", _("Success rate"), wording.not_told())
    level = wording.plain_percent(0.95)
    interval = _("{level} interval {low} to {high}").format(
        level=level, low=wording.percent(now.low), high=wording.percent(now.high)
    )
    if rate.found is None:
        return Kpi("success", _("Success rate"), wording.percent(now.rate), "", "", interval)
    tone = {1: "ok", -1: "fail"}.get(rate.found.direction, "")
    was = _was(wording.percent(rate.found.before))
    change = wording.percent_points(rate.found.change)
    return Kpi("success", _("Success rate"), wording.percent(now.rate), change, tone, f"{was}; {interval}")


def _failures(now: Figures, before: Figures) -> Kpi:
    one, other = now.totals.failures, before.totals.failures
    return Kpi("failures", _("Failures"), wording.count(one), wording.signed_count(one - other), "", _was(
        wording.count(other)
    ))  # fmt: skip


def _p95(now: Figures, before: Figures) -> Kpi:
    one, other = now.totals.duration_ms.p95, before.totals.duration_ms.p95
    return Kpi("p95", _("p95 latency"), wording.duration_ms(one), _relative(one, other), "", _was(
        wording.duration_ms(other)
    ))  # fmt: skip


def _money(key: str, label: str, now: Any, before: Any, note: str = "") -> Kpi:
    words = _("unknown") if now is None else wording.usd(now)
    was = _was(_("unknown") if before is None else wording.usd(before))
    return Kpi(key, label, words, _relative(now, before), "", "; ".join(one for one in (was, note) if one))


def _unpriced(tokens: int | None) -> str:
    if not tokens:
        return ""
    return _("{count} tokens without a price are not in it").format(count=wording.tokens(tokens))


def _waste_note(now: Figures) -> str:
    waste = now.waste
    if waste.kept < waste.failures:
        return _("records of some failed runs are removed")
    if waste.is_whole:
        return ""
    text = _("{told} of {count} failed runs told a cost")
    return text.format(told=wording.count(waste.priced), count=wording.count(waste.failures))


def _relative(now: Any, before: Any) -> str:
    if now is None or not before:
        return ""
    return wording.signed_change(float(now) / float(before) - 1)


def _was(words: str) -> str:
    return _("was {figure}").format(figure=words)


__all__ = ["Cell", "Column", "Kpi", "Part", "Row", "Sheet", "make_sheet", "rows_of", "table_keys"]
