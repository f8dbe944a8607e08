"""`/elastic`: as much of Elasticsearch as log shippers talk to: the root, `_bulk` and the checks before it.

Each answer carries `X-Elastic-Product`, which the official clients insist on. An action's item has status 201, or 400
with the reason: clients send items of 429 again, and no refusal of a document is cured by that. A whole request that
cannot be stored for now is a 503.
"""

import base64
import binascii
import time
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from ingestion.adapters.logs import bulk
from ingestion.api.door import Call, find_source_by_key, way_in
from ingestion.api.refusal import Refusal
from ingestion.kinds import SourceKind
from ingestion.records import Rejection
from ingestion.sources import SourceInfo

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
# Clients choose their dialect by the version; `build_flavor` and `tagline` are what older ones check.
ROOT = {
    "name": "steadyrun",
    "cluster_name": "steadyrun",
    "cluster_uuid": "steadyrun",
    "version": {
        "number": "8.19.0",
        "build_flavor": "default",
        "build_type": "docker",
        "build_snapshot": False,
        "lucene_version": "9.12.0",
        "minimum_wire_compatibility_version": "7.17.0",
        "minimum_index_compatibility_version": "7.0.0",
    },
    "tagline": "You Know, for Search",
}
LICENSE = {"license": {"status": "active", "uid": "steadyrun", "type": "basic", "issued_to": "steadyrun"}}
HEALTH = {"cluster_name": "steadyrun", "status": "green", "timed_out": False, "number_of_nodes": 1}
_ERROR_TYPES = {
    400: "illegal_argument_exception",
    401: "security_exception",
    403: "security_exception",
    413: "content_too_long_exception",
    503: "es_rejected_execution_exception",
}
_KINDS_OF_ACCESS = ("GET", "HEAD")


def _json(told: dict[str, Any], status: int = 200) -> HttpResponse:
    return JsonResponse(told, status=status, headers=PRODUCT)


def as_error(_request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal as Elasticsearch words it."""
    cause = {"type": _ERROR_TYPES.get(refusal.status, "status_exception"), "reason": refusal.detail}
    return _json({"error": {"root_cause": [cause], **cause}, "status": refusal.status}, refusal.status)


def _key_in(value: str) -> str:
    """The key in `Authorization: ApiKey`: as it is, or as base64 of `<any name>:<key>`, as official clients do."""
    try:
        name, colon, key = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return value
    return key if colon and name.isprintable() else value


def find_source(request: HttpRequest, kind: SourceKind, arguments: dict[str, Any], now: datetime) -> SourceInfo:
    """The source of the key that a request carries, also in the scheme that only Elasticsearch has."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "apikey" and value.strip():
        del request.META["HTTP_AUTHORIZATION"]
        request.META["HTTP_X_API_KEY"] = _key_in(value.strip())
        # The headers are remembered from their first use on.
        request.__dict__.pop("headers", None)
    return find_source_by_key(request, kind, arguments, now)


def _item(action: bulk.Action, rejection: Rejection | None, place: int) -> dict[str, Any]:
    about: dict[str, Any] = {"_index": action.index, "_id": action.id}
    if rejection is not None:
        error = {"type": "document_parsing_exception", "reason": f"{rejection.field} {rejection.reason}"}
        return {action.operation: {**about, "status": 400, "error": error}}
    shards = {"total": 1, "successful": 1, "failed": 0}
    stored = {
        "_version": 1,
        "result": "created",
        "_shards": shards,
        "_seq_no": place,
        "_primary_term": 1,
        "status": 201,
    }
    return {action.operation: {**about, **stored}}


@way_in(SourceKind.ELASTIC, wording=as_error, find=find_source, methods=("POST", "PUT"))
def report_bulk(call: Call, index: str = "") -> HttpResponse:
    """Takes a bulk body; `index` is where actions without one of their own belong."""
    started = time.monotonic()
    found = bulk.read(call.body, index, call.now)
    rejected = {one.index: one for one in call.take_in(found.decoded).rejected}
    items = [_item(action, rejected.get(place), place) for place, action in enumerate(found.actions)]
    took = round((time.monotonic() - started) * 1000)
    return _json({"took": took, "errors": bool(rejected), "items": items})


@way_in(SourceKind.ELASTIC, wording=as_error, find=find_source, methods=_KINDS_OF_ACCESS)
def root(_call: Call) -> HttpResponse:
    """What clients ask first: which product and version answers."""
    return _json(ROOT)


@way_in(SourceKind.ELASTIC, wording=as_error, find=find_source, methods=_KINDS_OF_ACCESS)
def license_told(_call: Call) -> HttpResponse:
    """What Logstash asks before it sends."""
    return _json(LICENSE)


@way_in(SourceKind.ELASTIC, wording=as_error, find=find_source, methods=_KINDS_OF_ACCESS)
def health(_call: Call) -> HttpResponse:
    """What rsyslog (`HEAD _cat/health`) and Vector (`_cluster/health`) ask before they send."""
    return _json(HEALTH)
