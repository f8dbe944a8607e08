"""numpy as the application loads it."""

import os
import subprocess
import sys

PROGRAM = """
import os
from monitoring.analysis.arrays import np
ones = np.ones((800, 800), dtype=np.float32)
assert (ones @ ones)[0, 0] == 800
print(len(os.listdir("/proc/self/task")))
"""


def test_it_computes_in_the_thread_that_asks() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    told = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["1"]
