"""All failure groups of a team: which ones need a decision, where each stands, and deciding about many at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from accounts.tenancy import team_context
from monitoring import wording
from monitoring.analysis.triage import TO_DO, TriageStatus
from monitoring.filters import ANY, TITLES
from monitoring.presentation import Action, FilterChoice, Link
from monitoring.reads import workflows
from monitoring.reads.group_list import NOBODY, PAGE_SIZE, SORTS, Asked, GroupPage, ListedGroup, group_page
from monitoring.reads.triage import assignable
from monitoring.templatetags.components import Sign
from monitoring.templatetags.triage import SIGNS
from monitoring.views.csv import MAX_ROWS, csv_response
from monitoring.views.execution_table import instant
from monitoring.views.shell import CHIP_NAMES, Scope, clear_href, filter_chips, frame, open_scope
from monitoring.views.triage_words import state_words

ME = "me"
EXPORT_PAGE = 1000
HEADER = (
    *("Group", "Step", "Workflow", "Status", "State", "Assignee", "Failures", "First seen", "New", "Last seen"),
    *("Merged", "Improvement"),
)
ORDER_WORDS = {
    "-failures": gettext_noop("most failures first"),
    "failures": gettext_noop("fewest failures first"),
    "-last": gettext_noop("seen last first"),
    "last": gettext_noop("seen longest ago first"),
    "-first": gettext_noop("newest first"),
    "first": gettext_noop("oldest first"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A group as the table shows it."""

    group: ListedGroup
    sign: Sign
    words: str
    href: str


@team_page(Permission.VIEW_FIGURES)
@require_safe
def failure_groups(request: TeamRequest) -> HttpResponseBase:
    """The list, or with `format=csv` its rows."""
    scope = open_scope(request)
    asked = asked_for(scope, str(request.user.id))
    if request.GET.get("format") == "csv":
        return csv_response("failure-groups.csv", HEADER, _exported(scope, asked))
    found = group_page(scope.team.id, asked, scope.now)
    return TemplateResponse(request, "groups/groups.html", _context(request, scope, asked, found))


def asked_for(scope: Scope, own_id: str) -> Asked:
    """The groups that the address asks for: those that need somebody, unless it names a status (`*`: all)."""
    told = scope.filters["status"]
    wanted = list(TriageStatus) if ANY in told.wanted or (told.excluded and not told.wanted) else list(TO_DO)
    if told.wanted and ANY not in told.wanted:
        wanted = [one for one in TriageStatus if one.value in told.wanted]
    assignee = next(iter(scope.filters["assignee"].wanted), "")
    return Asked(
        scope.filters,
        [one for one in wanted if one.value not in told.excluded],
        own_id if assignee == ME else assignee,
        PAGE_SIZE,
    )


def _exported(scope: Scope, asked: Asked) -> Iterator[list[Any]]:
    """All rows that the filters find, one more than an export may hold. Opens its own team context."""
    count, after = 0, ""
    while count <= MAX_ROWS:
        with team_context(scope.team.id):
            filters = replace(asked.filters, after=after)
            found = group_page(scope.team.id, replace(asked, filters=filters, limit=EXPORT_PAGE), scope.now)
        for one in found.rows:
            yield _cells(one, found)
        count, after = count + len(found.rows), found.next
        if not after:
            return


def _cells(one: ListedGroup, found: GroupPage) -> list[Any]:
    improvement = one.improvement.title if one.improvement else ""
    return [
        one.shown_title,
        one.node,
        one.workflow,
        one.triage.status.value,
        state_words(one.id, one.triage, found.progress),
        one.triage.assignee,
        one.failures,
        instant(one.first_seen_at),
        "yes" * one.is_new,
        instant(one.last_seen_at),
        one.merged,
        improvement,
    ]


def _context(request: TeamRequest, scope: Scope, asked: Asked, found: GroupPage) -> dict[str, Any]:
    team_id, filters = scope.team.id, scope.filters
    total = sum(found.by_status.get(one, 0) for one in asked.statuses)
    members = assignable(team_id)
    sort = filters.sort if filters.sort in SORTS else SORTS[0]
    # The status is chosen above the list.
    chips = filter_chips(scope, _chip_words(members), names=[name for name in CHIP_NAMES if name != "status"])
    return {
        **frame(scope),
        "rows": _rows(scope, found),
        "panel": panel(scope, found),
        "tabs": status_links(scope, asked, found),
        "chips": chips,
        "clear_href": clear_href(scope),
        "choices": _choices(scope, members),
        "members": members,
        "may_decide": request.membership.allows(Permission.MANAGE_WORKFLOWS),
        "sort": sort,
        "shown": _("{order}, {shown} of {total}").format(
            order=_(ORDER_WORDS[sort]), shown=wording.count(len(found.rows)), total=wording.count(total)
        ),
        "next_href": filters.query(after=found.next) + "#list" if found.next else "",
        "previous_href": filters.query(after=found.previous) + "#list" if found.previous else "",
        "is_filtered": bool(chips) or bool(filters["status"]),
        "others": sum(found.by_status.values()),
        "all_href": filters.query(status=ANY, after=None),
        "longer_href": filters.query(from_="now-90d", to="now", after=None),
        "back": request.META.get("QUERY_STRING", ""),
    }


def _rows(scope: Scope, found: GroupPage) -> list[Row]:
    return [
        Row(
            one,
            SIGNS[one.triage.status],
            state_words(one.id, one.triage, found.progress),
            scope.href("failure_group", one.id, status=None, assignee=None, workflow=None, q=None),
        )
        for one in found.rows
    ]


def status_links(scope: Scope, asked: Asked, found: GroupPage) -> list[Link]:
    """The choice of statuses with how many groups have each; what needs somebody comes first."""
    counts = found.by_status
    told = scope.filters["status"]

    def link(label: str, statuses: Sequence[TriageStatus], value: str | None) -> Link:
        count = wording.count(sum(counts.get(one, 0) for one in statuses))
        is_current = told.wanted == ((value,) if value else ()) and not told.excluded
        return Link(f"{label} {count}", scope.filters.query(status=value, after=None), is_current)

    single = [link(SIGNS[one].word, [one], one.value) for one in TriageStatus]
    return [link(_("To do"), TO_DO, None), *single, link(_("All"), list(TriageStatus), ANY)]


def panel(scope: Scope, found: GroupPage) -> dict[str, Any]:
    """The answer in one sentence, as `components/_verdict.html` shows it."""
    counts, query = found.by_status, scope.filters.query
    back, fresh = counts.get(TriageStatus.REOPENED, 0), counts.get(TriageStatus.OPEN, 0)
    if back:
        answer = ngettext(
            "{count} group came back after it was resolved",
            "{count} groups came back after they were resolved",
            back,
        )
        action = Action(_("See what came back"), query(status="reopened", after=None), "redo", True)
        return _panel(answer.format(count=wording.count(back)), "fail", _("Came back"), _rest(found), [action])
    if fresh:
        answer = ngettext("{count} group nobody has decided about", "{count} groups nobody has decided about", fresh)
        action = Action(_("See the open ones"), query(status="open", after=None), "flag", True)
        return _panel(answer.format(count=wording.count(fresh)), "watch", _("To do"), _rest(found), [action])
    return _panel(_("Every group that failed here was looked at"), "ok", _("Looked at"), _rest(found), [])


def _rest(found: GroupPage) -> list[tuple[int, str]]:
    """What the answer does not say: how many groups, and the words with a place for that."""
    counts = found.by_status
    fresh = counts.get(TriageStatus.OPEN, 0) if counts.get(TriageStatus.REOPENED) else 0
    reviewed, ignored = counts.get(TriageStatus.REVIEWED, 0), counts.get(TriageStatus.IGNORED, 0)
    return [
        (fresh, ngettext("{count} group nobody has looked at", "{count} groups nobody has looked at", fresh)),
        (
            reviewed,
            ngettext("{count} group reviewed and not resolved", "{count} groups reviewed and not resolved", reviewed),
        ),
        (
            ignored,
            ngettext(
                "{count} group ignored: they count, and send no notice",
                "{count} groups ignored: they count, and send no notice",
                ignored,
            ),
        ),
    ]


def _panel(
    answer: str, tone: str, word: str, rest: Sequence[tuple[int, str]], actions: Sequence[Action]
) -> dict[str, Any]:
    told = "; ".join(words.format(count=wording.count(count)) for count, words in rest if count)
    return {
        "question": _("Which failures need a decision?"),
        "answer": answer,
        "tone": tone,
        "word": word,
        "paragraphs": [f"{told}."] if told else [],
        "actions": actions,
    }


def _choices(scope: Scope, members: Sequence[tuple[str, str]]) -> list[FilterChoice]:
    names = workflows.names(scope.team.id)
    people = [(ME, _("Me")), (NOBODY, _("Nobody")), *members]
    found = [FilterChoice("workflow", _(TITLES["workflow"]), names)] if names else []
    assignee = FilterChoice("assignee", _(TITLES["assignee"]), people)
    return [*found, assignee, FilterChoice("release", _(TITLES["release"]))]


def _chip_words(members: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    people = {**dict(members), ME: _("me"), NOBODY: _("nobody")}
    return {("assignee", value): words for value, words in people.items()}
