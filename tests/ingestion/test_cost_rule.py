"""Which cost of a step counts is a rule of its source."""

from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.intake import take_in
from ingestion.kinds import CostRule, SourceKind
from ingestion.models import Source
from ingestion.records import Decoded, Tokens
from ingestion.services.sources import create_source
from ingestion.sources import forget_sources, info_of
from monitoring.models import Step
from tests.billing.prices import price
from tests.factories import NOW, report, step

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(team: Team) -> Source:
    forget_sources()
    with team_context(team.id):
        return create_source(team=team, kind=SourceKind.REST, name="Agent").source


def counted(team: Team, source: Source) -> Decimal | None:
    """What counts of a step that told 0.01 and is computed to cost 0.0045."""
    told = step(
        provider="acme", model="large", tokens=Tokens(input=1000, output=100), cost_usd=Decimal("0.01"), id="call"
    )
    decoded = Decoded(reports=[(0, report(id=f"run-{source.cost_rule}", steps=[told]))])
    take_in(info_of(source), decoded, now=NOW, byte_count=1)
    with team_context(team.id):
        return Step.objects.order_by("cost_usd").values_list("cost_usd", flat=True).first()


def test_the_rule_of_the_source_says_what_counts(team: Team, source: Source) -> None:
    price(team, "large", input=3, output=15)
    assert counted(team, source) == Decimal("0.01")
    source.cost_rule = CostRule.COMPUTED.value
    assert counted(team, source) == Decimal("0.0045")


def test_the_form_of_a_source_sets_the_rule(owner_client: Client, team: Team, source: Source) -> None:
    address = f"/t/{team.slug}/sources/{source.id}/settings/"
    assert 'name="cost_rule"' in owner_client.get(address).content.decode()
    form = {"name": "Agent", "environment": "", "workflow": "", "completeness": "", "sample_rate": ""}
    assert owner_client.post(address, {**form, "cost_rule": "computed"}).status_code == 302
    with team_context(team.id):
        assert Source.objects.get(id=source.id).cost_rule == CostRule.COMPUTED
    refused = owner_client.post(address, {**form, "cost_rule": "guessed"})
    assert refused.status_code == 422
    assert owner_client.post(address, form).status_code == 302
    with team_context(team.id):
        assert Source.objects.get(id=source.id).cost_rule == CostRule.TOLD
