"""What was given up and can be tried again, by team."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.every_team import MOST, read_each
from accounts.models import KeyMail, Team
from billing.models import CostMail
from ingestion.models import OutboxSchedule
from monitoring.models import ReviewMail

# More is shown as so many.
MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of what is given up: the table, which rows, and the filter of its list in the administration."""

    label: str
    table: str
    where: str
    admin: str
    filter: str

    def spoken(self) -> "Kind":
        """The same with its name in the language of who reads."""
        return replace(self, label=_(self.label))


KINDS: tuple[Kind, ...] = (
    Kind(
        gettext_noop("Alert notices"),
        "alert_delivery",
        "status = 'failed'",
        "alerts_alertdelivery",
        "status__exact=failed",
    ),
    Kind(
        *(gettext_noop("Tracker messages"), "tracker_delivery", "status = 'failed'", "monitoring_trackerdelivery"),
        "status__exact=failed",
    ),
    Kind(
        gettext_noop("Webhook deliveries"),
        "delivery",
        "outcome = 'rejected'",
        "ingestion_delivery",
        "outcome__exact=rejected",
    ),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """How many of one kind a team has, and where they are tried again."""

    label: str
    count: int
    href: str

    @property
    def is_more(self) -> bool:
        """Whether there are more than were counted."""
        return self.count >= MOST_COUNTED


@dataclass(frozen=True, slots=True)
class TeamRow:
    """What was given up of one team, what its records take, and when retention deleted something last."""

    team: Team
    cells: Sequence[Cell]
    storage_bytes: int
    retention_at: datetime | None

    @property
    def total(self) -> int:
        """Of all kinds."""
        return sum(one.count for one in self.cells)


@dataclass(frozen=True, slots=True)
class Mails:
    """E-mails and destinations of all teams that came to nothing."""

    reviews: int
    costs: int
    keys: int
    destinations: int


def _counted(kind: Kind) -> str:
    return f"""(SELECT count(*) FROM (SELECT 1 FROM {kind.table} WHERE team_id = {{team}} AND {kind.where}
    LIMIT {MOST_COUNTED}) a)"""


_STATEMENT = f"""SELECT {", ".join(_counted(one) for one in KINDS)},
    (SELECT storage_bytes FROM team_storage WHERE team_id = {{team}}),
    (SELECT max(ended_at) FROM retention_run WHERE team_id = {{team}})"""


def read_teams(q: str = "") -> tuple[Sequence[TeamRow], bool]:
    """Teams by name (at most `MOST`, with `q`: whose address begins so); whether there are more."""
    found = Team.objects.filter(slug__startswith=q.replace("\x00", "").lower()) if q else Team.objects.all()
    teams = list(found.order_by("name", "id")[: MOST + 1])
    rows = read_each([one.id for one in teams], _STATEMENT)
    told = []
    for team in teams[:MOST]:
        *counts, storage, retention_at = rows[team.id]
        cells = [Cell(kind.label, count, _href(kind, team)) for kind, count in zip(KINDS, counts, strict=True)]
        told.append(TeamRow(team, cells, storage or 0, retention_at))
    return told, len(teams) > MOST


def read_mails() -> Mails:
    """What is not kept by team."""
    gone = Q(due_at__isnull=True, sent_at__isnull=True, tries__gt=0)
    return Mails(
        reviews=ReviewMail.objects.filter(gone).count(),
        costs=CostMail.objects.filter(gone).count(),
        keys=KeyMail.objects.filter(gone).count(),
        destinations=OutboxSchedule.objects.filter(failures__gt=0).count(),
    )


def _href(kind: Kind, team: Team) -> str:
    return f"{reverse(f'admin:{kind.admin}_changelist')}?team={team.id}&{kind.filter}"
