"""Whole public usage files, imported by the product's own command: do their totals arrive? Part of `make accuracy`."""

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from bench.stage import Stage, open_stage

# What it is called, rows, cost in dollars, tokens in and out, and the mapping.
FILES: dict[str, tuple[int, Decimal, int, int, tuple[str, ...]]] = {
    "aider_runs.csv": (
        *(35, Decimal("492.2667"), 30_865_515, 21_123_583),
        (
            *("time=date", "workflow:=aider", "model=model", "input_tokens=prompt_tokens", "cost=total_cost"),
            "output_tokens=completion_tokens",
        ),
    ),
    "azure_llm_code.csv": (
        *(8_819, Decimal(0), 18_059_974, 245_896),
        ("time=TIMESTAMP", "workflow:=azure", "input_tokens=ContextTokens", "output_tokens=GeneratedTokens"),
    ),
}


def totals(data: Path) -> Iterator[tuple[str, int, float, str]]:
    """For each file: what it is, its rows, 1 where all totals are exact, what is asked."""
    with open_stage() as stage:
        import django

        django.setup()
        from django.db import connections

        for number, (name, expected) in enumerate(FILES.items()):
            *told, mapping = expected
            found = _import(stage, data / name, f"files-{number}", mapping)
            yield f"usage import, {name}, totals exact", told[0], float(found == tuple(told)), "1"
        connections.close_all()
        connections["default"].close_pool()  # type: ignore[attr-defined]


def _import(stage: Stage, path: Path, team_name: str, mapping: tuple[str, ...]) -> tuple[int, Decimal, int, int]:
    """Rows, cost and tokens that arrived; imported twice, as the second time must change nothing."""
    from django.db import connection

    from accounts.services.teams import create_team_with_owner
    from accounts.tenancy import team_context

    team = create_team_with_owner(name=team_name, email=f"{team_name}@example.com").team
    maps = [part for text in mapping for part in ("--map", text)]
    command = [sys.executable, "manage.py", "import_usage", str(path), "--team", team.slug, *maps]
    for _ in range(2):
        subprocess.run(command, check=True, env=stage.environment, stdout=subprocess.DEVNULL)
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), COALESCE(sum(cost_usd), 0), sum(input_tokens), sum(output_tokens) FROM execution"
            " WHERE team_id = %s",
            [team.id],
        )
        rows, cost, tokens_in, tokens_out = cursor.fetchone()
    return rows, cost, int(tokens_in), int(tokens_out)
