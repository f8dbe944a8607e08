"""`POST /api/v1/logs`: JSON log lines, one a line, as an array (Logstash, Vector, Fluent Bit) or one object."""

from django.http import HttpResponse

from ingestion.adapters.logs import json_lines
from ingestion.api.door import Call, way_in
from ingestion.api.executions import answer_counts
from ingestion.kinds import SourceKind


@way_in(SourceKind.LOGS)
def report_lines(call: Call) -> HttpResponse:
    """Takes log lines. A 200 means: committed; lines that were refused are named in it."""
    return answer_counts(call.take_in(json_lines.read(call.body, call.request.content_type or "", call.now)))
