"""Reads that may not take long: each statement inside gets so much time, and the page says so instead of failing."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import OperationalError, transaction

from accounts.statements import run_planned

_READ = "SELECT current_setting('statement_timeout')"
_SET = "SELECT set_config('statement_timeout', %s, true)"


class TooSlow(Exception):
    """A statement took longer than it may; nothing was changed, and the transaction goes on."""


@contextmanager
def at_most(milliseconds: int) -> Iterator[None]:
    """Lets each statement of its body take so long at most. Raises `TooSlow`."""
    try:
        with transaction.atomic():
            ((before,),) = run_planned(_READ)
            run_planned(_SET, [str(milliseconds)])
            yield
            run_planned(_SET, [before])
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise TooSlow from error
        raise
