"""Names of a team: labels, workflows and releases, made before the records that mention them.

What is known to exist is remembered per process, and only after the commit that made it: a name that was rolled
back must be made again.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.text import slugify

from accounts.names import name_of
from accounts.tenancy import team_context
from monitoring.identity import LabelKind, label_id, release_id, workflow_id
from monitoring.models import Label, Workflow

MAX_TEAMS = 512
MAX_NAMES = 50_000
MAX_SLUG = 80

# The day on which a schedule was told, its cron text and its zone. The greatest counts: the day comes first.
ToldSchedule = tuple[date, str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """When a release was first seen, and the commit told beside it with its label; of several the greatest label."""

    at: datetime
    commit: tuple[int, str] | None = None

    def merged(self, other: "Seen | None") -> "Seen":
        """What both say: earliest and greatest, so the order in which they came does not matter."""
        if other is None:
            return self
        told = [one.commit for one in (self, other) if one.commit]
        return Seen(min(self.at, other.at), max(told, default=None))


@dataclass(frozen=True, slots=True)
class SeenRelease:
    """A release of a workflow as executions tell it; `name_id` is its label."""

    workflow_id: UUID
    name: str
    name_id: int
    seen: Seen


@dataclass(slots=True)
class KnownNames:
    """What this process knows to exist in one team."""

    # By kind: texts to ids.
    labels: list[dict[str, int]] = field(default_factory=lambda: [{} for _ in range(max(LabelKind) + 1)])
    workflows: dict[UUID, str] = field(default_factory=dict)
    releases: dict[UUID, Seen] = field(default_factory=dict)
    schedules: dict[UUID, ToldSchedule] = field(default_factory=dict)


_teams: OrderedDict[UUID, KnownNames] = OrderedDict()
_lock = threading.Lock()


def _known(team_id: UUID) -> KnownNames:
    with _lock:
        known = _teams.pop(team_id, None) or KnownNames()
        _teams[team_id] = known
        if len(_teams) > MAX_TEAMS:
            _teams.popitem(last=False)
        return known


def forget_names() -> None:
    """Empties what this process knows: for tests, and after names were deleted."""
    with _lock:
        _teams.clear()


class _Lookup(dict[str, int]):
    """Ids of one kind of label by text, for one request; what this process does not know goes to `unknown`."""

    def __init__(self, kind: LabelKind, known: dict[str, int], unknown: dict[int, tuple[LabelKind, str]]) -> None:
        self.kind, self.known, self.unknown = kind, known, unknown

    def __missing__(self, value: str) -> int:
        found = self.known.get(value)
        if found is None:
            found = label_id(self.kind, value)
            self.unknown[found] = (self.kind, value)
        self[value] = found
        return found


class Names:
    """The names that one request mentions: ids at once, rows made by `save` where they are missing."""

    def __init__(self, team_id: UUID) -> None:
        self.team_id = team_id
        self.known = _known(team_id)
        self.labels: dict[int, tuple[LabelKind, str]] = {}
        self.labels_of = [_Lookup(kind, self.known.labels[kind], self.labels) for kind in (LabelKind.NODE, *LabelKind)]
        self.workflows: dict[UUID, tuple[str, str]] = {}
        self.releases: dict[UUID, SeenRelease] = {}
        self.schedules: dict[UUID, ToldSchedule] = {}

    def label(self, kind: LabelKind, value: str) -> int:
        """The id of a label."""
        return self.labels_of[kind][value]

    def workflow(self, name: str, type: str = "") -> UUID:
        """The id of a workflow; `type` is told beside it, or empty."""
        found = workflow_id(self.team_id, name)
        if self.known.workflows.get(found, "") < type or found not in self.known.workflows:
            self.workflows[found] = (name, max(type, self.workflows.get(found, (name, ""))[1]))
        return found

    def release(self, workflow: UUID, name: str, seen_at: datetime, commit: str | None = None) -> None:
        """Notes that a release of a workflow was seen at an instant, made from a commit where that was told."""
        found = release_id(workflow, name)
        known = self.releases[found].seen if found in self.releases else self.known.releases.get(found)
        if known is not None and commit is None and seen_at >= known.at:
            return
        seen = Seen(seen_at, (self.label(LabelKind.COMMIT, commit), commit) if commit else None).merged(known)
        if seen != known:
            self.releases[found] = SeenRelease(workflow, name, label_id(LabelKind.RELEASE, name), seen)

    def schedule(self, workflow: UUID, told: ToldSchedule) -> None:
        """Notes the schedule that an execution of a workflow tells: written when it changes, and once a day."""
        known = self.schedules.get(workflow) or self.known.schedules.get(workflow)
        if known is None or told > known:
            self.schedules[workflow] = told

    def save(self) -> None:
        """Makes the missing ones in a short transaction of its own, sorted, and remembers them after its commit."""
        if not (self.labels or self.workflows or self.releases or self.schedules):
            return
        with team_context(self.team_id):
            rows = [Label(team_id=self.team_id, id=i, kind=k, value=v) for i, (k, v) in sorted(self.labels.items())]
            Label.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
            _save_workflows(self.team_id, self.workflows)
            save_releases(self.team_id, self.releases)
            _save_schedules(self.team_id, self.schedules)
            transaction.on_commit(self._remember)

    def _remember(self) -> None:
        known = self.known
        for number, (kind, value) in self.labels.items():
            _bounded(known.labels[kind])[value] = number
        for workflow, (_, type) in self.workflows.items():
            _bounded(known.workflows)[workflow] = max(type, known.workflows.get(workflow, ""))
        for id, release in self.releases.items():
            _bounded(known.releases)[id] = release.seen
        for workflow, told in self.schedules.items():
            _bounded(known.schedules)[workflow] = told


def _bounded(known: dict[Any, Any]) -> dict[Any, Any]:
    if len(known) >= MAX_NAMES:
        known.clear()
    return known


def _save_workflows(team_id: UUID, told: dict[UUID, tuple[str, str]]) -> None:
    """Makes workflows with a free slug each; a type that is told later is added, the greater one stays."""
    missing = dict(sorted(told.items()))
    for _ in range(10):
        known = dict(Workflow.objects.filter(id__in=missing).values_list("id", "type"))
        for found, type in known.items():
            better = missing.pop(found)[1]
            if better > type:
                Workflow.objects.filter(id=found, type__lt=better).update(type=better)
        if not missing:
            return
        slugs = _free_slugs([name for name, _ in missing.values()])
        Workflow.objects.bulk_create(
            [
                # A name of which nothing can be seen could not be clicked.
                Workflow(id=found, team_id=team_id, name=name if name_of(name) else slug, slug=slug, type=type)
                for (found, (name, type)), slug in zip(missing.items(), slugs, strict=True)
            ],
            # A slug that another request has just taken: the next round picks another one.
            ignore_conflicts=True,
        )
    raise RuntimeError("no free slug was found for a workflow")


def _free_slugs(names: list[str]) -> list[str]:
    """One slug per name, none taken in the team in force: `build`, `build-2`, `build-3` ..."""
    bases = [slugify(name)[: MAX_SLUG - 8].strip("-") or "workflow" for name in names]
    taken = set(Workflow.objects.filter(slug__in=bases).values_list("slug", flat=True))
    # Most are free: only a base that is taken needs its followers.
    followed = {base for base, count in Counter(bases).items() if count > 1 or base in taken}
    for base in sorted(followed):
        taken |= set(Workflow.objects.filter(slug__startswith=f"{base}-").values_list("slug", flat=True))
    found: list[str] = []
    for base in bases:
        slug, number = base, 2
        while slug in taken:
            slug, number = f"{base}-{number}", number + 1
        taken.add(slug)
        found.append(slug)
    return found


_SAVE_RELEASE = """
INSERT INTO release (team_id, id, workflow_id, name, name_id, first_seen_at, seen_commit_id, seen_commit)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (team_id, id) DO UPDATE SET
    first_seen_at = LEAST(release.first_seen_at, EXCLUDED.first_seen_at),
    seen_commit = CASE WHEN EXCLUDED.seen_commit_id = GREATEST(release.seen_commit_id, EXCLUDED.seen_commit_id)
        THEN EXCLUDED.seen_commit ELSE release.seen_commit END,
    seen_commit_id = GREATEST(release.seen_commit_id, EXCLUDED.seen_commit_id)
WHERE release.first_seen_at IS NULL OR EXCLUDED.first_seen_at < release.first_seen_at
    OR EXCLUDED.seen_commit_id > release.seen_commit_id
    OR (release.seen_commit_id IS NULL AND EXCLUDED.seen_commit_id IS NOT NULL)
"""


def save_releases(team_id: UUID, releases: dict[UUID, SeenRelease]) -> None:
    """Makes releases by id; of known ones moves `first_seen_at` back, and keeps the commit with the greatest label."""
    if not releases:
        return
    with connection.cursor() as cursor:
        for id, one in sorted(releases.items()):
            about = (team_id, id, one.workflow_id, one.name, one.name_id, one.seen.at)
            cursor.execute(_SAVE_RELEASE, [*about, *(one.seen.commit or (None, ""))])


def _save_schedules(team_id: UUID, schedules: dict[UUID, ToldSchedule]) -> None:
    """Puts schedules that executions told in place of those that were told before."""
    with connection.cursor() as cursor:
        for workflow, told in sorted(schedules.items()):
            cursor.execute(
                "UPDATE workflow SET told_schedule_on = %s, told_schedule = %s, told_schedule_zone = %s "
                "WHERE team_id = %s AND id = %s AND (told_schedule_on IS NULL OR "
                '(told_schedule_on, told_schedule COLLATE "C", told_schedule_zone COLLATE "C") < (%s, %s, %s))',
                [*told, team_id, workflow, *told],
            )


def values_of_labels(team_id: UUID, ids: Iterable[int]) -> dict[int, str]:
    """The texts of labels, for names that an earlier part told."""
    wanted = sorted(set(ids))
    return dict(Label.objects.filter(team_id=team_id, id__in=wanted).values_list("id", "value")) if wanted else {}
