"""The critical path of a replay in words: which steps decided when it ended."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from monitoring import wording
from monitoring.analysis.critical_path import CriticalPath
from monitoring.views.replay_answers import shorten
from monitoring.views.replay_scene import Scene

# Steps with less of the time than this are left out of the sentence, and no more than so many are named.
MIN_SHARE = 0.05
MAX_NAMED = 4


@dataclass(frozen=True, slots=True)
class PathWords:
    """The sentence about the critical path, and the share of the duration that each step on it took by itself."""

    sentence: str
    shares: Mapping[int, float]


def path_words(scene: Scene, path: CriticalPath) -> PathWords:
    """What the page says of the critical path; an empty sentence where no step tells its times."""
    if path.reason or path.duration_ms <= 0:
        words = _("No critical path: {reason}.") if scene.has_clock and path.reason else ""
        return PathWords(words.format(reason=path.reason), {})
    own = {step: ms / path.duration_ms for step, ms in path.own_ms().items()}
    shares = {step: share for step, share in own.items() if step is not None}
    order = {segment.step: place for place, segment in enumerate(path.segments) if segment.step is not None}
    named = [step for step in order if shares[step] >= MIN_SHARE]
    leading = sorted(sorted(named, key=lambda step: -shares[step])[:MAX_NAMED], key=order.__getitem__)
    parts = [f"{shorten(scene.visits[step].name)} ({wording.percent(shares[step], 0)})" for step in leading]
    if not parts:
        words = _("{count} steps, none with over {share} of the time") if shares else _("no step")
        parts = [words.format(count=len(shares), share=wording.percent(MIN_SHARE, 0))]
    duration = wording.duration_ms(path.duration_ms)
    told = [_("{steps} of {duration}").format(steps=" > ".join(parts), duration=duration)]
    gaps = own.get(None, 0.0)
    if gaps >= MIN_SHARE:
        told.append(_("{share} outside of steps").format(share=wording.percent(gaps, 0)))
    if path.untimed:
        told.append(_("{count} steps without times left out").format(count=path.untimed))
    return PathWords(_("Critical path: {path}.").format(path="; ".join(told)), shares)
