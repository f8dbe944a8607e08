"""Rows of everything that the administration shows, with a marker wherever a payload or a secret may stand."""

from uuid import uuid4

from django.utils import timezone

from accounts.audit import record, record_for_installation
from accounts.models import IdentityDomain, Team, User
from accounts.services.impersonation import begin
from accounts.services.teams import issue_key
from accounts.tenancy import team_context
from alerts.models import AlertDelivery
from billing.models import CostMail
from ingestion.kinds import SourceKind
from ingestion.models import Destination, OutboxEntry, OutboxSchedule
from ingestion.records import LogReport
from ingestion.services.deliveries import receive
from ingestion.services.sources import create_source
from ingestion.sources import info_of
from monitoring.models import RetentionRun, ReviewMail, TrackerDelivery
from tests.alerts.opening import breach, opened, rule, workflow
from tests.alerts.telling import channel, event, notice
from tests.factories import MembershipFactory, report, step, store

MARK = "payload-marker-7431"


def fill(team: Team, root: User, count: int, start: str) -> None:
    """So many rows of everything, with the marker wherever a payload, a body, a log line or a secret may stand."""
    now = timezone.now()
    for number in range(count):
        name = f"{start}{number}"
        member = MembershipFactory(team=team)
        begin(membership=member, staff=root, reason=f"ticket {name}", now=now)
        issue_key(team=team, name=f"key {name}", scopes=["read"])
        IdentityDomain.objects.create(team=team, domain=f"{name}.test")
        ReviewMail.objects.create(team=team, user=member.user, week=now.date(), made_at=now, tries=3)
        CostMail.objects.create(team=team, user=member.user, month=now.date(), made_at=now, tries=3)
        record_for_installation("user.deactivated", ("user", member.user_id, name), about_team=team.id)
        with team_context(team.id):
            record("budget.changed", ("budget", number, name))
            _fill_tenant(team, name)


def _fill_tenant(team: Team, name: str) -> None:
    now = timezone.now()
    source = create_source(team=team, kind=SourceKind.GENERIC, name=f"hook {name}").source
    RetentionRun.objects.create(
        kind="debug", limit_days=30, first_day=now.date(), last_day=now.date(), began_at=now, ended_at=now
    )
    TrackerDelivery.objects.create(kind="test", payload={"text": MARK}, created_at=now, status="failed")
    made = Destination.objects.create(kind="loki", name=name, url="https://loki.test/", headers=MARK.encode())
    OutboxSchedule.objects.create(destination_id=made.id, team=team, next_at=now, failures=2)
    OutboxEntry.objects.create(team=team, destination_id=made.id, item_id=uuid4(), created_at=now, byte_count=9)
    about, hook = workflow(team, f"flow {name}"), channel(team, name)
    (incident,) = opened(team, breach(rule(team, name=f"rule {name}"), about), now=now)
    AlertDelivery.objects.create(
        channel=hook, incident=incident, event=event(incident), kind="opened", created_at=now,
        notice=notice().as_document(), status="failed", last_error="refused",
    )  # fmt: skip
    body = f'{{"job": 7, "text": "{MARK}"}}'.encode()
    info = info_of(source)
    receive(info, headers={"x-text": MARK}, body=body, content_type="application/json", now=now)


def with_execution(team: Team) -> None:
    """An execution with inputs, outputs and log lines."""
    now = timezone.now()
    one = step(id="s", input={"text": MARK}, output={"text": MARK}, started_at=now, ended_at=now)
    told = LogReport(message=MARK, at=now, level="info")
    store(team, report(id="run", steps=[one], input=MARK, output=MARK, finished_at=now, logs=[told]), now=now)
