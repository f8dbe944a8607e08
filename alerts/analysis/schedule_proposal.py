"""The schedule that a workflow seems to have, read from when its runs started. Pure.

Candidates are made from where starts gather (in the hour, in the day, on which days) and kept when nearly all that they
expect came and nearly all that came was expected. What no cron expression says well may still have a period.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median_high
from zoneinfo import ZoneInfo

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop, ngettext
from alerts.analysis.schedules import Schedule
from monitoring import wording
from monitoring.analysis.rhythm import MIN_GAPS, rhythm
from monitoring.analysis.schedule import EARLY

MIN_STARTS = MIN_GAPS + 1
MAX_STARTS = 150
# At least this share of the expected runs came, and of the starts was expected.
KEPT_SHARE = 0.9
# So good that no other zone is tried.
SURE_SHARE = 0.99
# The first, simplest one that is so near to the best is proposed: a run at its edge says little.
NEAR_SHARE = 0.02
# A schedule whose runs usually start later than this, and than this part of its gaps, is proposed if no other one fits.
PROMPT, PROMPT_PART = timedelta(seconds=90), 0.01
# Starts are this late at most after their minute: in part of the time between runs, and never more than this.
LATE_PART, MAX_LATE = 0.25, timedelta(minutes=10)
_LATEST = 11
_HOUR_MINUTES, _DAY_MINUTES = 60, 1440
_MINUTE_STEPS = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
_HOUR_STEPS = (1, 2, 3, 4, 6, 8, 12)
_WEEKDAYS = frozenset(range(5))
_GRACE_PART = timedelta(seconds=24)
_GRACES_S = (60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200)
_DAY_NAMES = (
    *(gettext_noop("Mondays"), gettext_noop("Tuesdays"), gettext_noop("Wednesdays"), gettext_noop("Thursdays")),
    *(gettext_noop("Fridays"), gettext_noop("Saturdays"), gettext_noop("Sundays")),
)


@dataclass(frozen=True, slots=True)
class ProposedSchedule:
    """A schedule that history proposes: `cron` in `zone`, or `period_s`; `grace_s` covers the latest usual start.

    `words` say it with what it rests on.
    """

    cron: str
    zone: str
    period_s: int | None
    grace_s: int
    words: str

    def as_parameters(self) -> dict[str, str | int]:
        """The parameters of a rule about missed runs."""
        when: dict[str, str | int] = {"cron": self.cron, "zone": self.zone} if self.cron else {}
        if self.period_s is not None:
            when["period_s"] = self.period_s
        return {**when, "grace_s": self.grace_s}


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well a cron expression fits: expected and matched instants, starts, how late the matched ones were, and the
    shortest time between two instants."""

    cron: str
    words: str
    zone: str
    expected: int
    matched: int
    starts: int
    delays: Sequence[timedelta]
    gap: timedelta

    @property
    def is_prompt(self) -> bool:
        return bool(self.delays) and median_high(self.delays) <= max(PROMPT, self.gap * PROMPT_PART)

    @property
    def score(self) -> float:
        return min(self.matched / self.expected, self.matched / self.starts) if self.expected else 0.0


def propose_schedule(starts: Iterable[datetime], zones: Sequence[str] = ("UTC",)) -> ProposedSchedule | None:
    """The schedule of the starts of runs, in any order; None without a regular one.

    `zones` (IANA) are tried in their order: over summer time only the right one keeps its hour. Starts that are less
    than half a minute apart count as one: attempts and twins.
    """
    ordered = _apart(sorted(set(starts))[-MAX_STARTS:])
    if len(ordered) < MIN_STARTS:
        return None
    found: list[_Fit] = []
    for zone in zones:
        found += _fits(ordered, zone)
        if max((fit.score for fit in found), default=0) >= SURE_SHARE:
            break
    best = max((fit.score for fit in found), default=0)
    if best >= KEPT_SHARE:
        near = [fit for fit in found if fit.score >= best - NEAR_SHARE]
        return _proposed(next((fit for fit in near if fit.is_prompt), near[0]))
    return _period(ordered)


def _apart(starts: Sequence[datetime]) -> list[datetime]:
    kept: list[datetime] = []
    for start in starts:
        if not kept or start - kept[-1] >= EARLY / 2:
            kept.append(start)
    return kept


def _fits(starts: Sequence[datetime], zone: str) -> Iterator[_Fit]:
    """Each candidate with how well it fits, the simplest first."""
    local = [start.astimezone(ZoneInfo(zone)) for start in starts]
    for cron, words in _candidates(local):
        if (fit := _fit(starts, cron, words, zone)) is not None:
            yield fit


def _candidates(local: Sequence[datetime]) -> Iterator[tuple[str, str]]:
    """Cron expressions with their words. A run starts at its minute or a little later, so minutes before the first of
    a gathering are tried as well, round ones first."""
    for step in _MINUTE_STEPS:
        for offset in _first_minutes([one.minute % step for one in local], step):
            first = "*" if offset == 0 else f"{offset}-59"
            words = _("every minute")
            if step > 1:
                words = ngettext("every {count} minute", "every {count} minutes", step).format(count=step)
            yield (f"{first}/{step} * * * *" if step > 1 else "* * * * *"), words
    for minute in _first_minutes([one.minute for one in local], _HOUR_MINUTES):
        yield from _hourly(local, minute)
    for moment in _first_minutes([one.hour * 60 + one.minute for one in local], _DAY_MINUTES):
        yield from _daily(local, moment)


def _first_minutes(minutes: Sequence[int], cycle: int) -> list[int]:
    """Where a gathering of the minutes of a cycle may begin: at its most frequent one or before, round ones first."""
    counted = Counter(minutes)
    usual = counted.most_common(1)[0][0]
    before = [(usual - back) % cycle for back in range(min(_LATEST, cycle))]
    near = {usual // 5 * 5, *before[:3], *(minute for minute in before if counted[minute])}
    return sorted(near, key=lambda one: (one % 30 != 0, one % 15 != 0, one % 5 != 0, (usual - one) % cycle))


def _hourly(local: Sequence[datetime], minute: int) -> Iterator[tuple[str, str]]:
    for step in _HOUR_STEPS:
        offset = Counter(_due_hour(one, minute) % step for one in local).most_common(1)[0][0]
        hours = "*" if step == 1 else f"*/{step}" if offset == 0 else f"{offset}-23/{step}"
        words = _("every hour at minute {minute}")
        if step > 1:
            words = ngettext("every {count} hour at minute {minute}", "every {count} hours at minute {minute}", step)
        yield f"{minute} {hours} * * *", words.format(count=step, minute=minute)
    busy = sorted({_due_hour(one, minute) for one in local})
    if 1 < len(busy) < 24 and busy == list(range(busy[0], busy[-1] + 1)):
        first, last = f"{busy[0]:02}:{minute:02}", f"{busy[-1]:02}:{minute:02}"
        daily, on_weekdays = _("every hour from {first} to {last}"), _("every hour from {first} to {last} on weekdays")
        yield f"{minute} {busy[0]}-{busy[-1]} * * *", daily.format(first=first, last=last)
        yield f"{minute} {busy[0]}-{busy[-1]} * * 1-5", on_weekdays.format(first=first, last=last)


def _due_hour(one: datetime, minute: int) -> int:
    return (one - timedelta(minutes=minute)).hour if one.minute < minute else one.hour


def _daily(local: Sequence[datetime], moment: int) -> Iterator[tuple[str, str]]:
    hour, minute = divmod(moment, _HOUR_MINUTES)
    time = f"{hour:02}:{minute:02}"
    yield f"{minute} {hour} * * *", _("every day at {time}").format(time=time)
    dues = [one - timedelta(minutes=moment) for one in local]
    days = frozenset(due.weekday() for due in dues)
    if days == _WEEKDAYS:
        yield f"{minute} {hour} * * 1-5", _("on weekdays at {time}").format(time=time)
    elif len(days) < 7:
        numbers = ",".join(str(day + 1) for day in sorted(days))
        names = _listed([_(_DAY_NAMES[day]) for day in sorted(days)])
        yield f"{minute} {hour} * * {numbers}", _("on {days} at {time}").format(days=names, time=time)
    if len(dates := {due.day for due in dues}) == 1:
        (date,) = dates
        words = _("on day {day} of each month at {time}").format(day=date, time=time)
        yield f"{minute} {hour} {date} * *", words


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return _("{first} and {last}").format(first=", ".join(names[:-1]), last=names[-1])


def _fit(starts: Sequence[datetime], cron: str, words: str, zone: str) -> _Fit | None:
    """None for one that expects far more runs, or fewer, than there were: most candidates, and they cost most."""
    most = int(len(starts) / KEPT_SHARE) + 2
    schedule = Schedule(timedelta(0), cron=cron, zone=zone)
    dues = schedule.due_between(starts[0] - EARLY, starts[-1] + EARLY, most)
    if not len(starts) * KEPT_SHARE - 1 <= len(dues) < most:
        return None
    shortest = min((later - earlier for earlier, later in pairwise(dues)), default=MAX_LATE)
    delays = _delays(dues, starts, min(shortest * LATE_PART, MAX_LATE) + EARLY)
    return _Fit(cron, words, zone, len(dues), len(delays), len(starts), delays, shortest)


def _delays(dues: Sequence[datetime], starts: Sequence[datetime], late: timedelta) -> list[timedelta]:
    """How late the runs of these instants started; both ascend, and each start answers one instant."""
    place, found = 0, list[timedelta]()
    for due in dues:
        while place < len(starts) and starts[place] < due - EARLY:
            place += 1
        if place < len(starts) and starts[place] <= due + late:
            found.append(max(starts[place] - due, timedelta(0)))
            place += 1
    return found


def _proposed(fit: _Fit) -> ProposedSchedule:
    grace = _grace(max(fit.delays), fit.gap)
    words = _("{schedule} ({zone}): {matched} of {expected} expected runs came, {matched} of {starts} were expected")
    told = {"matched": fit.matched, "expected": fit.expected, "starts": fit.starts}
    return ProposedSchedule(fit.cron, fit.zone, None, grace, words.format(schedule=fit.words, zone=fit.zone, **told))


def _grace(latest: timedelta, gap: timedelta) -> int:
    """The least round grace (s) from twice the latest start on, and of an hour for a day's gap; under half of that."""
    wanted = max(2 * latest.total_seconds(), gap / _GRACE_PART)
    most = gap.total_seconds() / 2
    fitting = [grace for grace in _GRACES_S if grace <= most]
    return next((grace for grace in fitting if grace >= wanted), fitting[-1] if fitting else int(most))


def _period(starts: Sequence[datetime]) -> ProposedSchedule | None:
    found = rhythm(starts)
    if not found.is_regular or found.interval is None or found.longest_usual is None:
        return None
    period = max(60, round(found.interval.total_seconds() / 60) * 60)
    beyond = max(found.longest_usual.total_seconds() - period, period / 10)
    grace = next((grace for grace in _GRACES_S if grace >= beyond), _GRACES_S[-1])
    words = _("every {length} after the last start: {rhythm}")
    length = wording.plain_duration_ms(period * 1000)
    return ProposedSchedule("", "", period, grace, words.format(length=length, rhythm=found.words))
