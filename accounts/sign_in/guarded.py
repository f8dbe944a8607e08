"""Requests to identity providers: allauth speaks by `requests`, and each goes through the one guarded client."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import requests
from requests.adapters import BaseAdapter

from accounts import outgoing
from accounts.outgoing_uses import Use

TIMEOUT_SECONDS = 8.0


class GuardedAdapter(BaseAdapter):
    """Sends by `accounts.outgoing`: no address inside this network, bounded in time and size."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """The answer of the provider. Raises `requests.ConnectionError` where it may not or cannot be asked."""
        body: Any = request.body or b""
        try:
            told = outgoing.send(
                str(request.url),
                use=Use.SIGN_IN,
                method=str(request.method),
                headers=_without_length(request.headers),
                body=body.encode() if isinstance(body, str) else bytes(body),
                timeout=TIMEOUT_SECONDS,
            )
        except (outgoing.Refused, outgoing.Unreachable) as error:
            raise requests.ConnectionError(str(error), request=request) from error
        response = requests.Response()
        response.status_code, response.request, response.url = told.status, request, str(request.url)
        response.headers = requests.structures.CaseInsensitiveDict(told.headers)
        response.raw = BytesIO(told.body)
        response.encoding = "utf-8"
        return response

    def close(self) -> None:
        """Nothing is kept open."""


class GuardedSession(requests.Session):
    """A session of `requests` that takes nothing from the environment and follows no redirect."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        for start in ("https://", "http://"):
            self.mount(start, GuardedAdapter())

    def request(self, method: str, url: Any, *positional: Any, **told: Any) -> requests.Response:
        """One request, one answer."""
        return super().request(method, url, *positional, **{**told, "allow_redirects": False})


def _without_length(headers: Mapping[str, Any]) -> dict[str, str]:
    # The client counts itself, and unpacks nothing.
    left_out = {"content-length", "accept-encoding", "connection"}
    kept = {name: value for name, value in headers.items() if name.lower() not in left_out}
    return {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in kept.items()}
