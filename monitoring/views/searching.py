"""Search on the Executions page: what the search field says as filters, and what was searched in words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from accounts.access import TeamRequest
from accounts.audit import record
from accounts.permissions import Permission
from monitoring import wording
from monitoring.filters import MAX_QUERY, PLACES, Filters
from monitoring.joining import both
from monitoring.presentation import FilterChip, Link
from monitoring.reads.executions import ExecutionRow, Page
from monitoring.reads.searching import Searched, search
from monitoring.search import merged, parse_search, texts_of
from monitoring.templatetags.display import when_text
from monitoring.views.execution_table import EXPORT_PAGE, with_errors
from monitoring.views.shell import Scope

PLACE_TITLES = {
    "logs": gettext_noop("Log lines"),
    "input": gettext_noop("Inputs"),
    "output": gettext_noop("Outputs"),
    "everything": gettext_noop("Everything"),
}
NOT_SHOWN = gettext_noop("Your role does not show inputs, outputs and log lines: only ids and errors were searched.")
# A search that came to the end of the range: at once, or after others.
_WHOLE = {
    "first": (
        gettext_noop("Searched {places} of the whole range: {count} execution."),
        gettext_noop("Searched {places} of the whole range: {count} executions."),
    ),
    "next": (
        gettext_noop("Searched {places} of the rest of the range: {count} execution."),
        gettext_noop("Searched {places} of the rest of the range: {count} executions."),
    ),
}
# One that can go on, by whether it goes forward in time: with how far it came, and without.
_PART = {
    ("first", False): (
        gettext_noop("Searched {places} of the newest {count} executions, back to {until}."),
        gettext_noop("Searched {places} of the newest {count} executions."),
    ),
    ("first", True): (
        gettext_noop("Searched {places} of the oldest {count} executions, up to {until}."),
        gettext_noop("Searched {places} of the oldest {count} executions."),
    ),
    ("next", False): (
        gettext_noop("Searched {places} of the next {count} executions, back to {until}."),
        gettext_noop("Searched {places} of the next {count} executions."),
    ),
    ("next", True): (
        gettext_noop("Searched {places} of the next {count} executions, up to {until}."),
        gettext_noop("Searched {places} of the next {count} executions."),
    ),
}
# An export of a search in payloads goes on for so many pages' worth of executions.
EXPORT_SEARCHES = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page of executions is asked: its scope with the search field's fields as filters, and what to say."""

    scope: Scope
    notes: Sequence[str]
    is_deep: bool

    @property
    def has_texts(self) -> bool:
        """Whether words are searched for at all."""
        return bool(texts_of(self.scope.filters.q))


def ask(request: TeamRequest, scope: Scope) -> Asked:
    """What the address asks for; a place that the member's role does not show is not searched."""
    filters, said = merged(scope.filters)
    notes = list(said.notes)
    has_texts = bool(texts_of(filters.q))
    if filters.places and not request.membership.allows(Permission.VIEW_PAYLOADS):
        notes.append(_(NOT_SHOWN))
        filters = replace(filters, places=())
    elif filters.places and not has_texts:
        notes.append(_("Type words to search for: “in:” only says where to look."))
    return Asked(replace(scope, filters=filters), notes, bool(filters.places and has_texts))


def to_plain_address(request: TeamRequest, scope: Scope) -> HttpResponseRedirect | None:
    """Leads to the address in which the fields of the search field are filters; None where they are already.

    What the search field said and its rest does not repeat is told on the next page.
    """
    filters, said = merged(scope.filters)
    if not (said.choices or said.places) or len(scope.filters.q) > MAX_QUERY:
        return None
    again = parse_search(filters.q).notes
    for note in said.notes:
        if note not in again:
            messages.warning(request, note)
    return HttpResponseRedirect(request.path + filters.query(after=None))


def with_search(scope: Scope) -> Scope:
    """The scope with what the search field says as filters."""
    return replace(scope, filters=merged(scope.filters)[0])


def notes_beside_rows(scope: Scope) -> list[str]:
    """What to say of the search field on a page that searches ids and errors alone."""
    only = [_("Inputs, outputs and log lines are searched on the Executions page.")] if scope.filters.places else []
    return [*parse_search(scope.filters.q).notes, *only]


def place_links(request: TeamRequest, asked: Asked) -> list[Link]:
    """Where words can be looked for; none without words, or for a role that sees none of the places."""
    if not asked.has_texts or not request.membership.allows(Permission.VIEW_PAYLOADS):
        return []
    filters = asked.scope.filters
    links = [Link(_("Ids and errors"), filters.query(in_=None, after=None), not filters.places)]
    for place in PLACES:
        href = filters.query(in_=place, after=None, sort=None)
        links.append(Link(_(PLACE_TITLES[place]), href, filters.places == (place,)))
    return links


def place_chips(asked: Asked) -> list[FilterChip]:
    """The places that are searched, as chips."""
    places = asked.scope.filters.places
    return [
        FilterChip(_("Search in"), _(PLACE_TITLES[one]).lower(), _without(asked.scope.filters, one)) for one in places
    ]


def _without(filters: Filters, place: str) -> str:
    return filters.query(in_=[one for one in filters.places if one != place], after=None)


def search_payloads(request: TeamRequest, asked: Asked) -> Searched:
    """Searches, and tells the audit log that payloads were searched; not for what: the words may be personal data."""
    found = search(request.team.id, asked.scope.filters)
    _record(asked.scope.filters, found.searched, len(found.rows))
    return found


def _record(filters: Filters, searched: int | None, found: int) -> None:
    about = {"in": list(filters.places), "from": filters.window.start, "to": filters.window.end}
    record("payload.searched", ("executions", "", "executions"), after={**about, "searched": searched, "found": found})


def record_stopped(asked: Asked) -> None:
    """A search that was stopped has read payloads, too."""
    _record(asked.scope.filters, None, 0)


def as_page(found: Searched) -> Page:
    """A search as a page of the list: there is only a way further."""
    return Page(found.rows, found.next, "")


def searched_words(found: Searched, filters: Filters) -> str:
    """How far was searched: `Searched the newest 20,000 executions, back to 12 Nov, 14:10 UTC.`"""
    way = "next" if filters.after else "first"
    if not found.next:
        words = ngettext(*_WHOLE[way], found.searched)
    else:
        until, plain = _PART[way, filters.sort == "time"]
        words = _(until if found.until else plain)
    told = words.format(
        places=both(_(PLACE_TITLES[place]).lower() for place in filters.places),
        count=wording.count(found.searched),
        until=when_text(found.until) if found.until else "",
    )
    if not found.too_large:
        return told
    return f"{told} {_('{count} carry too much to be searched.').format(count=wording.count(found.too_large))}"


def searched_rows(request: TeamRequest, asked: Asked) -> tuple[list[ExecutionRow], bool]:
    """The rows of an export, and whether the whole range was searched. Recorded as one search."""
    rows: list[ExecutionRow] = []
    filters, searched = asked.scope.filters, 0
    for _page in range(EXPORT_SEARCHES):
        found = search(request.team.id, filters, limit=EXPORT_PAGE)
        rows += with_errors(request.team.id, found.rows)
        searched += found.searched
        filters = replace(filters, after=found.next)
        if not found.next:
            break
    _record(asked.scope.filters, searched, len(rows))
    return rows, not filters.after
