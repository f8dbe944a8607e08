"""How often before and after is wrong: false "helped" and missed halvings under a look every hour, on simulated runs.

No database: `monitoring.evaluation.proving` makes the runs, `monitoring.analysis.proof` decides.
"""

from dataclasses import replace
from typing import Any

from monitoring.evaluation.proving import SETTINGS, simulate

REPEATS = 400
SEED = 20
MOST_FALSE, MOST_MISSED = 0.05, 0.2


def measure(repeats: int = REPEATS) -> dict[str, Any]:
    """Shares by setting; `within_limits` says whether each keeps both promises."""
    results: dict[str, Any] = {"repeats": repeats}
    for number, (name, setting) in enumerate(SETTINGS.items()):
        nothing = simulate(setting, repeats, SEED + number)
        halved = simulate(replace(setting, factor=0.5), repeats, SEED + 100 + number)
        results[name] = {
            "nothing_changed": {"helped": nothing.helped, "worse": nothing.worse, "median_runs": nothing.runs},
            "halved": {"helped": halved.helped, "missed": 1 - halved.helped, "median_runs": halved.runs},
            "within_limits": nothing.helped <= MOST_FALSE and 1 - halved.helped <= MOST_MISSED,
        }
    return results
