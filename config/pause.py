"""A connection that was told to come again later is not read before then.

The application asks for it in the thread that answers; the web server (`config.gunicorn`) takes it from there and lets
the connection lie. So a sender that ignores `Retry-After` costs one refusal a pause, not as many as it can send.
Behind a proxy many senders share a connection: there the proxy must slow them down, and nothing is asked.
"""

import threading
from collections.abc import Mapping

MAX_SECONDS = 5.0
_SHARED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_VIA")
_asked = threading.local()


def ask(seconds: float, meta: Mapping[str, object]) -> None:
    """Lets the connection of the request that this thread answers lie for some seconds; `meta` is the request's."""
    if not any(name in meta for name in _SHARED):
        _asked.seconds = min(seconds, MAX_SECONDS)


def take() -> float:
    """The seconds that were asked for in this thread since the last call, or 0."""
    seconds = float(getattr(_asked, "seconds", 0.0))
    _asked.seconds = 0.0
    return seconds
