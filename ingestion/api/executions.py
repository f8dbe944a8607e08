"""`POST /api/v1/executions`: one execution, a list, or one a line; whole or in parts."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from drf_spectacular.utils import extend_schema
from rest_framework.views import APIView

from accounts.authentication import ApiKeyAuthentication, CanIngest
from accounts.problems import problem_response
from ingestion.acceptance import Outcome
from ingestion.adapters.rest import decode, parse_item
from ingestion.api import documentation
from ingestion.api.door import Call, way_in
from ingestion.kinds import SourceKind
from ingestion.records import Decoded, ExecutionReport, Rejection

# Enough for a sender to see what is wrong; the numbers are always complete.
MAX_TOLD_REJECTIONS = 1_000


def _told(rejections: list[Rejection]) -> list[dict[str, Any]]:
    first = sorted(rejections, key=lambda rejection: (rejection.index, rejection.field))[:MAX_TOLD_REJECTIONS]
    return [{"index": one.index, "field": one.field, "reason": one.reason} for one in first]


def answer_counts(outcome: Outcome) -> JsonResponse:
    """What became of the items: 200 when anything was stored or known already, else 422."""
    told = _told(outcome.rejected)
    if outcome.stored or outcome.duplicate or not told:
        return JsonResponse({"stored": outcome.stored, "duplicate": outcome.duplicate, "rejected": told})
    first = told[0]
    return problem_response(
        422,
        "Nothing could be stored",
        f"Item {first['index']}: {first['field']} {first['reason']}",
        stored=0,
        duplicate=0,
        rejected=told,
    )


def decode_body(call: Call) -> Decoded:
    """The executions of a request, and the items that cannot be read."""
    items = decode(call.body, call.request.content_type or "")
    decoded = Decoded()
    for index, item in items:
        one = parse_item(index, item, call.now)
        if isinstance(one, ExecutionReport):
            decoded.reports.append((index, one))
        else:
            decoded.rejected.append(one)
    return decoded


@way_in(SourceKind.REST)
def report_executions(call: Call) -> HttpResponse:
    """Reads, checks and stores what a request reports. A 200 means: committed."""
    return answer_counts(call.take_in(decode_body(call)))


class ReportExecutions(APIView):
    """What the OpenAPI document says of `report_executions`, which does the work."""

    authentication_classes = [ApiKeyAuthentication]
    permission_classes = [CanIngest]

    @extend_schema(**documentation.REPORT_EXECUTIONS)
    def post(self, _request: Any) -> None:
        """Report executions, whole or in parts."""


# The schema's generator looks for a view class here.
report_executions.cls = ReportExecutions  # type: ignore[attr-defined]
report_executions.initkwargs = {}  # type: ignore[attr-defined]
