"""Every figure of the pages says what it means: a figure without a definition fails here."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import lxml.html
import pytest
from django.test import Client

from accounts.models import Team
from ingestion.records import Failure, Tokens
from monitoring.definitions import DEFINITIONS
from monitoring.statuses import Status
from monitoring.templatetags.defined import how
from tests.billing.budgeting import budget
from tests.billing.lines import add_line
from tests.factories import NOW, report, step, store

RANGE = "from=2026-08-12T00:00:00Z&to=2026-08-13T00:00:00Z"
PAGES = {
    "trends": f"workflows/nightly/?{RANGE}",
    "failures": f"workflows/nightly/failures/?{RANGE}",
    "operations": "operations/",
    "development": f"development/?{RANGE}",
    "executive": f"executive/?{RANGE}",
    "cost": "cost/?at=2026-08",
    "workflows": f"workflows/?{RANGE}",
    "systems": f"systems/?{RANGE}",
    "models": f"models/?{RANGE}",
    "system": f"systems/api.example/?{RANGE}",
    "budgets": "cost/budgets/?at=2026-10",
    "months": "cost/months/",
}
FIGURES = (
    "//dl[contains(@class, 'kpi')]",
    "//dl[@class='exec']/div",
    "//nav[@class='ops']/div",
    "//dl[@class='res']/div",
)
# Columns that stand right and are no figure: times, texts, and what the cells explain themselves.
# Charts of what a rule or an improvement is about: docs/alerts/metrics.md and docs/improve/improvements.md define that.
OWN_METRIC = {"incident.html", "_rehearsal.html", "improvement.html"}
TEMPLATES = Path(__file__).parents[2] / "templates"
PLAIN = {"For", "Last report", "Last run", "Last call", "Value", "Workflows", "Duration", "Latest"}


@pytest.fixture
def filled(team: Team) -> Team:
    """A team with runs that failed, a slow one, a system, a model and costs."""
    error = Failure(type="Timeout", message="no answer")
    runs = []
    for number in range(60):
        fails = {"status": Status.FAILED, "error": error} if number % 3 == 0 else {}
        start = NOW - timedelta(minutes=5 * number + 5)
        end = start + timedelta(seconds=2 + number)
        used = {"tokens": Tokens(input=10, output=5), "cost_usd": Decimal("0.01")}
        named = {"node": "call", "external_system": "api.example", "provider": "openai", "model": "gpt"}
        runs.append(
            report(
                release="2",
                started_at=start,
                finished_at=end,
                **fails,
                steps=[step(started_at=start, ended_at=end, **named, **used, **fails)],
            )
        )
    store(team, *runs)
    add_line(team, workflow="nightly", provider="openai", model="gpt")
    budget(team)
    return team


def title(element: Any) -> str:
    """What a reader sees without help."""
    hidden = {id(one) for box in element.xpath(".//*[contains(@class, 'how')]") for one in box.iter()}
    parts = [element.text or ""]
    for one in element.iterdescendants():
        parts += [] if id(one) in hidden else [one.text or ""]
        parts += [one.tail or ""] if id(one) not in hidden or "how" in (one.get("class") or "") else []
    return " ".join(" ".join(parts).split())


def without_help(tree: Any) -> Iterator[str]:
    """The figures, columns of figures and charts of a page that say nothing of what they mean."""
    for path in FIGURES:
        yield from (title(one)[:60] for one in tree.xpath(path) if not one.xpath(".//button[@popovertarget]"))
    for head in tree.xpath("//main//th[contains(@class, 'r')][not(ancestor::details)]"):
        if not head.xpath(".//button[@popovertarget]") and title(head) not in PLAIN:
            yield f"column {title(head)}"
    for card in tree.xpath("//section[.//canvas[@data-chart]]"):
        if not card.xpath("./div[@class='card-h']/button[@popovertarget]"):
            yield f"chart {card.get('aria-labelledby')}"


@pytest.mark.django_db
def test_every_figure_has_a_definition(filled: Team, owner_client: Client) -> None:
    missing: dict[str, list[str]] = {}
    for name, path in PAGES.items():
        answer = owner_client.get(f"/t/{filled.slug}/{path}")
        assert answer.status_code == 200, name
        tree = lxml.html.fromstring(answer.content)
        buttons = tree.xpath("//button[@popovertarget]/@popovertarget")
        assert buttons, f"{name} explains nothing"
        told = tree.xpath("//*[@popover]/@id")
        assert sorted(told) == sorted(set(told)), f"{name} has an id twice"
        assert set(buttons) == set(told), name
        missing |= {name: found} if (found := list(without_help(tree))) else {}
    assert missing == {}


@pytest.mark.django_db
def test_the_arithmetic_has_the_numbers_of_the_view(filled: Team, owner_client: Client) -> None:
    tree = lxml.html.fromstring(owner_client.get(f"/t/{filled.slug}/{PAGES['trends']}").content)
    (box,) = tree.xpath("//dl//*[contains(@id, 'success_rate')]")
    rows = [tuple(part.text for part in row) for row in box.xpath("./span[@class='how-n']/span")]
    assert rows == [("Succeeded", "40"), ("Failed", "20"), ("Timed out", "0"), ("Finished, rated", "60")]
    assert DEFINITIONS["success_rate"].formula in box.text_content()


def test_no_figure_or_chart_is_shown_without_one() -> None:
    wanted = {"_kpi.html": "metric=", "_chart_card.html": "defines="}
    found = [
        f"{path.relative_to(TEMPLATES)}: {include}"
        for path in TEMPLATES.rglob("*.html")
        for include in re.findall(r"{% include \"components/_[^%]*%}", path.read_text())
        for component, told in wanted.items()
        if component in include and told not in include and path.name not in OWN_METRIC
    ]
    assert found == []


def test_a_name_without_a_definition_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        how("happiness")
    assert how("") == ""
