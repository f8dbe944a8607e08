"""`GET /metrics`: the figures of the key's team for Prometheus and everything that scrapes like it.

Not part of the REST API: the answer is OpenMetrics 1.0.0 to those who accept it, else the text format 0.0.4.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from accounts.authentication import told_key, verify_key
from accounts.models import Scope
from accounts.problems import problem_response
from accounts.tenancy import team_context
from accounts.throttling import seconds_to_wait, told_wait
from monitoring.analysis.exposition import OPENMETRICS, TEXT, openmetrics, prometheus_text
from monitoring.filters import MAX_LENGTH
from monitoring.reads.metrics import read_metrics


def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics of the key's team; `?environment=` limits them to one environment."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    text, now = told_key(request.headers), timezone.now()
    if text is None:
        return _refuse(401, "Not authenticated", "Send an API key as 'Authorization: Bearer sr_...'.")
    try:
        key = verify_key(text, now)
    except AuthenticationFailed as error:
        return _refuse(401, "Not authenticated", str(error.detail))
    except PermissionDenied as error:
        return _refuse(403, "Not allowed", str(error.detail))
    if Scope.READ not in key.scopes:
        return _refuse(403, "Not allowed", f"This API key does not have the scope '{Scope.READ}'.")
    if (seconds := seconds_to_wait(request, key)) is not None:
        return _too_often(told_wait(seconds))
    environment = request.GET.get("environment", "")[:MAX_LENGTH]
    with team_context(key.team_id):
        found = read_metrics(key.team_id, now, environment=environment or None)
    if "application/openmetrics-text" in request.headers.get("accept", ""):
        return HttpResponse(openmetrics(found.families), content_type=OPENMETRICS)
    return HttpResponse(prometheus_text(found.families), content_type=TEXT)


metrics.api_scope = Scope.READ  # type: ignore[attr-defined]


def _too_often(seconds: int) -> HttpResponse:
    detail = f"The key or its team asks more often than it may. Come again in {seconds} s."
    response = problem_response(429, "Too many requests", detail, retry_after=seconds)
    response["Retry-After"] = str(seconds)
    return response


def _refuse(status: int, title: str, detail: str) -> HttpResponse:
    response = problem_response(status, title, detail)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="steadyrun"'
    return response
