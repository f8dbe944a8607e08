"""An OpenID Connect provider on this machine, with keys of its own, that lets in whom the test says."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

CLIENT, SECRET = "steadyrun", "a client's secret"


@dataclass
class Provider:
    """The provider: `claims` are of who signs in; `wrong_key` signs with a key that it does not publish.

    `algorithm` and `kid` are of its tokens.
    """

    address: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    wrong_key: bool = False
    algorithm: str = "RS256"
    kid: str | None = "one"
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def authorize(self, url: str) -> str:
        """What the browser does at the provider: the address that it is led back to."""
        told = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert told["response_type"] == "code"
        assert told["client_id"] == CLIENT
        code = f"code-{len(self.codes)}"
        self.codes[code] = told
        return f"{told['redirect_uri']}?code={code}&state={told['state']}"

    def token(self, form: dict[str, str]) -> dict[str, str]:
        """Exchanges a code, as RFC 6749 and 7636 say."""
        self.asked.append(form)
        told = self.codes.pop(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == told["code_challenge"]
        assert form["client_secret"] == SECRET
        now = int(time())
        claims = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 60, **self.claims}
        key = rsa.generate_private_key(65537, 2048) if self.wrong_key else self.key
        if self.algorithm in ("HS256", "none"):
            key = SECRET * 2 if self.algorithm == "HS256" else None
        return {
            "access_token": "t",
            "token_type": "Bearer",
            "id_token": jwt.encode(claims, key, self.algorithm, headers={"kid": self.kid} if self.kid else None),
        }

    def answer(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        """The answer to a request of ours."""
        if path == "/.well-known/openid-configuration":
            parts = {"authorization_endpoint": "authorize", "token_endpoint": "token", "userinfo_endpoint": "userinfo"}
            told = {name: f"{self.address}/{part}" for name, part in parts.items()}
            methods = ["client_secret_post"]
            return {
                "issuer": self.address,
                "jwks_uri": f"{self.address}/keys",
                "token_endpoint_auth_methods_supported": methods,
                **told,
            }
        if path == "/keys":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return {"keys": [{**public, "kid": "one", "alg": "RS256"}]}
        return dict(self.token(form)) if path == "/token" else self.claims


@contextmanager
def providing() -> Iterator[Provider]:
    """A provider that runs."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            text = json.dumps(provider.answer(urlsplit(self.path).path, form)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET  # noqa: N815 - the name that the server looks for

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def sign_in_by(provider: Provider, id: object, client: Client | None = None) -> tuple[Client, Any]:
    """A browser that goes to the provider and back: the browser, and the last answer."""
    client = client or Client()
    led = client.get(f"/sign-in/oidc/{id}/")
    assert led.status_code == 302, led.content
    back = urlsplit(provider.authorize(led["Location"]))
    return client, client.get(f"{back.path}?{back.query}")
