"""Whether tools are called wrongly."""

from monitoring.analysis.advice.answer import Answer
from monitoring.analysis.advice.tool_invocation import advise_tools, called, callers_of
from monitoring.analysis.visits import Visit

WRONG = "Error: payment amount does not add up, total price is <n>"
BUSY = "ConnectTimeout: no answer"


def calls(tool: str, count: int, error: str = "", first: int = 0, **fields) -> list[Visit]:
    status = "failed" if error else "succeeded"
    return [
        Visit(first + n, "call", status, tool=tool, error=error, start_ms=1000.0 * (first + n), **fields)
        for n in range(count)
    ]


def test_a_tool_that_refuses_what_it_is_asked_is_named_with_examples() -> None:
    visits = [*calls("book", 14), *calls("book", 23, WRONG, 14), *calls("look", 100, first=40)]
    found = advise_tools(visits, dict.fromkeys(range(200), "gpt-4o"))
    assert found.answer is Answer.CHANGE
    assert found.sentence.startswith(
        "Tighten how book is called by gpt-4o: 23 of 37 calls (95% interval 46% to 76%) are refused, mostly: refused by"
    )
    assert found.settings == {"tool": "book", "model": "gpt-4o"}
    assert found.tables[1].rows == [(WRONG, 23)]
    assert [row[:5] for row in found.tables[0].rows] == [("book", "gpt-4o", 37, 23, 23), ("look", "gpt-4o", 100, 0, 0)]


def test_failures_of_the_tool_itself_are_not_the_callers() -> None:
    found = advise_tools([*calls("book", 14), *calls("book", 23, BUSY, 14)], {})
    assert found.answer is Answer.KEEP
    assert "0 of 37 calls were refused for what they asked" in found.sentence


def test_the_trend_compares_the_halves() -> None:
    visits = [*calls("book", 50), *calls("book", 20, WRONG, 50), *calls("book", 30, first=70)]
    trend = next(line for line in advise_tools(visits, {}).lines if line.name == "Trend")
    assert trend.value == "it became more"
    assert trend.how.startswith("0 of the first 50 calls, 20 of the last 50")


def test_a_caller_is_the_only_model_of_the_run() -> None:
    visits = [Visit(1, "a", "succeeded", model="x"), Visit(2, "a", "succeeded", model="x")]
    visits.append(Visit(2, "b", "succeeded", model="y"))
    assert callers_of(visits) == {1: "x"}
    assert called([Visit(2, "c", "failed", tool="t", model="own")], {2: "x"})[0].model == "own"


def test_without_tools_it_cannot_tell() -> None:
    assert advise_tools([Visit(1, "a", "failed")], {}).answer is Answer.CANNOT_TELL
