"""What the bench is asked, how it compares, and where it sends spans."""

from pathlib import Path

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from bench import growth, pages, target
from bench.__main__ import KINDS, asked
from bench.clock import in_turn
from bench.neighbour import Heard, compared
from monitoring.models import Execution
from tests.web import running


def test_everything_is_measured_where_nothing_is_named() -> None:
    assert asked([]).kinds == KINDS
    assert asked([]).executions == 1_000_000
    assert asked(["growth", "--executions", "10000000"]).executions == 10_000_000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["speed"], "unknown: speed"),
        (["target"], "belong together"),
        (["growth", "--executions", "25000"], "a multiple of 10,000"),
        (["growth", "--executions", "20000000"], "at most 10,000,000"),
        (["--target", "otlp=127.0.0.1"], "otlp=http://HOST"),
        (["--target", "otlp=http://127.0.0.1:4318/v1/traces", "--header", "none"], "Name: value"),
    ],
)
def test_what_cannot_be_measured_is_said(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        asked(arguments)
    assert said in capsys.readouterr().err


def test_sizes_end_with_the_largest() -> None:
    assert growth.sizes(1_000_000) == [20_000, 100_000, 1_000_000]
    assert growth.sizes(10_000_000) == [20_000, 100_000, 1_000_000, 10_000_000]
    assert growth.sizes(50_000) == [20_000, 50_000]


def test_growth_is_of_the_largest_by_the_smallest() -> None:
    served = {size: {"trends": {"cpu_ms": ms}} for size, ms in (("100000", 25.0), ("20000", 20.0), ("1000000", 30.0))}
    assert pages.growth(served, "cpu_ms") == {"trends": 1.5}


def test_works_have_their_turn_in_every_round() -> None:
    done: list[str] = []
    works = {name: lambda name=name: done.append(name) for name in "ab"}
    found = in_turn(1, works, rounds=2, each=2, warm=1)
    assert "".join(done) == "ab" + "aabb" * 2
    assert set(found["a"]) == {"wall_ms", "best_wall_ms", "python_cpu_ms", "postgres_cpu_ms", "cpu_ms"}


def test_a_neighbour_that_makes_everything_half_as_slow_again_is_heard() -> None:
    alone = [[float(ms) for ms in range(1, 101)]] * 4
    found = compared(Heard(alone, [[1.5 * ms for ms in part] for part in alone]))
    assert found["alone_p99_ms"] == 100
    assert found["p99_rise"] == pytest.approx(0.5)
    assert found["p99_rise_low"] == found["p99_rise_high"] == pytest.approx(0.5)
    assert compared(Heard(alone, alone))["p99_rise"] == 0


@pytest.mark.django_db(transaction=True)
def test_a_target_that_takes_spans_acknowledges_them(team: Team, api_key: str, tmp_path: Path) -> None:
    with running(tmp_path) as address:
        wanted = target.parse(f"otlp={address}/v1/traces", [f"Authorization: Bearer {api_key}"], None)
        told = target.send(wanted, target.FIRST, batches=2)
        refused = target.send(target.parse(f"otlp={address}/v1/traces", [], None), target.FIRST, batches=1)
    with team_context(team.id):
        counts = Execution.objects.values_list("step_count", flat=True)
        assert told["acknowledged"] == sum(counts) + len(counts)
    assert told["otherwise"] == {}
    assert (refused["acknowledged"], set(refused["otherwise"])) == (0, {"401"})
