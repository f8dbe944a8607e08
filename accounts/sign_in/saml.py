"""SAML, checked more closely than allauth does: an answer is for the sign-in that asked, and counts once."""

import hashlib
import time
from typing import Any

from allauth.socialaccount.providers.saml.provider import SAMLProvider
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

_CONFIRMED = "{urn:oasis:names:tc:SAML:2.0:assertion}SubjectConfirmationData"
# How long a used assertion is remembered that does not say when it ends (seconds).
REMEMBERED = 86_400


class BoundProvider(SAMLProvider):  # type: ignore[misc]
    """allauth's own; why an answer is refused is told to `pre_social_login` with the login."""

    def sociallogin_from_response(self, request: HttpRequest, response: Any) -> Any:
        """The person whom the provider's answer is about."""
        login = super().sociallogin_from_response(request, response)
        login.refused = _reason_against(self.app.client_id, response)
        return login


def _reason_against(provider: str, auth: Any) -> str:
    """Why a valid answer is refused all the same; empty: it is not.

    The signature covers the assertion, not the answer around it: only what the assertion itself says to answer counts.
    """
    document = OneLogin_Saml2_XML.to_etree(auth.get_last_response_xml())
    answered = {one.get("InResponseTo") for one in document.iter(_CONFIRMED)}
    if answered != {auth.get_last_response_in_response_to()}:
        return _("The answer of the provider was not made for this sign-in.")
    id = hashlib.sha256(f"{provider} {auth.get_last_assertion_id()}".encode()).hexdigest()
    lasts = (auth.get_last_assertion_not_on_or_after() or time.time() + REMEMBERED) - time.time()
    # Clocks may differ by some minutes, for which an assertion is taken after its end.
    if not cache.add(f"saml-assertion-{id}", True, timeout=max(lasts, 0) + 600):
        return _("This answer of the provider was used before.")
    return ""
