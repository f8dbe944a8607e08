"""Fixtures of tests that tell receivers on this machine."""

from collections.abc import Iterator

import pytest

from tests.receivers import TestReceiver, receiving


@pytest.fixture
def loopback(settings) -> None:
    """Receivers on 127.0.0.1 may be called, as an operator may allow."""
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ("127.0.0.1",)


@pytest.fixture
def receiver(loopback: None) -> Iterator[TestReceiver]:
    """A receiver on this machine."""
    with receiving() as found:
        yield found
