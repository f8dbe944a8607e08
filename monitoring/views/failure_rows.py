"""The table of what runs have in common: its tabs, which rows it shows, and how each is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import formats
from monitoring import wording
from monitoring.analysis.concentration import Finding, Reading, lift_order
from monitoring.analysis.explanation import Combination
from monitoring.analysis.relations import Relation
from monitoring.joining import both
from monitoring.presentation import Link
from monitoring.reads.calls import KINDS as CALLED_KINDS
from monitoring.reads.concentration import HOURS, Concentration, Shared
from monitoring.reads.kinds import KINDS, Kind, kind_named, title_of
from monitoring.views.shell import Scope

ROWS_SHOWN = 12
COMBINATIONS = "combination"
_PILLS = {
    Reading.CONCENTRATED: ("fail", "fail"),
    Reading.ABOVE_USUAL: ("warn", "warn"),
    Reading.AS_USUAL: ("", ""),
    Reading.BELOW_USUAL: ("", ""),
    Reading.TOO_FEW: ("", ""),
    Reading.NOT_COMPARED: ("", ""),
}
_STRIKING = frozenset({Reading.CONCENTRATED, Reading.ABOVE_USUAL})
_CALLED = frozenset(kind.param for kind in CALLED_KINDS.values())
_MONO = frozenset({"step", "tool", "field"})
_RELATIONS = {
    Relation.PART: gettext_noop("part of the answer"),
    Relation.SAME_RUNS: gettext_noop("nearly the same runs as {because}"),
    Relation.WITHIN: gettext_noop("a piece of {because}"),
    Relation.SHADOW: gettext_noop("only because of {because}"),
}
# Kinds of values within a sentence.
_NOUNS = {
    "step": gettext_noop("step"),
    "input": gettext_noop("input type"),
    "system": gettext_noop("external system"),
    "model": gettext_noop("model"),
    "provider": gettext_noop("provider"),
    "tool": gettext_noop("tool"),
    "release": gettext_noop("release"),
    "trigger": gettext_noop("trigger"),
    "environment": gettext_noop("environment"),
    "error": gettext_noop("error"),
    "hour": gettext_noop("hour"),
    "field": gettext_noop("input field or tag"),
}


@dataclass(frozen=True, slots=True)
class CommonRow:
    """A row of the table, ready to show. `href` filters by the values where parameters can; `mono` for identifiers.

    `note` says how the row relates to the answer, `points` how many of the runs in question were when.
    `everywhere_href` leads to how it did in all workflows, where it is something that steps call.
    """

    title: str
    value: str
    href: str
    mono: bool
    finding: Finding
    meter_label: str
    interval: str
    p_value: str
    pill_tone: str
    pill_glyph: str
    note: str
    points: Sequence[int]
    has_few: bool
    everywhere_href: str

    @property
    def is_hot(self) -> bool:
        """Whether the row stands out."""
        return self.finding.reading is Reading.CONCENTRATED


def title_of_row(combination: Combination) -> str:
    """The attributes of a row in words: `Step`, `Step and release`."""
    first, *others = [attribute for attribute, _value in combination]
    return both([title_of(first), *(noun_of(other) for other in others)])


def noun_of(attribute: str) -> str:
    """An attribute within a sentence: `step`, `input field country`."""
    start, _dot, name = attribute.partition(".")
    if not name:
        return _(_NOUNS[attribute])
    return (_("input field {name}") if start == "input" else _("tag {name}")).format(name=name)


def value_of_row(combination: Combination) -> str:
    """The values of a row: `book`, `book and v3`."""
    return both([value or _("(empty)") for _attribute, value in combination])


def kind_of(combination: Combination) -> Kind:
    """The kind of a row's first value, the leading one of a combination."""
    return kind_named(combination[0][0])


def p_words(p_value: float | None) -> str:
    """A corrected p-value as people read it; empty where there is none."""
    if p_value is None:
        return ""
    if p_value < 0.001:
        return _("p under {limit}").format(limit="0.001")
    return _("p {value}").format(value=f"{p_value:.3f}" if p_value < 0.1 else f"{p_value:.2f}")


def _tab_of(shared: Shared) -> str:
    combination = shared.row.combination
    return COMBINATIONS if len(combination) > 1 else kind_of(combination).name


def kind_tabs(scope: Scope, found: Concentration, by: str) -> list[Link]:
    """`All, by lift`, one tab for combinations, and one for each kind that the runs in question share a value of."""
    present = {_tab_of(shared) for shared in found.shared}
    titles = {COMBINATIONS: _("Combinations"), **{name: _(kind.title) for name, kind in KINDS.items()}}
    links = [Link(_("All, by lift"), scope.filters.query(by=None, after=None), by not in present)]
    return links + [
        Link(title, scope.filters.query(by=name, after=None), by == name)
        for name, title in titles.items()
        if name in present
    ]


def shown_rows(found: Concentration, by: str) -> list[Shared]:
    """The rows of a tab. The first tab shows what stands out, and of each kind without such a row the leading one."""
    of_tab = [shared for shared in found.shared if _tab_of(shared) == by]
    if of_tab:
        return of_tab
    by_failures = sorted(found.shared, key=lambda one: (-one.finding.failures, one.finding.kind, one.finding.value))
    if found.is_alone:
        return by_failures[:ROWS_SHOWN]
    striking = [one for one in found.shared if one.finding.reading in _STRIKING and not _is_repeated(one)][:ROWS_SHOWN]
    seen = {COMBINATIONS, *(_tab_of(one) for one in striking)}
    usual = []
    for one in by_failures:
        tab = _tab_of(one)
        if one.finding.reading not in _STRIKING and one.finding.lift is not None and tab not in seen:
            seen.add(tab)
            usual.append(one)
    return [*striking, *sorted(usual, key=lambda one: -lift_order(one.finding))][:ROWS_SHOWN]


def _is_repeated(shared: Shared) -> bool:
    """Whether a combination says what another row says: it is in the tab of combinations."""
    return len(shared.row.combination) > 1 and shared.row.relation not in (Relation.PART, Relation.OWN)


def common_rows(scope: Scope, rows: Sequence[Shared], zone: str) -> list[CommonRow]:
    """The rows of the table, ready to show. Hours are those of `zone`."""
    return [_row(scope, shared, zone) for shared in rows]


def _row(scope: Scope, shared: Shared, zone: str) -> CommonRow:
    row, finding = shared.row, shared.finding
    tone, glyph = _PILLS[finding.reading]
    interval = ""
    if finding.low is not None:
        interval = _("{low} to {high}").format(
            low=formats.number(f"{finding.low:,.1f}"), high=formats.number(f"{finding.high:,.1f}")
        )
    return CommonRow(
        title=title_of_row(row.combination),
        value=value_of_row(row.combination),
        href=href_of(scope, row.combination, zone),
        mono=kind_of(row.combination).name in _MONO,
        finding=finding,
        meter_label=_meter_label(finding),
        interval=interval,
        p_value=p_words(finding.p_value),
        pill_tone=tone,
        pill_glyph=glyph,
        note=_relation_words(shared) if finding.reading in _STRIKING else "",
        points=shared.points,
        has_few=row.has_few,
        everywhere_href=scope.href(finding.kind, finding.value) if finding.kind in _CALLED and finding.value else "",
    )


def _meter_label(finding: Finding) -> str:
    share = wording.percent(finding.share)
    if finding.usual is None:
        return _("{share} of these runs").format(share=share)
    return _("{share} of these runs, {usual} usually").format(share=share, usual=wording.percent(finding.usual))


def _relation_words(shared: Shared) -> str:
    row = shared.row
    if row.relation not in _RELATIONS:
        return ""
    return _(_RELATIONS[row.relation]).format(because=value_of_row(row.because) if row.because else "")


def href_of(scope: Scope, combination: Combination, zone: str) -> str:
    """The page filtered by the values of a combination."""
    params: dict[str, str | list[str] | None] = {"after": None, "by": None}
    fields = []
    for attribute, value in combination:
        if attribute == "hour":
            hour = next(number - 1 for number, text in HOURS.items() if text == value)
            params["hour"] = f"{hour}@{zone}"
        elif param := kind_named(attribute).param:
            params[param] = value
        else:
            fields.append(f"{attribute}={value}")
    if fields:
        params["field"] = fields
    return scope.filters.query(**params)


def row_cells(shared: Shared) -> list[Any]:
    """A row as the export's cells: shares of 1, lift with its interval, the corrected p-value, the reading."""
    row, finding = shared.row, shared.finding
    figures = (finding.share, finding.usual, finding.lift, finding.low, finding.high, finding.p_value)
    rounded = [None if figure is None else float(f"{figure:.6g}") for figure in figures]
    because = value_of_row(row.because) if row.because and row.relation is not Relation.PART else ""
    cells = [title_of_row(row.combination), value_of_row(row.combination), finding.failures, *rounded]
    return [*cells, finding.reading.value, row.relation.value if because else "", because]
