"""What a sender of OTLP gets back, in the encoding of its request: how much was rejected, or why all was refused."""

import json
from typing import Final

from ingestion.adapters.otlp.messages import MESSAGE
from ingestion.records import Rejection

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
MAX_REASONS = 5
# google.rpc.Code by HTTP status.
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 410: 9, 413: 8, 415: 3, 422: 3, 429: 8, 503: 14}
_UNKNOWN = 2


def explain(rejected: list[Rejection], count: int, item: str) -> str:
    """Why items were rejected: the first few reasons, each with the place of its item in the request."""
    told = sorted(rejected, key=lambda one: one.index)[:MAX_REASONS]
    reasons = "; ".join(f"{item} {one.index}: {one.field} {one.reason}" for one in told)
    more = "" if len(rejected) <= MAX_REASONS else f"; and {len(rejected) - MAX_REASONS:,} more"
    return f"{count:,} of them rejected. {reasons}{more}" if reasons else f"{count:,} of them rejected."


def success(encoding: str, field: str, rejected: int, message: str) -> bytes:
    """The answer to an accepted request; `field` is what the count of rejected items is called in JSON."""
    if encoding == JSON:
        partial = {field: str(rejected), "errorMessage": message}
        return json.dumps({"partialSuccess": partial} if rejected or message else {}).encode()
    answer = MESSAGE["Response"]()
    if rejected or message:
        answer.partial_success.rejected = rejected
        answer.partial_success.error_message = message
    encoded: bytes = answer.SerializeToString()
    return encoded


def failure(encoding: str, status: int, message: str) -> bytes:
    """A refusal as google.rpc.Status."""
    code = _CODES.get(status, _UNKNOWN)
    if encoding == JSON:
        return json.dumps({"code": code, "message": message}).encode()
    encoded: bytes = MESSAGE["Status"](code=code, message=message).SerializeToString()
    return encoded
