"""The table of what failed runs have in common: its tabs, which rows it shows, and how each is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitoring import wording
from monitoring.analysis.concentration import Finding, Reading
from monitoring.presentation import Link
from monitoring.reads.concentration import Concentration
from monitoring.reads.usual import KINDS, Kind
from monitoring.views.shell import Scope

ROWS_SHOWN = 12
_PILLS = {
    Reading.CONCENTRATED: ("fail", "fail"),
    Reading.ABOVE_USUAL: ("warn", "warn"),
    Reading.AS_USUAL: ("", ""),
    Reading.BELOW_USUAL: ("", ""),
    Reading.TOO_FEW: ("", ""),
    Reading.NOT_COMPARED: ("", ""),
}
_STRIKING = frozenset({Reading.CONCENTRATED, Reading.ABOVE_USUAL})
_MONO = frozenset({"step", "tool", "field"})


@dataclass(frozen=True, slots=True)
class CommonRow:
    """A row of the table, ready to show. `href` filters by the value where a parameter can; `mono` for identifiers."""

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

    @property
    def is_hot(self) -> bool:
        """Whether the row stands out."""
        return self.finding.reading is Reading.CONCENTRATED


def title_of(finding: Finding) -> str:
    """The kind of a finding in words; of a facet its own name: `Input field country`, `Tag channel`."""
    start, _, name = finding.kind.partition(".")
    if not name:
        return KINDS[finding.kind].title
    return f"{'Input field' if start == 'input' else 'Tag'} {name}"


def kind_of(finding: Finding) -> Kind:
    """The kind that a finding belongs to; facets share one."""
    return KINDS.get(finding.kind) or KINDS["field"]


def p_words(p_value: float | None) -> str:
    """A corrected p-value as people read it; empty where there is none."""
    if p_value is None:
        return ""
    return "p under 0.001" if p_value < 0.001 else f"p {p_value:.3f}" if p_value < 0.1 else f"p {p_value:.2f}"


def kind_tabs(scope: Scope, found: Concentration, by: str) -> list[Link]:
    """`All, by lift` and one tab for each kind that failures share a value of."""
    present = {kind_of(finding).name for finding in found.findings}
    links = [Link("All, by lift", scope.filters.query(by=None, after=None), by not in present)]
    return links + [
        Link(kind.title, scope.filters.query(by=name, after=None), by == name)
        for name, kind in KINDS.items()
        if name in present
    ]


def shown_findings(found: Concentration, by: str) -> list[Finding]:
    """The rows of a tab. The first tab shows what stands out, and of each kind without such a row the leading one."""
    of_kind = [finding for finding in found.findings if kind_of(finding).name == by]
    if of_kind:
        return of_kind
    if found.is_alone:
        return sorted(found.findings, key=lambda f: (-f.failures, f.kind, f.value))[:ROWS_SHOWN]
    striking = [f for f in found.findings if f.reading in _STRIKING][:ROWS_SHOWN]
    seen = {kind_of(f).name for f in striking}
    usual = []
    for finding in sorted(found.findings, key=lambda f: (-f.failures, f.kind, f.value)):
        kind = kind_of(finding).name
        if finding.reading not in _STRIKING and finding.lift is not None and kind not in seen:
            seen.add(kind)
            usual.append(finding)
    return [*striking, *sorted(usual, key=lambda f: -(f.lift or 0))][:ROWS_SHOWN]


def common_rows(scope: Scope, findings: Sequence[Finding]) -> list[CommonRow]:
    """The rows of the table, ready to show."""
    return [_row(scope, finding) for finding in findings]


def _row(scope: Scope, finding: Finding) -> CommonRow:
    tone, glyph = _PILLS[finding.reading]
    usual = f", {wording.percent(finding.usual)} usually" if finding.usual is not None else ""
    interval = f"{finding.low:,.1f} to {finding.high:,.1f}" if finding.low is not None else ""
    return CommonRow(
        title=title_of(finding),
        value=finding.value or "(empty)",
        href=href_of(scope, finding),
        mono=kind_of(finding).name in _MONO,
        finding=finding,
        meter_label=f"{wording.percent(finding.share)} of failures{usual}",
        interval=interval,
        p_value=p_words(finding.p_value),
        pill_tone=tone,
        pill_glyph=glyph,
    )


def href_of(scope: Scope, finding: Finding) -> str:
    """The page filtered by the value; empty where no filter can."""
    param = kind_of(finding).param
    return scope.filters.query(after=None, by=None, **{param: finding.value}) if param else ""


def finding_cells(finding: Finding) -> list[Any]:
    """A finding as the export's cells: shares of 1, lift with its interval, the corrected p-value, the reading."""
    figures = (finding.share, finding.usual, finding.lift, finding.low, finding.high, finding.p_value)
    rounded = [None if figure is None else float(f"{figure:.6g}") for figure in figures]
    return [title_of(finding), finding.value, finding.failures, *rounded, finding.reading.value]
