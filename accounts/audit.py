"""The audit log: who did what, with before and after, and from where; in the transaction of what was done.

Three ways lead into it. Models that are settings inherit `Audited`: their `save` and `delete` write an event with the
fields that changed; `update_told` and `remove_told` do so for the rows of a query. Services that write by other means,
and reads that must be known (payloads, exports), call `record`. And the doors of pages and the API add an event by the
name of the address to a change that told none.
What no person or key asked for (background work) is only recorded where a service says so.
"""

from django.http import HttpRequest, HttpResponseBase

from accounts.acting import current_scope
from accounts.models.audited import Audited, record, record_for_installation, remove_told, update_told

__all__ = ["Audited", "record", "record_for_installation", "remove_told", "tell_change", "update_told"]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def tell_change(request: HttpRequest, response: HttpResponseBase) -> None:
    """The last resort of the doors, inside the team's context: a change that told nothing is told by its address."""
    scope = current_scope()
    if scope is None or scope.events or request.method in SAFE_METHODS or response.status_code >= 400:
        return
    match = request.resolver_match
    name = match.url_name if match and match.url_name else "request"
    told = {key: value for key, value in (match.kwargs if match else {}).items() if key != "team"}
    record(
        f"request.{name}", ("request", ", ".join(str(value) for value in told.values()), name), note=str(request.method)
    )
