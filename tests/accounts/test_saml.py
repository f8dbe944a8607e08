"""Signing in by SAML: a signed answer of the team's provider lets in, anything else does not."""
# ruff: noqa: E501 - what SAML sends has long lines

import base64
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.test import Client
from django.utils import timezone
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from accounts.models import IdentityDomain, Membership, Team, TeamIdentityProvider, User
from accounts.permissions import Role

pytestmark = pytest.mark.django_db
ISSUER = "https://idp.harbour.test/metadata"
ANSWER = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"
 ID="r{id}" Version="2.0" IssueInstant="{now}" Destination="{acs}" InResponseTo="{asked}"><saml:Issuer>{issuer}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>{assertion}</samlp:Response>"""
ASSERTION = """<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="a{id}" Version="2.0" IssueInstant="{now}">
<saml:Issuer>{issuer}</saml:Issuer><saml:Subject><saml:NameID>{uid}</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{end}"
 Recipient="{acs}" InResponseTo="{asked}"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{begin}" NotOnOrAfter="{end}"><saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience>
</saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{now}" SessionIndex="s1"><saml:AuthnContext>
<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>
</saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="email"><saml:AttributeValue>{email}</saml:AttributeValue>
</saml:Attribute><saml:Attribute Name="groups"><saml:AttributeValue>platform</saml:AttributeValue></saml:Attribute>
</saml:AttributeStatement></saml:Assertion>"""


def pair() -> tuple[str, str]:
    """A private key and its certificate, as PEM."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return text.decode(), made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


KEY, CERTIFICATE = pair()


@pytest.fixture
def provider(sure_client: Client, team: Team) -> TeamIdentityProvider:
    page = f"/t/{team.slug}/settings/sign-in/"
    told = {"do": "provider", "kind": "saml", "name": "Harbour SAML", "issuer": ISSUER, "certificate": CERTIFICATE}
    told |= {"sso_url": "https://idp.harbour.test/sso", "group_roles": "platform = developer", "is_enabled": "on"}
    answer = sure_client.post(page, told)
    assert answer.status_code == 302, answer.context["reason"]
    IdentityDomain.objects.create(team=team, domain="harbour.test", confirmed_at=timezone.now())
    assert "/metadata/" in sure_client.get(page).content.decode()
    return TeamIdentityProvider.objects.get()


def ask(client: Client, provider: TeamIdentityProvider) -> str:
    """Begins to sign in; the id of the request that the provider gets."""
    led = client.get(f"/sign-in/saml/{provider.id}/login/", headers={"host": "localhost"})
    assert led["Location"].startswith("https://idp.harbour.test/sso?")
    text = parse_qs(urlsplit(led["Location"]).query)["SAMLRequest"][0]
    return ElementTree.fromstring(zlib.decompress(base64.b64decode(text), -15)).attrib["ID"]


def answer(client: Client, provider: TeamIdentityProvider, asked: str, key: str = KEY, **told: str) -> Any:
    """The provider's answer, as the browser brings it; the last page."""
    now, base = datetime.now(UTC), f"http://localhost/sign-in/saml/{provider.id}"
    values = {
        "id": uuid4().hex,
        "now": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "begin": f"{now - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{now + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}",
        "acs": f"{base}/acs/",
        "audience": f"{base}/metadata/",
        "asked": asked,
        "issuer": ISSUER,
        "uid": "n-1",
        "email": "new@harbour.test",
        **told,
    }
    assertion = ASSERTION.format(**values)
    if not told.get("bound", "yes"):
        assertion = assertion.replace(f' InResponseTo="{asked}"', "")
    if key:
        assertion = OneLogin_Saml2_Utils.add_sign(assertion, key, CERTIFICATE).decode()
    text = ANSWER.format(**values, assertion=assertion)
    form = {"SAMLResponse": base64.b64encode(text.encode()).decode()}
    return client.post(f"{base[len('http://localhost') :]}/acs/", form, follow=True, headers={"host": "localhost"})


def test_a_signed_answer_lets_in_with_the_role_of_the_group(provider: TeamIdentityProvider, team: Team) -> None:
    client = Client()
    page = answer(client, provider, ask(client, provider))
    assert page.status_code == 200
    assert Membership.objects.get(user__email="new@harbour.test").role == Role.DEVELOPER
    assert client.get(f"/t/{team.slug}/workflows/").status_code == 200


@pytest.mark.parametrize(("https", "name"), [(True, "__Host-saml-acs-session"), (False, "saml-acs-session")])
def test_the_cookie_of_an_answer_is_guarded_and_goes_at_the_end(
    provider: TeamIdentityProvider, settings: Any, https: bool, name: str
) -> None:
    settings.HTTPS = settings.SESSION_COOKIE_SECURE = https
    client = Client()
    page = answer(client, provider, ask(client, provider))
    assert page.status_code == 200
    assert set(client.cookies) == {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, name}
    gone = client.cookies[name]
    assert (gone.value, gone["max-age"]) == ("", 0)
    form = {"SAMLResponse": base64.b64encode(b"<a/>").decode()}
    first = Client().post(f"/sign-in/saml/{provider.id}/acs/", form, headers={"host": "localhost"})
    made = first.cookies[name]
    assert (made["path"], made["httponly"], made["samesite"], bool(made["secure"])) == ("/", True, "Lax", https)
    assert made.value


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("another key", {"key": pair()[0]}),
        ("no signature", {"key": ""}),
        ("another audience", {"audience": "https://elsewhere.test/"}),
        ("another issuer", {"issuer": "https://elsewhere.test/"}),
        ("too late", {"end": "2020-01-01T00:00:00Z"}),
        ("a foreign address", {"email": "stranger@mountain.test"}),
    ],
)
def test_any_other_answer_opens_nothing(
    provider: TeamIdentityProvider, stranger: User, what: str, told: dict[str, str]
) -> None:
    client = Client()
    page = answer(client, provider, ask(client, provider), **told)
    assert page.status_code in (401, 403)
    assert client.get("/account/").status_code == 302


def test_an_answer_nobody_asked_for_opens_nothing(provider: TeamIdentityProvider) -> None:
    client = Client()
    assert answer(client, provider, "ONELOGIN_made_up").status_code >= 400
    assert client.get("/account/").status_code == 302


def test_an_answer_opens_once(provider: TeamIdentityProvider) -> None:
    first, second = Client(), Client()
    asked = ask(first, provider)
    assert answer(first, provider, asked).status_code == 200
    assert answer(second, provider, asked).status_code >= 400


def test_the_same_assertion_opens_once_even_for_a_sign_in_that_asked(provider: TeamIdentityProvider) -> None:
    first, second = Client(), Client()
    assert answer(first, provider, ask(first, provider), id="1").status_code == 200
    page = answer(second, provider, ask(second, provider), id="1")
    assert page.status_code == 403
    assert "was used before" in page.content.decode()
    assert second.get("/account/").status_code == 302


def test_an_assertion_that_answers_nothing_cannot_be_wrapped_into_an_answer(provider: TeamIdentityProvider) -> None:
    client = Client()
    page = answer(client, provider, ask(client, provider), bound="")
    assert page.status_code == 403
    assert client.get("/account/").status_code == 302


def test_nobody_is_signed_out_by_an_address_and_no_large_answer_is_kept(
    provider: TeamIdentityProvider, owner_client: Client
) -> None:
    base = f"/sign-in/saml/{provider.id}"
    assert owner_client.get(f"{base}/sls/?SAMLRequest=x").status_code == 404
    assert owner_client.get("/account/").status_code == 200
    assert owner_client.post(f"{base}/acs/", {"SAMLResponse": "A" * 300_000}).status_code == 413


def test_a_page_of_somebody_else_starts_no_sign_in(provider: TeamIdentityProvider) -> None:
    address, told = f"/sign-in/saml/{provider.id}/login/", {"sec-fetch-site": "cross-site"}
    assert "Continue only if" in Client().get(address, headers=told).content.decode()
