"""API calls pass by what serves pages, and still carry the headers that every answer carries."""

from django.test import Client, RequestFactory

from config.direct import DirectApi
from config.programs import PREFIXES


def test_an_api_answer_carries_the_security_headers(api_key: str) -> None:
    headers = {"Authorization": f"Bearer {api_key}"}
    answer = Client().get("/api/v1/workflows/", headers=headers, secure=True)
    assert answer.status_code == 200
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "Set-Cookie" not in answer


def test_hsts_reaches_the_api_too(api_key: str, settings: object) -> None:
    settings.SECURE_HSTS_SECONDS = 60  # type: ignore[attr-defined]
    answer = Client().get("/api/v1/workflows/", headers={"Authorization": f"Bearer {api_key}"}, secure=True)
    assert answer["Strict-Transport-Security"].startswith("max-age=60")


def test_an_unknown_address_of_the_api_is_not_found(db: None) -> None:
    assert Client().get("/api/v1/nothing").status_code == 404


def test_pages_go_through_the_whole_chain() -> None:
    seen = []
    DirectApi(lambda request: seen.append(request.path))(RequestFactory().get("/sign-in/"))  # type: ignore[arg-type, func-returns-value, return-value]
    assert seen == ["/sign-in/"]


def test_programs_are_refused_without_tls_and_people_led_to_it(api_key: str, settings: object) -> None:
    settings.SECURE_SSL_REDIRECT = True  # type: ignore[attr-defined]
    settings.SECURE_REDIRECT_EXEMPT = [f"^{prefix[1:]}" for prefix in PREFIXES]  # type: ignore[attr-defined]
    client, headers = Client(), {"Authorization": f"Bearer {api_key}"}
    refused = client.get("/api/v1/workflows/", headers=headers)
    assert (refused.status_code, refused.json()["title"]) == (403, "TLS needed")
    assert client.get("/api/v1/workflows/", headers=headers, secure=True).status_code == 200
    assert client.get("/healthz").status_code == 200
    assert client.get("/sign-in/")["Location"] == "https://testserver/sign-in/"
