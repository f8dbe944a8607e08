"""One world for all pages of a process."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.isolation.asking import World, build
from tests.isolation.filling import at


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Two full teams; gone at the end."""
    with django_db_blocker.unblock(), at(), transaction.atomic():
        yield build()
        transaction.set_rollback(True)
