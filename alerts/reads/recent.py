"""What ran last (`Family.RECENT`): failures in a row, the last success, and runs that are later than usual.

From the latest executions of each workflow, in one query; the last success and longer rhythms take one more each.
Imported history, and what a rule is too young for, wakes nobody: see docs/alerts/metrics.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from alerts.analysis.readings import Reading, Subject
from alerts.analysis.usual_gaps import UsualGap, usual_gap
from alerts.models import AlertRule
from alerts.reads.last_successes import SuccessFacts, success_facts
from alerts.reads.latest_runs import Latest, LatestRun, latest_runs
from alerts.reads.places import Place, rules_of, subjects_of, wanted_by
from monitoring import wording
from monitoring.analysis.rhythm import LATE_FACTOR

# Executions of each workflow that are looked at.
RUNS = 50
MAX_SAMPLES = 5
# What counts as low volume, and over which time.
LOW_VOLUME, DAY = 1.0, timedelta(days=1)
# What happened so long before a rule was made is not told any more.
BEFORE_RULE = timedelta(days=1)
_FAILURES_ONLY = "failures-only"
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the rules of one look share."""

    latest: Mapping[Place, Latest]
    successes: Mapping[Place, SuccessFacts]
    now: datetime


def read(team_id: UUID, rules: Sequence[AlertRule], now: datetime) -> dict[UUID, list[Reading]]:
    """One reading for each subject with something to say. At most two queries."""
    wanted = wanted_by(rules)
    latest = latest_runs(team_id, wanted, now, RUNS)
    asking = rules_of(rules, "last_success", "late")
    successes = success_facts(team_id, wanted_by(asking), now) if asking else {}
    known = _Known(latest, successes, now)
    return {rule.id: _readings(rule, known) for rule in rules}


def _readings(rule: AlertRule, known: _Known) -> list[Reading]:
    read_one = {
        "last_run_failed": _last_run_failed,
        "failed_in_a_row": _failed_in_a_row,
        "last_success": _last_success,
        "late": _late,
    }[rule.metric]
    told = (read_one(rule, subject, mine, known) for subject, mine in _live_subjects(rule, known).items())
    return [reading for reading in told if reading is not None]


def _live_subjects(rule: AlertRule, known: _Known) -> dict[Subject, list[Latest]]:
    """The subjects by what runs now; a source that reports failures only says nothing of what ran last."""
    found = {
        subject: [one for one in mine if one.is_live and one.completeness != _FAILURES_ONLY]
        for subject, mine in subjects_of(rule, known.latest).items()
    }
    return {subject: mine for subject, mine in found.items() if mine}


def _ended(mine: Sequence[Latest]) -> list[LatestRun]:
    return sorted((run for one in mine for run in one.ended), key=lambda run: (run.at, run.id), reverse=True)


def _runs_an_hour(mine: Sequence[Latest], now: datetime) -> float:
    """Over the last 24 hours; where there were more than `RUNS`, over the time that these took."""
    return sum(_rate(one.runs, now) for one in mine)


def _rate(runs: Sequence[LatestRun], now: datetime) -> float:
    recent = [run.at for run in runs if run.at > now - DAY]
    span = max(now - recent[-1], timedelta(minutes=1)) if len(recent) >= RUNS else DAY
    return len(recent) / (span / timedelta(hours=1))


def _last_run_failed(rule: AlertRule, subject: Subject, mine: Sequence[Latest], known: _Known) -> Reading | None:
    """1 if the run that ended last failed, else 0. Only at under one run an hour: above that, one failure is a rate."""
    ended = _ended(mine)
    if not ended or not _tells(ended[0], rule) or _runs_an_hour(mine, known.now) >= LOW_VOLUME:
        return None
    last = ended[0]
    if not last.is_failure:
        return Reading(subject, known.now, 0.0, 1)
    good = next((run for run in ended if not run.is_failure), None)
    before = f", the last success was {_ago(good.at, known.now)} ago" if good else ", no success is known before it"
    words = f"Run {last.name[:80]} failed {_ago(last.at, known.now)} ago{before}"
    return Reading(subject, known.now, 1.0, 1, since=last.at, words=words, execution_ids=(last.id,))


def _failed_in_a_row(rule: AlertRule, subject: Subject, mine: Sequence[Latest], known: _Known) -> Reading | None:
    """How many runs failed one after the other up to the last one, as far as `RUNS` of them say.

    With `min_runs_per_hour` and `max_runs_per_hour` only workflows with so many runs are looked at.
    """
    rate, ended = _runs_an_hour(mine, known.now), _ended(mine)
    least, most = rule.parameters.get("min_runs_per_hour"), rule.parameters.get("max_runs_per_hour")
    if not ended or not _tells(ended[0], rule) or (least and rate < least) or (most and rate >= most):
        return None
    streak: list[LatestRun] = []
    for run in ended:
        if not (run.is_failure and run.is_live):
            break
        streak.append(run)
    if not streak:
        return Reading(subject, known.now, 0.0, 1)
    first, count = streak[-1], len(streak)
    words = f"{wording.count(count)} runs in a row failed since {_ago(first.at, known.now)} ago" if count > 1 else ""
    ids = tuple(run.id for run in streak[:MAX_SAMPLES])
    return Reading(subject, known.now, float(count), count, since=first.at, words=words, execution_ids=ids)


def _tells(last: LatestRun, rule: AlertRule) -> bool:
    """Whether the run is news: it happened now, and not long before somebody asked."""
    return last.is_live and last.at >= rule.created_at - BEFORE_RULE


def _last_success(rule: AlertRule, subject: Subject, mine: Sequence[Latest], known: _Known) -> Reading | None:
    """How old (ms) the last success is. Its usual range ends at the objective for it, else at 1.5 times the time that
    usually passes between successes."""
    facts = [known.successes[one.place] for one in mine if one.place in known.successes]
    last = max((one.last_at for one in facts if one.last_at is not None), default=None)
    if last is None:
        return None
    objectives = [one.objective for one in facts if one.objective is not None]
    usual = [one.success_gap * LATE_FACTOR for one in facts if one.success_gap is not None]
    limit = min(objectives, default=min(usual, default=None))
    age = max(known.now - last, timedelta(0))
    against = ""
    if limit is not None:
        against = f", {'objective' if objectives else 'usually at most'} {wording.duration_ms(limit / _MS)}"
    words = f"Last success {wording.duration_ms(age / _MS)} ago{against}"
    low, high = (0.0, limit / _MS) if limit is not None else (None, None)
    return Reading(subject, known.now, age / _MS, 1, low, high, since=last, words=words)


def _late(rule: AlertRule, subject: Subject, mine: Sequence[Latest], known: _Known) -> Reading | None:
    """How many times its usual gap the last start is ago; None where no gap is usual, or reports are sampled, or a
    schedule says it better."""
    if any(one.completeness or one.has_schedule for one in mine):
        return None
    starts = [start for one in mine for start in one.starts]
    facts = [known.successes[one.place].run_gap for one in mine if one.place in known.successes]
    usual = usual_gap(starts, max((gap for gap in facts if gap is not None), default=None))
    if usual is None or not starts:
        return None
    last = max(starts)
    due = last + usual.length * (rule.threshold or 1)
    if due < rule.created_at - BEFORE_RULE:
        return None
    elapsed = max(known.now - last, timedelta(0))
    return Reading(
        subject, known.now, elapsed / usual.length, len(starts), since=due, words=_late_words(elapsed, usual)
    )


def _late_words(elapsed: timedelta, usual: UsualGap) -> str:
    length = wording.duration_ms(usual.length / _MS)
    return f"No run for {wording.duration_ms(elapsed / _MS)}, usually one within {length}; {usual.words}"


def _ago(moment: datetime, now: datetime) -> str:
    return wording.duration_ms(max(now - moment, timedelta(0)) / _MS)
