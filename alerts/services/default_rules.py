"""Gives each team the rules that are there from the start, once: what somebody changes or removes stays so."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from accounts.tenancy import team_context
from alerts.analysis.default_rules import DEFAULT_RULES, VERSION, DefaultRule
from alerts.models import AlertRule, RuleDue

_LACKING = """SELECT t.id FROM accounts_team t LEFT JOIN default_rules d ON d.team_id = t.id
    WHERE (d.version IS NULL OR d.version < %s) AND t.erased_from IS NULL ORDER BY t.id LIMIT %s"""
# Of two that find the same team the second one waits here, and then has nothing to do.
_CLAIM = """INSERT INTO default_rules AS d (team_id, version, made_at) VALUES (%s, %s, %s)
    ON CONFLICT (team_id) DO UPDATE SET version = EXCLUDED.version, made_at = EXCLUDED.made_at
    WHERE d.version < EXCLUDED.version RETURNING team_id"""
# Teams that one run of the task looks at.
BATCH = 200


def make_missing(now: datetime, *, limit: int = BATCH) -> int:
    """Gives the default rules to teams that lack some, new teams and those from before there were any; how many."""
    with connection.cursor() as cursor:
        cursor.execute(_LACKING, [VERSION, limit])
        teams = [row[0] for row in cursor.fetchall()]
    return sum(make_default_rules(team_id, now) > 0 for team_id in teams)


def make_default_rules(
    team_id: UUID, now: datetime, *, rules: Sequence[DefaultRule] = DEFAULT_RULES, version: int = VERSION
) -> int:
    """Makes those of the rules that the team never had, due at once; how many. Nothing for a team that has them all.

    Only what happens from now on fires: rules count from when they were made.
    """
    with team_context(team_id):
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, [team_id, version, now])
            if cursor.fetchone() is None:
                return 0
        had = set(
            AlertRule.objects.filter(team_id=team_id).exclude(default_key="").values_list("default_key", flat=True)
        )
        made = [
            AlertRule(team_id=team_id, created_at=now, updated_at=now, **one.as_fields())
            for one in rules
            if one.key not in had
        ]
        AlertRule.objects.bulk_create(made)
        RuleDue.objects.bulk_create(
            (RuleDue(rule_id=one.id, team_id=team_id, due_at=now) for one in made), ignore_conflicts=True
        )
        return len(made)
