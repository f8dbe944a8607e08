"""The page on metrics of alert rules says what the catalogue and the default rules say."""

from pathlib import Path

from alerts.analysis.catalogue import METRICS, RUNS, STEPS, Metric
from alerts.analysis.default_rules import DEFAULT_RULES

PAGE = (Path(__file__).parents[2] / "docs/alerts/metrics.md").read_text()


def rows_of(first: str) -> list[list[str]]:
    """The rows of the table whose first column is called so."""
    text = PAGE.split(f"\n| {first} |", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


def split_by(one: Metric) -> str:
    parts = [name for name, scopes in (("steps", STEPS), ("runs", RUNS)) if scopes <= one.scopes]
    return ", ".join([*parts, *sorted(one.scopes - STEPS - RUNS)])


def test_every_metric_is_there_as_the_catalogue_has_it() -> None:
    told = {row[0].strip("`"): row[2:] for row in rows_of("metric")}
    assert told == {
        one.name: [one.unit.value, one.family.value, split_by(one), "yes" if one.has_usual else "no"]
        for one in METRICS.values()
    }
    assert list(told) == list(METRICS)


def test_every_default_rule_is_there() -> None:
    told = [(row[0], row[1].strip("`"), row[2]) for row in rows_of("rule")]
    assert told == [(one.name, one.metric, one.severity.value) for one in DEFAULT_RULES]
