"""Python's clock is wrong by `WRONG_BY_SECONDS` in each process that finds this module on its path."""

import os
from datetime import UTC, datetime, timedelta

import time_machine

if wrong_by := float(os.environ.get("WRONG_BY_SECONDS", "0")):
    time_machine.travel(datetime.now(UTC) + timedelta(seconds=wrong_by), tick=True).start()
