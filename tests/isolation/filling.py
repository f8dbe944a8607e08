"""Two teams with one of everything each, so that each id of the other team in a request names something real."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.utils import timezone

from accounts.acting import Actor, ActorKind, Via, acting
from accounts.encryption import encrypt
from accounts.models import (
    AuditEvent,
    AuditStream,
    IdentityDomain,
    Membership,
    ProviderKind,
    ProvisionedGroup,
    Team,
    TeamExport,
    TeamIdentityProvider,
    User,
)
from accounts.permissions import Role
from accounts.services.groups import save_group
from accounts.services.invitations import invite
from accounts.services.teams import NewTeam, create_team_with_owner
from accounts.tenancy import team_context
from alerts.models import IncidentStatus, Route, Silence
from billing.models import Discount, Entry, ProviderStatement, ReRating, StatementLine
from billing.services import entries, export_jobs
from ingestion.kinds import SourceKind
from ingestion.models import CapturePolicy, Delivery, Destination, PersonalDataJob, RedactionRule
from ingestion.records import Failure
from ingestion.services.deliveries import receive
from ingestion.services.sources import create_source
from ingestion.sources import forget_sources, info_of
from monitoring.models import (
    Execution,
    FailureGroup,
    Finding,
    LegalHold,
    Release,
    SavedView,
    Step,
    SuccessCriterion,
    Tracker,
    TrackerDelivery,
    Workflow,
)
from monitoring.services.improvements import Wanted, plan_improvement
from monitoring.statuses import Status
from tests.alerts import opening, telling
from tests.billing.budgeting import budget
from tests.billing.lines import add_line
from tests.billing.prices import price
from tests.billing.rates import add_rate
from tests.factories import NOW, report, step, store
from tests.isolation.passkeys import credential
from tests.people import PASSWORD

MONTH = date(2026, 8, 1)
# When the teams were filled: what a request adds comes after it.
BEFORE = NOW - timedelta(minutes=1)
LATER = NOW + timedelta(days=7)


@contextmanager
def at(moment: Any = NOW) -> Iterator[None]:
    """The clock stands still, so that two answers differ by what was asked alone."""
    with mock.patch.object(timezone, "now", return_value=moment):
        yield


def fill(name: str) -> tuple[NewTeam, dict[str, str]]:
    """A team with one of everything, and by kind what names that one in a request."""
    forget_sources()
    made = create_team_with_owner(name=name, email=f"owner@{name}.test", password=PASSWORD)
    team = made.team
    ids = {"team": team.slug, **_records(team), **_people(team, made.owner)}
    with team_context(team.id), acting(Actor(ActorKind.USER, made.owner.email, made.owner.id), Via.PAGE):
        ids |= _kept(team)
        ids |= _alerts(team)
        ids |= _sources(team)
    ids |= _costs(team)
    return made, {kind: str(value) for kind, value in ids.items()}


def names(mark: str) -> dict[str, str]:
    """What the team's records are called. Of one length for marks of one length."""
    called = ("workflow", "node", "system", "model", "provider", "tool", "release", "environment", "input", "trigger")
    return {kind: f"{mark}-{kind}" for kind in called}


def _records(team: Team) -> dict[str, Any]:
    told = names(team.slug)
    error = Failure(type=f"{team.slug}Error", message=f"{team.slug} refused")
    failing = {"status": Status.FAILED, "error": error}
    runs = [
        report(
            id=f"{team.slug}-{number}",
            workflow=told["workflow"],
            release=told["release"],
            input_type=told["input"],
            trigger=told["trigger"],
            tags={"customer": f"{team.slug}-tag"},
            **({"environment": told["environment"]} if number == 0 else {}),
            **(failing if number % 2 else {}),
            steps=[
                step(
                    id=f"{team.slug}-step",
                    node=told["node"],
                    external_system=told["system"],
                    provider=told["provider"],
                    model=told["model"],
                    tool=told["tool"],
                    **(failing if number % 2 else {}),
                )
            ],
        )
        for number in range(4)
    ]
    store(team, *runs)
    with team_context(team.id):
        execution = Execution.objects.get(external_id=f"{team.slug}-1")
        workflow = Workflow.objects.get()
        return {
            **told,
            "workflow": workflow.slug,
            "workflow id": workflow.id,
            "execution": execution.id,
            "external execution": execution.external_id,
            "step": Step.objects.get(execution_id=execution.id).id,
            "failure group": FailureGroup.objects.get().id,
            "release id": Release.objects.get().id,
            "error": f"{team.slug}Error",
            "tag": f"{team.slug}-tag",
        }


def _people(team: Team, owner: User) -> dict[str, Any]:
    person = User.objects.create_user(f"member@{team.slug}.test", PASSWORD)
    member = Membership.objects.create(team=team, user=person, role=Role.DEVELOPER)
    IdentityDomain.objects.create(team=team, domain=f"{team.slug}.test", confirmed_at=NOW)
    provider = TeamIdentityProvider.objects.create(
        team=team,
        kind=ProviderKind.SAML,
        name="Company",
        issuer=f"https://idp.{team.slug}.test",
        sso_url=f"https://idp.{team.slug}.test/sso",
        certificate="none",
    )
    # Numbers that no answer holds by chance.
    number = 7_310_000_000 + sum(team.slug.encode())
    key = Authenticator.objects.create(
        id=number % 2**31,
        user=owner,
        type=Authenticator.Type.WEBAUTHN,
        data={"name": "Key", "credential": credential(team.slug)},
    )
    session = UserSession.objects.create(
        id=number % 2**31, user=owner, session_key=f"{team.slug}-session", ip="127.0.0.1", user_agent=""
    )
    return {
        "user": person.id,
        "account number": user_pk_to_url_str(person),
        "user email": person.email,
        "membership": member.id,
        "provider id": provider.id,
        "domain": IdentityDomain.objects.get(team=team).id,
        "domain name": f"{team.slug}.test",
        "authenticator": key.id,
        "session": session.id,
    }


def _search_by(owner: User) -> PersonalDataJob:
    """A search for personal data that is done. Inside the team's context."""
    return PersonalDataJob.objects.create(
        action="search",
        state="done",
        value=encrypt("somebody"),
        shown="so",
        actor_kind="user",
        actor_name=owner.email,
        asked_at=BEFORE,
        finished_at=BEFORE,
        expires_at=LATER,
    )


def _kept(team: Team) -> dict[str, Any]:
    """What members set in the flow. Inside the team's context."""
    workflow, group = Workflow.objects.get(), FailureGroup.objects.get()
    owner = User.objects.get(email=f"owner@{team.slug}.test")
    key = team.api_keys.get()
    sent = invite(
        team_id=team.id, email=f"new@{team.slug}.test", role=Role.VIEWER, giver=Role.OWNER, by=owner, now=BEFORE
    )
    people = save_group(team_id=team.id, name=f"{team.slug}-group", user_ids=[owner.id], now=BEFORE)
    finding = Finding.objects.create(
        workflow=workflow, environment_id=0, kind="concentration", subject={}, title=f"{team.slug} finding",
        evidence={}, found_at=NOW, confirmed_at=NOW,
    )  # fmt: skip
    criterion = SuccessCriterion.objects.create(workflow=workflow, name="Has steps", expression="steps > 0", position=1)
    wanted = Wanted(workflow.id, "node_design", f"{team.slug} improvement", "group_rate", failure_group_id=group.id)
    improvement = plan_improvement(team_id=team.id, wanted=wanted, by="a key", now=BEFORE)
    LegalHold.objects.create(
        execution_id=Execution.objects.get(external_id=f"{team.slug}-1").id, reason="Court", former_class=0
    )
    view = SavedView.objects.create(
        page="executions",
        name=f"{team.slug}-view",
        query="from=now-7d&to=now&status=failed",
        made_by=owner,
        is_shared=True,
    )
    AuditStream.objects.create(url=f"https://siem.{team.slug}.test", secret=encrypt("secret"), since=BEFORE)
    Tracker.objects.create(url=f"https://tracker.{team.slug}.test", created_at=BEFORE)
    delivery = TrackerDelivery.objects.create(kind="improvement.planned", payload={}, created_at=BEFORE)
    return {
        "key": key.id,
        "invitation": sent.invitation.id,
        "invitation token": sent.link.rstrip("/").rpartition("/")[2],
        "member group": people.id,
        "member group name": people.name,
        "finding": finding.id,
        "saved view": view.id,
        "criterion": criterion.id,
        "improvement": improvement.id,
        "tracker delivery": delivery.id,
        "directory group": ProvisionedGroup.objects.create(name=f"{team.slug}-directory").id,
        "team export": TeamExport.objects.create(team=team, created_at=BEFORE, expires_at=LATER).id,
        "personal data job": _search_by(owner).id,
        "capture rule": CapturePolicy.objects.create(workflow=f"{team.slug}-workflow", capture="full").id,
        "redaction rule": RedactionRule.objects.create(kind="field", what="*.secret").id,
        "audit event": AuditEvent.objects.order_by("at", "id")[0].id,
    }


def _alerts(team: Team) -> dict[str, Any]:
    channel = telling.channel(team, f"{team.slug}-channel")
    incident = telling.incident(team, status=IncidentStatus.OPEN)
    telling.event(incident)
    opening.route(team, (channel, 5), name=f"{team.slug}-route")
    silence = Silence.objects.create(reason="Repair", starts_at=NOW, ends_at=NOW + timedelta(hours=4))
    sent = telling.send(team, channel, about=incident)
    return {
        "channel": channel.id,
        "incident": incident.id,
        "rule": incident.rule_id,
        "route": Route.objects.get(name=f"{team.slug}-route").id,
        "silence": silence.id,
        "alert delivery": sent,
    }


def _sources(team: Team) -> dict[str, Any]:
    source = create_source(team=team, kind=SourceKind.GENERIC, name=f"{team.slug}-source").source
    receive(
        info_of(source),
        headers={"idempotency-key": "first"},
        body=b'{"job":7}',
        content_type="application/json",
        now=BEFORE,
    )
    destination = Destination.objects.create(kind="otlp", name=f"{team.slug}-destination", url="https://otlp.test")
    return {
        "source": source.id,
        "address": source.address,
        "delivery": Delivery.objects.get().id,
        "destination": destination.id,
    }


def _costs(team: Team) -> dict[str, Any]:
    old, new = (price(team, f"{team.slug}-model", f"{team.slug}-provider", input=rate) for rate in ("1", "2"))
    add_line(team, workflow=f"{team.slug}-workflow", provider=f"{team.slug}-provider", model=f"{team.slug}-model")
    rate = add_rate(team, f"{team.slug}-servers minute 0.008")
    limited = budget(team, name=f"{team.slug}-budget")
    with team_context(team.id):
        wanted = entries.Wanted(f"{team.slug}-entry", Entry.ADJUSTMENT, date(2026, 8, 5), Decimal(5), "Agreed")
        entry = entries.add_entry(team.id, wanted, NOW)
        statement = ProviderStatement.objects.create(
            provider=f"{team.slug}-provider", month=MONTH, filename="a.csv", format="openai", sha256="0", row_count=1
        )
        StatementLine.objects.create(statement=statement, day=MONTH, model=f"{team.slug}-model", usd=Decimal(1))
        job = export_jobs.create(
            team.id,
            table=export_jobs.Table.LINES,
            format=export_jobs.Format("csv"),
            chosen=export_jobs.Chosen(),
            now=BEFORE,
        )
        return {
            "price": old,
            "price change": ReRating.objects.create(
                old_price_id=old, new_price_id=new, starts_on=MONTH, reason="Agreed"
            ).id,
            "discount": Discount.objects.create(provider=f"{team.slug}-provider", percent=Decimal(10)).id,
            "rate": rate.id,
            "budget": limited.id,
            "entry": entry.id,
            "entry key": f"{team.slug}-entry",
            "statement": statement.id,
            "export": job.id,
        }
