"""Writes `docs/performance.md` and its growth curves from `bench/results.json`: `python -m bench.page`.

Nothing on the page is typed by hand but its words; a test says that page and results agree.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import growth, pages
from bench.curves import chart
from bench.figures import RESULTS, figures

DOCS = Path(__file__).parents[1] / "docs"
PAGE = "performance.md"
DRAWN = ("trends_30d", "failures_30d", "workflows_30d", "development_30d", "failed_list", "execution_detail", "cost")
PROTOCOLS = {"json": "native JSON", "otlp protobuf": "OTLP protobuf", "otlp json": "OTLP JSON"}
HEAD = """# Performance

Figures and curves are those of the last run, kept in [`bench/results.json`](../bench/results.json) and written here by
`python -m bench.page`. Times differ from machine to machine; ratios do less. CPU is that of the server and of
PostgreSQL together, in the same run."""
COMMANDS = """## Measuring it yourself

| command | does |
|---|---|
| `make bench` | everything, some hours |
| `python -m bench growth` | pages, alerts, rollups, exports and ingest at 20,000, 100,000 and 1,000,000 executions |
| `python -m bench growth --executions 10000000` | the same with 10,000,000: an hour or more, 30 GB |
| `python -m bench growth --home FOLDER` | the same in a database that is kept and filled once |
| `python -m bench neighbour` | one team at its limit, another beside it |
| `python -m bench.figures` | the table above; ends with 1 where a figure is missed |
| `python -m bench.page` | this page |

Each starts servers of its own, with `fsync` on, in a folder that is thrown away. The first executions of a team are
taken in by the product; the others are made of these by PostgreSQL, with the ids that the product would give them, and
days moved whole. A test compares every column with what the product stores from the same reports, and each run counts
sampled hours again from records.

**Other products** that take spans by OTLP over HTTP get the same ones in the same run, in turn with our own web
process. What is counted is spans in requests answered with 200, and CPU where the process is on this machine:

```sh
python -m bench --target otlp=http://127.0.0.1:4318/v1/traces --header "Authorization: Bearer KEY" --pid 1234
```"""


def render(results: Mapping[str, Any]) -> dict[str, str]:
    """The files below `docs/`, by name; without curves where `growth` was not measured."""
    parts, drawings = [HEAD, _machine(results), "## Figures", _figures(results)], {}
    if grown := results.get("growth"):
        sizes = sorted(grown["pages"], key=int)
        parts += ["## Growth", _growth(grown, sizes), "### Pages", _pages(grown, sizes)]
        parts += ["### Ingest", _ingest(grown["ingest"]), "### Other work", _other(grown, sizes), _disk(grown)]
        drawings["assets/growth-pages.svg"] = _pages_chart(grown["pages"])
        drawings["assets/growth-ingest.svg"] = _ingest_chart(grown["ingest"])
    parts += ["## Beside a team at its limit", _neighbour(results), COMMANDS]
    return {PAGE: "\n\n".join(parts) + "\n", **drawings}


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _machine(results: Mapping[str, Any]) -> str:
    told = results["machine"]
    on = f"Measured on {told['cores']} cores ({told['processor']}), {told['memory_mb']:,} MB, Python {told['python']}."
    if loops := results.get("growth", {}).get("loop_ms"):
        on += f" A loop of fixed length took {min(loops):.0f} to {max(loops):.0f} ms while growth was measured"
        on += " (45 ms on such a machine with nothing else to do)."
    return on


def _figures(results: Mapping[str, Any]) -> str:
    rows = []
    for one in figures(results):
        measured = one.measured(results)
        kept = "" if measured is None else "yes" if measured <= one.limit else "no"
        told = "not measured" if measured is None else _number(measured)
        rows.append([one.what, f"{one.limit:g} {one.unit}", told, kept, f"`{one.command}`"])
    return _table(["what", "at most", "measured", "kept", "by"], rows)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _growth(grown: Mapping[str, Any], sizes: list[str]) -> str:
    different = sum(grown["different_rollups"].values())
    return (
        f"A team for each of {', '.join(f'{int(size):,}' for size in sizes)} executions, all in one database:"
        f" {grown['steps']} steps an execution, 90 days, ten workflows. Pages of all sizes were asked in turn. Of the"
        f" hours that were counted again from records {different} were different."
    )


def _pages_chart(served: Mapping[str, Any]) -> str:
    series = {name: {int(size): told[name]["cpu_ms"] for size, told in served.items()} for name in DRAWN}
    return chart("Server time of pages", "CPU ms", series)


def _pages(grown: Mapping[str, Any], sizes: list[str]) -> str:
    rows = []
    for name in grown["pages"][sizes[0]]:
        times = [grown["pages"][size][name] for size in sizes]
        by_hand = f"{times[-1]['sql_cpu_ms']:.1f}" if "sql_cpu_ms" in times[-1] else ""
        cells = [f"{one['cpu_ms']:.0f} ({one['postgres_cpu_ms']:.0f})" for one in times]
        rows.append([name, *cells, f"{grown['growth']['cpu_ms'][name]:.2f}", by_hand])
    head = ["page, CPU ms (of which PostgreSQL)", *(f"{int(size):,}" for size in sizes), "growth", "SQL by hand"]
    said = (
        f"Growth is that from the first size to {min(int(sizes[-1]), growth.LARGEST):,}, at most"
        f" {pages.LIMIT_GROWTH:g} times. SQL by hand, at the largest size, is the"
        " least that the same first answer costs: PostgreSQL and a driver, no names, comparisons or page."
    )
    return f"![Server time of pages by executions](assets/growth-pages.svg)\n\n{_table(head, rows)}\n\n{said}"


def _ingest_chart(told: Mapping[str, Any]) -> str:
    series = {}
    for protocol, name in PROTOCOLS.items():
        series[name] = {int(size): _per_million(one[protocol]) for size, one in told.items()}
    series["plain COPY"] = {int(size): one["json"]["copy_cpu_s_per_million_steps"] for size, one in told.items()}
    return chart("Ingest of a million steps or spans", "CPU s", series)


def _per_million(one: Mapping[str, float]) -> float:
    return one["cpu_s_per_million_steps"] if "cpu_s_per_million_steps" in one else one["cpu_s_per_million_spans"]


def _ingest(told: Mapping[str, Any]) -> str:
    rows = []
    for size in sorted(told, key=int):
        for protocol, name in PROTOCOLS.items():
            one = told[size][protocol]
            copy = one.get("copy_cpu_s_per_million_steps") or one["copy_cpu_s_per_million_spans"]
            cells = [f"{_per_million(one):.0f}", f"{copy:.1f}", f"{one['ratio_to_copy']:.2f}"]
            rows.append([f"{int(size):,}", name, *cells])
    head = ["executions before", "protocol", "CPU s a million", "`COPY` of the same rows", "ratio"]
    return f"![Ingest by executions](assets/growth-ingest.svg)\n\n{_table(head, rows)}"


def _other(grown: Mapping[str, Any], sizes: list[str]) -> str:
    rows = []
    for size in sizes:
        fold, rules, lines = grown["rollups"][size], grown["alerts"][size], grown["exports"][size]
        rows.append(
            [
                f"{int(size):,}",
                f"{fold['cpu_s_per_million']:.1f} ({fold['sql_cpu_s_per_million']:.1f})",
                f"{rules['cpu_s']:.2f} ({rules['sql_cpu_s']:.2f})",
                f"{lines['cpu_s']:.1f} ({lines['sql_cpu_s']:.1f}) for {lines['lines']:,}",
            ]
        )
    head = ["executions", "rollups of a million steps", "100 alert rules once", "cost lines as CSV"]
    said = (
        "CPU seconds, in brackets those of one `INSERT ... SELECT ... GROUP BY`, one `SELECT` of the same figures, one"
        " `COPY`."
    )
    return f"{_table(head, rows)}\n\n{said}"


def _disk(grown: Mapping[str, Any]) -> str:
    disk = grown["disk"]
    sizes = ", ".join(f"`{name}` {size / 1e6:,.0f} MB" for name, size in disk["bytes"].items())
    return (
        f"On the disk, indexes included: {sizes}; records take {disk['bytes_per_span']:.0f} bytes a span (these steps"
        " carry no inputs and outputs; the figure above is of steps that do)."
    )


def _neighbour(results: Mapping[str, Any]) -> str:
    told = results.get("neighbour")
    if not told:
        return "Not measured yet."
    rows = [
        [
            kind,
            f"{told[kind]['alone_p99_ms']:.0f} ms",
            f"{told[kind]['beside_p99_ms']:.0f} ms",
            f"{told[kind]['p99_rise']:+.0%} ({told[kind]['p99_rise_low']:+.0%} to {told[kind]['p99_rise_high']:+.0%})",
        ]
        for kind in ("reports", "pages")
    ]
    noisy = told["noisy_team"]
    said = (
        f"The other team may send {noisy['limit_requests_per_s']} requests of ten executions a second and sends"
        f" {noisy['offered_requests_per_s']}, from the same machine; {told['rounds']} rounds with and without in turn."
    )
    return f"{said}\n\n{_table(['99th percentile of', 'alone', 'beside it', 'more (95 %)'], rows)}"


def main() -> int:
    """Writes the page and its drawings."""
    for name, text in render(json.loads(RESULTS.read_text())).items():
        (DOCS / name).write_text(text)
        print(f"docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
