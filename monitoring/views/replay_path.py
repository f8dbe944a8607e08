"""The critical path of a replay in words: which steps decided when it ended."""

from collections.abc import Mapping
from dataclasses import dataclass

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
        words = f"No critical path: {path.reason}." if scene.has_clock and path.reason else ""
        return PathWords(words, {})
    own = {step: ms / path.duration_ms for step, ms in path.own_ms().items()}
    shares = {step: share for step, share in own.items() if step is not None}
    order = {segment.step: place for place, segment in enumerate(path.segments) if segment.step is not None}
    named = [step for step in order if shares[step] >= MIN_SHARE]
    leading = sorted(sorted(named, key=lambda step: -shares[step])[:MAX_NAMED], key=order.__getitem__)
    parts = [f"{shorten(scene.visits[step].name)} ({wording.percent(shares[step], 0)})" for step in leading]
    if not parts:
        text = f"{len(shares)} steps, none with over {wording.percent(MIN_SHARE, 0)} of the time"
        parts = [text if shares else "no step"]
    gaps = own.get(None, 0.0)
    between = f"; {wording.percent(gaps, 0)} outside of steps" if gaps >= MIN_SHARE else ""
    untimed = f"; {path.untimed} steps without times left out" if path.untimed else ""
    return PathWords(
        f"Critical path: {' > '.join(parts)} of {wording.duration_ms(path.duration_ms)}{between}{untimed}.", shares
    )
