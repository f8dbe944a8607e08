"""What the ids of cost lines are called: looked up once each, as lines come by, so that memory stays bounded."""

import json
from collections.abc import Collection, Iterable
from uuid import UUID

from accounts.tenancy import team_context
from billing.models import TagSet
from billing.reads.cost_lines import KEY_FIELDS, LABELS, Key
from monitoring.identity import NO_WORKFLOW
from monitoring.models import Label, Workflow

MOST = 50_000
_LABEL_PLACES = tuple(KEY_FIELDS.index(f"{name}_id") for name in LABELS)
_WORKFLOW, _TAG_SET = KEY_FIELDS.index("workflow_id"), KEY_FIELDS.index("tag_set_id")


class Names:
    """Names of one team. `learn` keys of lines first; then `labels`, `workflows` (by ids as text) and `tags` know them.

    `tags` are JSON objects with their keys in order. What was not told (id 0), or is gone, is None.
    """

    def __init__(self, team_id: UUID) -> None:
        self.team_id = team_id
        self._forget()

    def _forget(self) -> None:
        self.labels: dict[int, str | None] = {0: None}
        self.workflows: dict[str, str | None] = {str(NO_WORKFLOW): None}
        self.tags: dict[int, str | None] = {0: None}

    def learn(self, keys: Collection[Key]) -> None:
        """Looks up what the keys of lines mention and is not known yet. Opens the team's context itself."""
        if len(self.labels) + len(self.workflows) + len(self.tags) > MOST:
            self._forget()
        self.learn_labels({key[place] for key in keys for place in _LABEL_PLACES})
        workflows = {key[_WORKFLOW] for key in keys} - self.workflows.keys()
        tags = {key[_TAG_SET] for key in keys} - self.tags.keys()
        if not (workflows or tags):
            return
        with team_context(self.team_id):
            self.workflows |= dict.fromkeys(workflows)
            found = Workflow.objects.filter(id__in=workflows).values_list("id", "name")
            self.workflows.update((str(id), name) for id, name in found)
            self.tags |= dict.fromkeys(tags)
            for id, told in TagSet.objects.filter(id__in=tags).values_list("id", "tags"):
                self.tags[id] = json.dumps(told, ensure_ascii=False, sort_keys=True)

    def learn_labels(self, ids: Iterable[int]) -> None:
        """Looks up labels that are not known yet. Opens the team's context itself."""
        unknown = set(ids) - self.labels.keys()
        if not unknown:
            return
        with team_context(self.team_id):
            self.labels |= dict.fromkeys(unknown)
            self.labels.update(Label.objects.filter(id__in=unknown).values_list("id", "value"))
