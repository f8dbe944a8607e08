"""The course of a metric over the rehearsed days, with the threshold and the times at which a rule would have fired."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.analysis.catalogue import METRICS, Unit
from alerts.analysis.conditions import Comparison
from alerts.analysis.rehearsing import Stretch, Track
from alerts.analysis.rule_words import limit_words
from alerts.analysis.sliding import Ints
from alerts.models import AlertRule
from alerts.services.rehearsal import Rehearsal
from alerts.views.subjects import Names, subject_words
from monitoring.analysis.arrays import np
from monitoring.presentation import Chart, ChartUnit, Colour, Series, Span, Threshold
from monitoring.windows import HOUR

BUCKET = 2 * HOUR
MAX_SPANS = 100
COLOURS: tuple[Colour, ...] = ("c1", "c2", "c3")
_UNITS: Mapping[Unit, ChartUnit] = {Unit.SHARE: "percent", Unit.MS: "ms", Unit.USD: "usd"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """The chart with its title and legend."""

    chart: Chart
    title: str
    legend: Sequence[tuple[str, str]]


def rehearsal_chart(rule: AlertRule, found: Rehearsal, names: Names) -> Drawn | None:
    """The worst window of each two hours, of the subjects that fired longest; None where nothing is known."""
    tracks = _shown(found)
    if not tracks:
        return None
    metric, is_share = METRICS[rule.metric], METRICS[rule.metric].unit is Unit.SHARE
    count = -(-(found.end - found.start) // BUCKET)
    colours: Sequence[Colour] = ("fail",) if is_share and len(tracks) == 1 else COLOURS
    labels = [subject_words(one.subject.workflow_id, one.subject.value, rule.scope, names) for one in tracks]
    series = [
        Series(label, _worst(rule, track, found, count), colour)
        for label, track, colour in zip(labels, tracks, colours, strict=False)
    ]
    limit = None
    if rule.threshold is not None and rule.comparison in (Comparison.ABOVE, Comparison.BELOW):
        limit = Threshold(rule.threshold, limit_words(rule.comparison, rule.metric, rule.threshold))
    number = len(found.firings)
    chart = Chart(
        id="rehearsed",
        kind="line",
        unit=_UNITS.get(metric.unit, "count"),
        label=_label(metric.title, number),
        starts=[found.start + place * BUCKET for place in range(count)],
        bucket_ms=int(BUCKET / timedelta(milliseconds=1)),
        series=series,
        window=(found.start, found.end),
        zone=timezone.get_current_timezone_name(),
        limit=limit,
        spans=_spans(found, tracks),
    )
    legend = [*((one.colour, one.label) for one in series), *([("dash", limit.label)] if limit else [])]
    return Drawn(chart, metric.title, [*legend, ("fired", _("would have fired"))] if number else legend)


def _label(metric: str, number: int) -> str:
    told = ngettext(
        "{metric} of the last 30 days; the rule would have fired {count} time",
        "{metric} of the last 30 days; the rule would have fired {count} times",
        number,
    )
    return told.format(metric=metric, count=number)


def _shown(found: Rehearsal) -> list[Track]:
    """Those that fired longest, then those with most runs."""
    fired: dict[object, timedelta] = {}
    for one in found.firings:
        fired[one.subject] = fired.get(one.subject, timedelta()) + one.length(found.end)
    ranked = sorted(found.tracks, key=lambda track: fired.get(track.subject, timedelta()), reverse=True)
    return ranked[: len(COLOURS)]


def _spans(found: Rehearsal, tracks: Sequence[Track]) -> list[Span]:
    shown = {track.subject for track in tracks}
    firings = [one for one in found.firings if one.subject in shown]
    return [Span(one.opened_at, one.until or found.end) for one in firings[:MAX_SPANS]]


def _worst(rule: AlertRule, track: Track, found: Rehearsal, count: int) -> list[float | None]:
    """The greatest value of the windows that end in each bucket (the least, where below is bad)."""
    is_below = rule.comparison == Comparison.BELOW
    worst = np.full(count, np.nan)
    pick = np.fmin if is_below else np.fmax
    for stretch in track.stretches:
        enough = stretch.samples >= rule.min_samples
        values = np.where(enough, stretch.values, np.nan)
        pick.at(worst, _places(stretch, found, count), values)
    return [None if np.isnan(value) else float(value) for value in worst]


def _places(stretch: Stretch, found: Rehearsal, count: int) -> Ints:
    """The bucket in which each window ends; one that ends where a bucket does is of that."""
    first = (stretch.first - found.start).total_seconds()
    ends = first + np.arange(len(stretch.values)) * stretch.step.total_seconds() - 1
    return np.asarray(np.clip(ends // BUCKET.total_seconds(), 0, count - 1), dtype=np.int64)
