"""`manage.py analyse baseline FOLDER --answers OUT.json` on small folders, and the made-up series."""

import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from monitoring.evaluation import series
from monitoring.evaluation.baseline import answer_file

HOURS = [f"2026-03-{2 + hour // 24:02}T{hour % 24:02}:00:00" for hour in range(500)]


def rows(*, spike: int = 400) -> list[str]:
    values = np.random.default_rng(2).normal(20, 1, len(HOURS)).round(2)
    values[spike] = 99
    return [f"{at.replace('T', ' ')},{value}" for at, value in zip(HOURS, values, strict=True)]


def write(path: Path, lines: list[str], head: str = "timestamp,value") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([head, *lines]) + "\n")
    return path


def test_the_command_tells_when_incidents_open_by_file(tmp_path: Path) -> None:
    folder = tmp_path / "series"
    write(folder / "a.csv", rows())
    write(folder / "deep" / "b.csv", rows(spike=450))
    (folder / "notes.txt").write_text("no series")
    answers = tmp_path / "answers.json"
    call_command("analyse", "baseline", str(folder), answers=answers)
    told = json.loads(answers.read_text())
    assert set(told) == {"a.csv", "deep/b.csv"}
    assert "2026-03-18 16:00:00" in told["a.csv"]
    assert "2026-03-20 18:00:00" in told["deep/b.csv"]


def test_order_columns_and_rows_without_a_measurement_do_not_matter(tmp_path: Path) -> None:
    write(tmp_path / "one" / "a.csv", rows())
    turned = [f"x,{line.partition(',')[2]},{line.partition(',')[0]}" for line in rows()]
    empty = ["x,,2026-03-05 00:30:00", "x,NaN,2026-03-05 00:40:00"]
    write(tmp_path / "two" / "a.csv", [*turned[::-1], *empty], head="host,value,timestamp")
    assert answer_file(tmp_path / "one") == answer_file(tmp_path / "two") != {"a.csv": []}


def test_a_repeated_row_is_no_error(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [*rows(), *rows()[300:303]])
    assert "2026-03-18 16:00:00" in answer_file(tmp_path)["a.csv"]


@pytest.mark.parametrize(
    ("lines", "head", "message"),
    [
        (["2026-03-02,1"], "time,value", "a.csv: the first line names no column timestamp"),
        (["1,2"], "a,b", "a.csv: the first line names no column timestamp and no column value"),
        (["2026-03-02 00:00:00,1", "soon,2"], "timestamp,value", "a.csv: line 3: 'soon' is no time"),
        (["2026-03-02 00:00:00,much"], "timestamp,value", "a.csv: line 2: 'much' is no finite number"),
        (["2026-03-02 00:00:00,-inf"], "timestamp,value", "a.csv: line 2: '-inf' is no finite number"),
        (["2026-03-02 00:00:00,1e200"], "timestamp,value", "a.csv: the value at .* is no finite number"),
        (["2026-03-02 00:00:00,nan"], "timestamp,value", "a.csv: there is no row with a value"),
        (["2026-03-02 00:00:00"], "timestamp,value", "a.csv: there is no row with a value"),
        ([], "timestamp,value", "a.csv: there is no row with a value"),
        ([], "", "a.csv: the first line names no column timestamp"),
    ],
)
def test_a_file_that_is_no_series_is_named_with_its_line(
    tmp_path: Path, lines: list[str], head: str, message: str
) -> None:
    write(tmp_path / "series" / "a.csv", lines, head)
    with pytest.raises(CommandError, match=message):
        call_command("analyse", "baseline", str(tmp_path / "series"), answers=tmp_path / "answers.json")
    assert not (tmp_path / "answers.json").exists()


def test_what_is_no_folder_of_series_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no such folder"):
        answer_file(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="has no CSV file"):
        answer_file(tmp_path)
    with pytest.raises(ValueError, match="is not a folder"):
        answer_file(write(tmp_path / "a.csv", rows()))


def test_bytes_that_are_no_text_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"timestamp,value\n2026-03-02 00:00:00,\xff\n")
    with pytest.raises(ValueError, match=r"a\.csv: .*utf-8"):
        answer_file(tmp_path)


def test_made_up_anomalies_are_mostly_found() -> None:
    kind = "requests of working days"
    found = [series.measure(kind, anomaly, 1) for anomaly in ("spike", "shift", "burst")]
    assert sum(one.found for one in found) >= 2
    assert sum(one.false for one in found) <= 0.002 * sum(one.points for one in found)
    assert series.make(kind, "spike", 1) == series.make(kind, "spike", 1)


def test_the_table_of_made_up_series_can_be_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "KINDS", {"CPU, even": series.KINDS["CPU, even"]})
    monkeypatch.setattr(series, "ANOMALIES", {"spike": series.ANOMALIES["spike"]})
    series.main(["--seeds", "1", "--missing", "0.1"])
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["spike", "false", "a", "thousand"]
    assert line.startswith("CPU, even")
    assert "1 of 1" in line or "0 of 1" in line
