"""Request bodies without a length.

WSGI has no way to tell an application how long a chunked body is, and Django reads a body only up to
its length, so it sees an empty one. Two common clients send their reports chunked. This wrapper reads such a
body to its end, bounded, and gives Django the length. It also answers for bodies that are too large.
"""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BLOCK_BYTES = 64 * 1024
IN_MEMORY_BYTES = 1024 * 1024
# How much of a refused body is still read, as a multiple of the limit. A connection that is closed with bytes
# unread is reset, and the client then sees a broken connection in place of the answer.
DISCARD_FACTOR = 16
DISCARD_SECONDS = 30.0

TOO_SLOW = "The body did not come in time: the sender fell silent, or the line is slower than this server waits for."


class BodyTooLarge(Exception):
    """The body is longer than the limit."""


class _Closing:
    """An answer's parts that close the buffered body when the server is done with them."""

    def __init__(self, parts: Iterable[bytes], body: IO[bytes]) -> None:
        self._parts = parts
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        """Called by the server at the end of the answer, also of one that failed."""
        try:
            if hasattr(self._parts, "close"):
                self._parts.close()
        finally:
            self._body.close()


def problem(status: str, title: str, detail: str, **members: Any) -> tuple[str, list[tuple[str, str]], bytes]:
    """An RFC 9457 answer: status line, headers and body."""
    body = json.dumps(
        {"type": "about:blank", "title": title, "status": int(status[:3]), "detail": detail, **members}
    ).encode()
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
    ]
    return status, headers, body


def buffer_body(stream: IO[bytes], limit: int) -> tuple[IO[bytes], int]:
    """Reads a body to its end: in memory up to 1 MiB, then on disk. Returns it rewound, with its length in bytes.

    Raises `BodyTooLarge` past `limit` bytes.
    """
    body: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed with the answer
    length = 0
    try:
        while block := stream.read(BLOCK_BYTES):
            length += len(block)
            if length > limit:
                raise BodyTooLarge
            body.write(block)
    except BaseException:
        body.close()
        raise
    body.seek(0)
    return body, length


def discard(stream: IO[bytes], limit: int) -> None:
    """Reads and forgets up to `limit` bytes, for about `DISCARD_SECONDS`."""
    end = time.monotonic() + DISCARD_SECONDS
    while limit > 0 and time.monotonic() < end and (block := stream.read(min(BLOCK_BYTES, limit))):
        limit -= len(block)


def _is_upload(environ: "WSGIEnvironment") -> bool:
    """Whether a form with files is sent to a page of a team."""
    path: str = environ.get("PATH_INFO", "")
    content_type: str = environ.get("CONTENT_TYPE", "")
    return path.startswith("/t/") and content_type.lower().startswith("multipart/form-data")


class ChunkedBodies:
    """WSGI wrapper: bodies without a length get one; bodies over `limit` bytes are answered with 413.

    Files that are sent to pages may have `upload_limit` bytes. Past that the application answers, with a page: it gets
    the length and no body.

    `broken` are the errors with which the server tells that a body ended early or is malformed: they are
    answered with 400, and `TimeoutError` with 408.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        *,
        limit: int,
        upload_limit: int,
        broken: tuple[type[Exception], ...] = (OSError, ValueError),
    ) -> None:
        self._application = application
        self._limit = limit
        self._upload_limit = upload_limit
        self._broken = broken

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        limit = self._upload_limit if _is_upload(environ) else self._limit
        try:
            chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
            if chunked:
                return self._buffered(environ, start_response, limit)
            if int(environ.get("CONTENT_LENGTH") or 0) > limit:
                raise BodyTooLarge
        except BodyTooLarge:
            return self._too_large(environ, start_response)
        except TimeoutError:
            answer = problem("408 Request Timeout", "The body came too slowly", f"{TOO_SLOW} Nothing was stored.")
            return self._answer(start_response, *answer)
        except self._broken as error:
            answer = problem(
                "400 Bad Request", "The body cannot be read", f"The body ended early or is malformed: {error}"
            )
            return self._answer(start_response, *answer)
        return self._application(environ, start_response)

    def _buffered(self, environ: "WSGIEnvironment", start_response: "StartResponse", limit: int) -> Iterable[bytes]:
        """Calls the application with the whole body and its length."""
        body, length = buffer_body(environ["wsgi.input"], limit)
        environ["wsgi.input"] = body
        environ["CONTENT_LENGTH"] = str(length)
        del environ["HTTP_TRANSFER_ENCODING"]
        try:
            return _Closing(self._application(environ, start_response), body)
        except BaseException:
            body.close()
            raise

    def _too_large(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Reads on, bounded, so that the client gets to the answer, then refuses."""
        with suppress(*self._broken):
            discard(environ["wsgi.input"], self._limit * DISCARD_FACTOR)
        if _is_upload(environ):
            environ["wsgi.input"] = BytesIO()
            environ["CONTENT_LENGTH"] = str(max(int(environ.get("CONTENT_LENGTH") or 0), self._upload_limit + 1))
            environ.pop("HTTP_TRANSFER_ENCODING", None)
            return self._application(environ, start_response)
        answer = problem(
            "413 Content Too Large",
            "The body is too large",
            f"A body may have up to {self._limit} bytes as sent. Send the items in several requests.",
            limit_bytes=self._limit,
        )
        return self._answer(start_response, *answer)

    @staticmethod
    def _answer(
        start_response: "StartResponse", status: str, headers: list[tuple[str, str]], body: bytes
    ) -> Iterable[bytes]:
        start_response(status, headers)
        return [body]
