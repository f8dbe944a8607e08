"""Keys tell nothing of other teams: what may collide, and what may be pointed to, stays within the team.

Read from the catalogue. A key that goes across teams stands here with the reason why its collision says nothing.
"""

from typing import Any

import pytest
from django.db import connections
from django.test import Client

from accounts.models import FormerSlug, IdentityDomain, Team
from accounts.services.teams import NewTeam
from tests.factories import NOW

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

_OURS = "an id that we make, random or counted: nobody chooses one"
_QUEUE = "the id of a row of a team, which we made"
_SECRET = "a secret that we make, too long to be met by chance"
# Unique keys of tables with a team that do not begin with it, all of control tables.
ACROSS: dict[str, str] = {
    **dict.fromkeys(
        (
            *("accounts_apikey_pkey", "accounts_membership_pkey", "cost_mail_pkey", "cost_mail_plan_pkey"),
            *("identity_domain_pkey", "invitation_pkey", "review_mail_pkey", "team_identity_provider_pkey"),
            *("due_diagnosis_pkey", "outbox_entry_pkey", "source_receipt_pkey", "impersonation_pkey", "key_mail_pkey"),
        ),
        _OURS,
    ),
    **dict.fromkeys(
        (
            *("alert_delivery_due_pkey", "channel_due_pkey", "export_due_pkey", "improvement_due_pkey"),
            *("team_export_pkey", "personal_data_due_pkey"),
            *("incident_due_pkey", "outbox_schedule_pkey", "rule_due_pkey", "silence_due_pkey", "tracker_due_pkey"),
        ),
        _QUEUE,
    ),
    **dict.fromkeys(("accounts_apikey_prefix_key", "invitation_token_hash_key", "source_address_pkey"), _SECRET),
    "former_slug_pkey": "addresses of teams are one name space: that one is not free is told, not whose it is or was",
    "identity_domain_confirmed_once": "only the administration of the installation confirms a domain",
}


def rows(sql: str) -> list[tuple[Any, ...]]:
    """The owner's view of the catalogue."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


TABLES = (
    "SELECT c.oid FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'team_id' "
    "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace"
)


def test_every_unique_key_begins_with_the_team_or_is_listed() -> None:
    found = rows(
        "SELECT i.relname, a.attname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
        "LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0] "
        f"WHERE x.indisunique AND x.indrelid IN ({TABLES}) ORDER BY 1"
    )
    across = {name for name, first in found if first != "team_id"}
    assert across == set(ACROSS)


def test_every_foreign_key_between_rows_of_teams_begins_with_the_team() -> None:
    found = rows(
        "SELECT c.conname, c.conrelid::regclass::text, a.attname FROM pg_constraint c "
        "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] "
        f"WHERE c.contype = 'f' AND c.conparentid = 0 AND c.conrelid IN ({TABLES}) AND c.confrelid IN ({TABLES}) "
        "ORDER BY 1"
    )
    assert found
    assert [name for name, _, first in found if first != "team_id"] == []


@pytest.mark.parametrize("whose", ["has", "had"])
def test_that_an_address_is_not_free_tells_nothing_of_the_team(
    whose: str, owner_client: Client, team: Team, other_team: NewTeam
) -> None:
    if whose == "had":
        FormerSlug.objects.create(slug="mountain-before", team=other_team.team)
    slug = other_team.team.slug if whose == "has" else "mountain-before"
    answer = owner_client.post(f"/t/{team.slug}/settings/team/rename/", {"name": team.name, "slug": slug})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "is not free" in text
    assert other_team.team.name not in text.replace(slug, "")


def test_a_domain_of_another_team_is_noted_like_any_other(sure_client: Client, team: Team, other_team: NewTeam) -> None:
    IdentityDomain.objects.create(team=other_team.team, domain="mountain.test", confirmed_at=NOW)

    def add(domain: str) -> tuple[int, list[str]]:
        answer = sure_client.post(
            f"/t/{team.slug}/settings/sign-in/", {"do": "add_domain", "name": domain}, follow=True
        )
        assert IdentityDomain.objects.filter(team=team, domain=domain, confirmed_at=None).exists()
        return answer.status_code, [str(one).replace(domain, "") for one in answer.context["messages"]]

    assert add("mountain.test") == add("quagmire.test")
