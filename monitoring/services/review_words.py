"""What a weekly review says in sentences, before its tables."""

from collections.abc import Callable

from accounts.permissions import Role
from monitoring import wording
from monitoring.models import ImprovementStatus
from monitoring.services.review import SECTIONS, Review, Section


def headline(review: Review, role: Role) -> tuple[str, str, list[str]]:
    """The answer, its tone (ok, watch, fail or idle), and a sentence for each section that the role has."""
    if not review.figures.now.totals.runs:
        return ("No run was reported", "idle", ["Nothing can be said of a week without runs."])
    sections = SECTIONS[role]
    told = (say(review) for section, say in _SENTENCES.items() if section in sections)
    said = list(dict.fromkeys(sentence for sentence in told if sentence))
    if Section.WORSE not in sections:
        return (_cost(review), "idle", said)
    worse, returned = len(review.worse), len(review.groups.returned)
    if worse:
        return (f"{_many(worse, 'workflow')} got worse", "fail", said)
    if returned and Section.RETURNED in sections:
        return (f"No workflow got worse, {_many(returned, 'failure group')} came back", "watch", said)
    return ("No workflow surely got worse", "ok", said)


def _many(count: int, noun: str) -> str:
    return f"{wording.count(count)} {noun}{'' if count == 1 else 's'}"


def _cost(review: Review) -> str:
    cost = review.figures.now.totals.cost_usd
    return "What it cost is unknown: nobody told a cost" if cost is None else f"It cost {wording.usd(cost)}"


def _rate(review: Review) -> str:
    totals = review.figures.now.totals
    if totals.success is None:
        return f"{_many(totals.runs, 'run')}, without a success rate."
    return f"{wording.percent(totals.success.rate)} of {wording.count(totals.rated)} finished runs succeeded."


def _returned(review: Review) -> str:
    groups = len(review.groups.returned)
    reopened = _became(review, ImprovementStatus.REOPENED)
    if not groups and not reopened:
        return "Nothing came back."
    return f"{_many(groups, 'failure group')} came back, {_many(reopened, 'improvement')} reopened."


def _became(review: Review, status: ImprovementStatus) -> int:
    return sum(one.status == status for one in review.improvements)


def _improvements(review: Review) -> str:
    released, helped = (_became(review, one) for one in (ImprovementStatus.RELEASED, ImprovementStatus.HELPED))
    not_helped = _became(review, ImprovementStatus.NO_HELP)
    if not released + helped + not_helped:
        return ""
    return f"{_many(released, 'improvement')} released, {helped} helped, {not_helped} did not help."


def _groups(review: Review) -> str:
    resolved = wording.count(len(review.groups.resolved))
    return f"{_many(len(review.groups.new), 'new failure group')}, {resolved} resolved."


def _spent(review: Review) -> str:
    waste = review.figures.now.waste
    least = "" if waste.is_whole else "at least "
    wasted = (
        "what failed runs cost is unknown"
        if waste.usd is None
        else f"{least}{wording.usd(waste.usd)} of it by failed runs"
    )
    return f"{_cost(review)}; {wasted}."


def _missed(review: Review) -> str:
    return f"{_many(len(review.findings.missed), 'schedule')} missed runs." if review.findings.missed else ""


def _told_cost(review: Review) -> str:
    return _spent(review) if review.figures.now.totals.cost_usd is not None else ""


_SENTENCES: dict[Section, Callable[[Review], str]] = {
    Section.TOTALS: _rate,
    Section.RETURNED: _returned,
    Section.MISSED: _missed,
    Section.IMPROVEMENTS: _improvements,
    Section.GROUPS: _groups,
    Section.SPENT: _spent,
    Section.COST: _told_cost,
}
