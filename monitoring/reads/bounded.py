"""Reads that may not take long: each statement inside gets so much time, and the page says so instead of failing."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import OperationalError, transaction

from accounts.statements import run_prepared

# In this order: what was set before, then the new setting.
_SET = "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)"


class TooSlow(Exception):
    """A statement took longer than it may; nothing was changed, and the transaction goes on."""


@contextmanager
def at_most(milliseconds: int) -> Iterator[None]:
    """Lets each statement of its body take so long at most. Raises `TooSlow`."""
    try:
        with transaction.atomic():
            ((before, _now),) = run_prepared(_SET, [str(milliseconds)])
            yield
            run_prepared(_SET, [before])
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise TooSlow from error
        raise
