"""Teams and people by factory-boy, and records that go in by the one way in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from accounts.models import ApiKey, Membership, Scope, Team, User
from accounts.permissions import Role
from accounts.services.teams import issue_key
from ingestion.acceptance import Outcome, accept
from ingestion.records import ExecutionReport, StepReport
from monitoring.statuses import Status
from monitoring.store.rollups import fold_all

# The clock of the tests' records. A fixed instant: figures do not depend on the day of the run.
NOW = datetime(2026, 8, 12, 12, 0, tzinfo=UTC)


class TeamFactory(DjangoModelFactory[Team]):
    """A team."""

    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")
    slug = factory.Sequence(lambda n: f"team-{n}")


class UserFactory(DjangoModelFactory[User]):
    """A person who can sign in with the password `password`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.test")
    password = factory.PostGenerationMethodCall("set_password", "password")

    @classmethod
    def _after_postgeneration(cls, instance: User, create: bool, results: Any = None) -> None:
        if create:
            instance.save()


class MembershipFactory(DjangoModelFactory[Membership]):
    """A developer in a team."""

    class Meta:
        model = Membership

    team = factory.SubFactory(TeamFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.DEVELOPER


class ApiKeyFactory(DjangoModelFactory[ApiKey]):
    """A key with both scopes; its text is in the attribute `text`."""

    class Meta:
        model = ApiKey

    team = factory.SubFactory(TeamFactory)
    name = "Test key"
    scopes = list(Scope.values)

    @classmethod
    def _create(cls, model_class: type[ApiKey], *args: Any, **kwargs: Any) -> ApiKey:
        key, text = issue_key(**kwargs)
        key.text = text  # type: ignore[attr-defined]
        return key


_numbers = iter(range(1, 10**9))


def report(**fields: Any) -> ExecutionReport:
    """A report: a run of the workflow `nightly` that succeeded in two minutes before `NOW`, unless told otherwise."""
    told: dict[str, Any] = {
        "id": f"run-{next(_numbers)}",
        "workflow": "nightly",
        "status": Status.SUCCEEDED,
        "started_at": NOW - timedelta(minutes=3),
        "finished_at": NOW - timedelta(minutes=1),
    }
    return ExecutionReport(**{**told, **fields})


def step(**fields: Any) -> StepReport:
    """A step: a visit of the node `work` that succeeded in a minute, unless told otherwise."""
    told: dict[str, Any] = {
        "id": f"step-{next(_numbers)}",
        "node": "work",
        "status": Status.SUCCEEDED,
        "started_at": NOW - timedelta(minutes=3),
        "ended_at": NOW - timedelta(minutes=2),
    }
    return StepReport(**{**told, **fields})


def send(team: Team, *reports: ExecutionReport, now: datetime = NOW) -> Outcome:
    """Takes reports in, as one request would; figures are not computed."""
    return accept(team.id, list(enumerate(reports)), now=now)


def store(team: Team, *reports: ExecutionReport, now: datetime = NOW) -> Outcome:
    """Takes reports in and computes the figures."""
    outcome = send(team, *reports, now=now)
    fold_all(now)
    return outcome
