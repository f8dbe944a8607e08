"""Reading a request's body: bounded, whole, and without its content encoding."""

from django.conf import settings
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from ingestion.adapters.inflate import inflate
from ingestion.adapters.refusals import TooLarge, Undecodable
from ingestion.api.refusal import Refusal, Refuse

TOO_SLOW = Refusal(
    408,
    "The body came too slowly",
    "The body did not come in time: the sender fell silent, or the line is slower than this server waits for. "
    "Nothing was stored.",
)


def _told_length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def read_body(request: HttpRequest) -> bytes:
    """The inflated body.

    Raises `TooLarge`, `Undecodable` (also when it ended early), `UnknownEncoding`, or `Refuse` when it came too slowly.
    """
    limit = settings.INGEST_MAX_BODY_BYTES
    length = _told_length(request)
    if length > limit:
        raise TooLarge(f"A body may have up to {limit} bytes as sent. Send the items in several requests.")
    try:
        body = request.read(limit + 1)
    except (UnreadablePostError, OSError) as error:
        if isinstance(error.__cause__, TimeoutError):
            raise Refuse(TOO_SLOW) from error
        raise Undecodable("The body ended early.") from error
    if len(body) < length:
        raise Undecodable(f"The body ended early: {length} bytes were announced, {len(body)} came.")
    return inflate(body, request.headers.get("content-encoding", ""), settings.INGEST_MAX_INFLATED_BYTES)
