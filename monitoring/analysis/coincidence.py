"""What a beginning coincides with: events near it, and how unusual that is given how many events there are.

Chances are those of events spread evenly over the time looked at: with m events in a time T, the chance that at least k
of them fall into a stretch of length L is that of a binomial distribution with m trials of L / T (given their number,
the points of a Poisson process lie so: G. Grimmett and D. Stirzaker, "Probability and Random Processes", 2001, section
6.8). Nothing here says that an event is the reason.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop, ngettext
from monitoring import wording

SIGNIFICANCE = 0.05
# Nothing coincides over more than this many times what the beginning is unsure by, and this is the least.
REACH = 1.0
MIN_REACH = timedelta(minutes=10)


class EventKind(StrEnum):
    """What may coincide; the value is how one is called."""

    RELEASE = gettext_noop("release")
    INCIDENT = gettext_noop("incident")
    WORKFLOW = gettext_noop("other workflow")
    ERROR = gettext_noop("new error")

    @property
    def words(self) -> str:
        """The value in the reader's language."""
        return _(self.value)

    def named(self, name: str) -> str:
        """`release 42`."""
        return _(_NAMED[self]).format(name=name)

    def in_range(self, number: int) -> str:
        """`3 releases in this range`."""
        count = wording.count(number)
        if self is EventKind.RELEASE:
            text = ngettext("{count} release in this range", "{count} releases in this range", number)
        elif self is EventKind.INCIDENT:
            text = ngettext("{count} incident in this range", "{count} incidents in this range", number)
        elif self is EventKind.WORKFLOW:
            text = ngettext("{count} other workflow in this range", "{count} other workflows in this range", number)
        else:
            text = ngettext("{count} new error in this range", "{count} new errors in this range", number)
        return text.format(count=count)


_NAMED = {
    EventKind.RELEASE: gettext_noop("release {name}"),
    EventKind.INCIDENT: gettext_noop("incident {name}"),
    EventKind.WORKFLOW: gettext_noop("other workflow {name}"),
    EventKind.ERROR: gettext_noop("new error {name}"),
}

# What may be a reason lies before the beginning, or as close after it as clocks differ. The others may follow.
_LEADS = frozenset({EventKind.RELEASE, EventKind.INCIDENT})
CLOCK_SKEW = timedelta(minutes=2)
_NEGLIGIBLE = 1e-18


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: a release, an incident that opened, a beginning elsewhere, an error seen first."""

    kind: EventKind
    name: str
    at: datetime
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Onset:
    """When it began: the best time, the stretch [earliest, latest] that the true one lies in, and the window's ends."""

    at: datetime
    earliest: datetime
    latest: datetime
    window_start: datetime
    window_end: datetime


@dataclass(frozen=True, slots=True)
class Coincidence:
    """Events of one kind near a beginning, nearest first.

    `of` events of the kind are in the window; `chance` is how often so many would fall so near if they had nothing to
    do with it, corrected for the kinds that were looked at. `gap` is from the nearest event to the best time of the
    beginning, positive when the event came first.
    """

    kind: EventKind
    events: tuple[Event, ...]
    of: int
    gap: timedelta
    chance: float

    @property
    def is_unusual(self) -> bool:
        """Whether chance alone would rarely do this."""
        return self.chance < SIGNIFICANCE

    @property
    def words(self) -> str:
        """`release 42, 4 min before; by chance in 1.2% of cases (3 releases in this range)`."""
        first = self.events[0]
        what = self.kind.named(first.name) if first.name else self.kind.words
        if len(self.events) > 1:
            what = _("{event} and {count} more").format(event=what, count=len(self.events) - 1)
        return _("{event}, {when}; by chance in {chance} of cases ({events_in_range})").format(
            event=what,
            when=self._when(),
            chance=wording.percent(self.chance),
            events_in_range=self.kind.in_range(self.of),
        )

    def _when(self) -> str:
        if not self.gap:
            return _("at that time")
        time = wording.duration_ms(abs(self.gap) / timedelta(milliseconds=1))
        text = _("{time} before") if self.gap > timedelta(0) else _("{time} after")
        return text.format(time=time)


def coincidences(onset: Onset, events: Iterable[Event]) -> list[Coincidence]:
    """What falls near a beginning, least likely by chance first. Events outside the window are left out.

    An event is near when it lies in the stretch in which the beginning may be, or at most as far outside it as the
    stretch is long (at least ten minutes). Releases and incidents after the stretch are none, since an effect follows.
    """
    inside = [event for event in events if onset.window_start <= event.at < onset.window_end]
    kinds = [kind for kind in EventKind if any(event.kind is kind for event in inside)]
    found = []
    for kind in kinds:
        of_kind = [event for event in inside if event.kind is kind]
        one = _coincidence(onset, kind, of_kind, len(kinds))
        if one is not None:
            found.append(one)
    return sorted(found, key=lambda one: (one.chance, list(EventKind).index(one.kind)))


def _coincidence(onset: Onset, kind: EventKind, events: Sequence[Event], kinds: int) -> Coincidence | None:
    reach = max((onset.latest - onset.earliest) * REACH, MIN_REACH)
    after = CLOCK_SKEW if kind in _LEADS else reach
    near = [event for event in events if onset.earliest - reach <= event.at <= onset.latest + after]
    if not near:
        return None
    near.sort(key=lambda event: (abs(event.at - onset.at), event.name, event.reference))
    # One event is as near as it is; of several, each that came within reach counts, so the reach is what is asked.
    asked = reach if len(near) > 1 else max(timedelta(0), onset.earliest - near[0].at, near[0].at - onset.latest)
    start = max(onset.window_start, onset.earliest - asked)
    end = min(onset.window_end, onset.latest + min(asked, after) if kind in _LEADS else onset.latest + asked)
    share = min(1.0, (end - start) / (onset.window_end - onset.window_start))
    chance = chance_of_at_least(len(near), len(events), share)
    return Coincidence(kind, tuple(near), len(events), onset.at - near[0].at, min(1.0, chance * kinds))


def chance_of_at_least(k: int, trials: int, share: float) -> float:
    """The chance of at least k successes in independent trials of this chance each."""
    if k <= 0:
        return 1.0
    if k > trials or share <= 0:
        return 0.0
    if share >= 1:
        return 1.0
    log_odds, log_rest = math.log(share) - math.log1p(-share), math.log1p(-share)
    total = 0.0
    for hits in range(k, trials + 1):
        choose = math.lgamma(trials + 1) - math.lgamma(hits + 1) - math.lgamma(trials - hits + 1)
        term = math.exp(choose + hits * log_odds + trials * log_rest)
        total += term
        # Past the mean terms fall ever faster: what is left is less than a double can hold.
        if hits > trials * share and term <= total * _NEGLIGIBLE:
            break
    return min(1.0, total)
