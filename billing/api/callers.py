"""Who calls the costs part of the API."""

from typing import cast

from rest_framework.request import Request

from accounts.models import ApiKey


def caller(request: Request) -> ApiKey:
    """The key of a request that was let in: what it changes is written down under its name, and its maker's."""
    return cast(ApiKey, request.auth)
