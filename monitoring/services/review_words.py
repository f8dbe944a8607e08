"""What a weekly review says in sentences, before its tables."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.permissions import Role
from monitoring import wording
from monitoring.models import ImprovementStatus
from monitoring.services.review import SECTIONS, Review, Section


def headline(review: Review, role: Role) -> tuple[str, str, list[str]]:
    """The answer, its tone (ok, watch, fail or idle), and a sentence for each section that the role has."""
    if not review.figures.now.totals.runs:
        return (_("No run was reported"), "idle", [_("Nothing can be said of a week without runs.")])
    sections = SECTIONS[role]
    told = (say(review) for section, say in _SENTENCES.items() if section in sections)
    said = list(dict.fromkeys(sentence for sentence in told if sentence))
    if Section.WORSE not in sections:
        return (_cost(review), "idle", said)
    worse, returned = len(review.worse), len(review.groups.returned)
    if worse:
        text = ngettext("{count} workflow got worse", "{count} workflows got worse", worse)
        return (text.format(count=wording.count(worse)), "fail", said)
    if returned and Section.RETURNED in sections:
        text = ngettext(
            "No workflow got worse, {count} failure group came back",
            "No workflow got worse, {count} failure groups came back",
            returned,
        )
        return (text.format(count=wording.count(returned)), "watch", said)
    return (_("No workflow surely got worse"), "ok", said)


def _cost(review: Review) -> str:
    cost = review.figures.now.totals.cost_usd
    if cost is None:
        return _("What it cost is unknown: nobody told a cost")
    return _("It cost {money}").format(money=wording.usd(cost))


def _rate(review: Review) -> str:
    totals = review.figures.now.totals
    if totals.success is None:
        text = ngettext("{count} run, without a success rate.", "{count} runs, without a success rate.", totals.runs)
        return text.format(count=wording.count(totals.runs))
    text = _("{rate} of {count} finished runs succeeded.")
    return text.format(rate=wording.percent(totals.success.rate), count=wording.count(totals.rated))


def _returned(review: Review) -> str:
    groups = len(review.groups.returned)
    reopened = _became(review, ImprovementStatus.REOPENED)
    if not groups and not reopened:
        return _("Nothing came back.")
    came_back = ngettext("{count} failure group", "{count} failure groups", groups)
    opened = ngettext("{count} improvement", "{count} improvements", reopened)
    return _("{groups} came back, {improvements} reopened.").format(
        groups=came_back.format(count=wording.count(groups)),
        improvements=opened.format(count=wording.count(reopened)),
    )


def _became(review: Review, status: ImprovementStatus) -> int:
    return sum(one.status == status for one in review.improvements)


def _improvements(review: Review) -> str:
    released, helped = (_became(review, one) for one in (ImprovementStatus.RELEASED, ImprovementStatus.HELPED))
    not_helped = _became(review, ImprovementStatus.NO_HELP)
    if not released + helped + not_helped:
        return ""
    text = ngettext(
        "{released} improvement released, {helped} helped, {not_helped} did not help.",
        "{released} improvements released, {helped} helped, {not_helped} did not help.",
        released,
    )
    return text.format(released=wording.count(released), helped=helped, not_helped=not_helped)


def _groups(review: Review) -> str:
    new, resolved = len(review.groups.new), len(review.groups.resolved)
    text = ngettext(
        "{new} new failure group, {resolved} resolved.", "{new} new failure groups, {resolved} resolved.", new
    )
    return text.format(new=wording.count(new), resolved=wording.count(resolved))


def _spent(review: Review) -> str:
    waste = review.figures.now.waste
    if waste.usd is None:
        text = _("{cost}; what failed runs cost is unknown.")
    elif waste.is_whole:
        text = _("{cost}; {wasted} of it by failed runs.")
    else:
        text = _("{cost}; at least {wasted} of it by failed runs.")
    return text.format(cost=_cost(review), wasted=wording.usd(waste.usd))


def _missed(review: Review) -> str:
    missed = len(review.findings.missed)
    if not missed:
        return ""
    text = ngettext("{count} schedule missed runs.", "{count} schedules missed runs.", missed)
    return text.format(count=wording.count(missed))


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
