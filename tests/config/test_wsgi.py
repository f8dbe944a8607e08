"""The web application as a process loads it."""

import subprocess
import sys

LOAD = """
import gc
import config.wsgi

print(gc.get_freeze_count(), len(gc.get_objects()))
"""


def test_what_is_loaded_is_left_out_of_garbage_collections() -> None:
    told = subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True, text=True).stdout
    frozen, watched = map(int, told.split())
    assert frozen > 50_000
    assert watched < 1_000
