"""`/ping/<key>`, `/start`, `/fail`, `/<exit code>`: a run of a cron job or of any script, told by one request each."""

from django.http import HttpRequest, HttpResponse

from accounts.tenancy import team_context
from ingestion.adapters import ping as adapter
from ingestion.api.door import Call, find_source_by_address, way_in
from ingestion.api.refusal import Refusal
from ingestion.kinds import SourceKind
from ingestion.reads.pings import find_run
from ingestion.turns import wait_turn

TEXT = "text/plain; charset=utf-8"


def as_text(_request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal as one line of text: whoever reads it reads a mail of cron."""
    return HttpResponse(f"{refusal.detail}\n", status=refusal.status, content_type=TEXT)


@way_in(SourceKind.PING, wording=as_text, methods=("GET", "HEAD", "POST"), find=find_source_by_address)
def ping(call: Call, address: str, told: str = "") -> HttpResponse:
    """Takes one ping; `address` named the source already."""
    source = call.source
    signal, rid = adapter.read_signal(told), adapter.read_rid(call.request.GET.get("rid"))
    workflow = source.workflow or source.name
    # The run is looked up and written in one transaction, so two ends never close the same run.
    with team_context(source.team_id):
        wait_turn(source.id, "ping")
        run = find_run(source, signal, rid, call.now, adapter.limit_of(source.settings))
        call.take_in(adapter.to_records(signal, run, workflow, call.body, call.now))
    return HttpResponse("OK", content_type=TEXT)
