"""What the ids of cost lines are called: looked up once each, as lines come by, so that memory stays bounded."""

import json
from collections.abc import Collection, Iterable
from uuid import UUID

from accounts.tenancy import team_context
from billing.models import CostKind, ResourceRate, TagSet
from billing.reads.cost_lines import KEY_FIELDS, LABELS, Key
from billing.reads.resources import rates_by_id
from monitoring.identity import NO_WORKFLOW
from monitoring.models import Label, Workflow

MOST = 50_000
_LABEL_PLACES = tuple(KEY_FIELDS.index(f"{name}_id") for name in LABELS)
_WORKFLOW, _TAG_SET = KEY_FIELDS.index("workflow_id"), KEY_FIELDS.index("tag_set_id")
_KIND, _PRICE = KEY_FIELDS.index("kind"), KEY_FIELDS.index("price_id")


class Names:
    """Names of one team. `learn` keys of lines first; then `labels`, `workflows` (by ids as text) and `tags` know them,
    and `rates` the prices of what is not tokens.

    `tags` are JSON objects with their keys in order. What was not told (id 0), or is gone, is None.
    """

    def __init__(self, team_id: UUID) -> None:
        self.team_id = team_id
        self._forget()

    def _forget(self) -> None:
        self.labels: dict[int, str | None] = {0: None}
        self.workflows: dict[str, str | None] = {str(NO_WORKFLOW): None}
        self.tags: dict[int, str | None] = {0: None}
        self.rates: dict[int, ResourceRate | None] = {}

    def learn(self, keys: Collection[Key]) -> None:
        """Looks up what the keys of lines mention and is not known yet. Opens the team's context itself."""
        if len(self.labels) + len(self.workflows) + len(self.tags) > MOST:
            self._forget()
        self.learn_labels({key[place] for key in keys for place in _LABEL_PLACES})
        workflows = {key[_WORKFLOW] for key in keys} - self.workflows.keys()
        tags = {key[_TAG_SET] for key in keys} - self.tags.keys()
        rates = {key[_PRICE] for key in keys if key[_KIND] != CostKind.TOKENS} - {None} - self.rates.keys()
        if not (workflows or tags or rates):
            return
        with team_context(self.team_id):
            self.workflows |= dict.fromkeys(workflows)
            found = Workflow.objects.filter(id__in=workflows).values_list("id", "name")
            self.workflows.update((str(id), name) for id, name in found)
            self.rates |= dict.fromkeys(rates) | rates_by_id(self.team_id, rates)
            self.tags |= dict.fromkeys(tags)
            for id, told in TagSet.objects.filter(id__in=tags).values_list("id", "tags"):
                self.tags[id] = json.dumps(told, ensure_ascii=False, sort_keys=True)

    def rate_of(self, kind: int, price_id: int | None) -> ResourceRate | None:
        """The rate that is the price of lines of this kind; None for tokens, and where it is gone."""
        return None if kind == CostKind.TOKENS or price_id is None else self.rates[price_id]

    def learn_labels(self, ids: Iterable[int]) -> None:
        """Looks up labels that are not known yet. Opens the team's context itself."""
        unknown = set(ids) - self.labels.keys()
        if not unknown:
            return
        with team_context(self.team_id):
            self.labels |= dict.fromkeys(unknown)
            self.labels.update(Label.objects.filter(id__in=unknown).values_list("id", "value"))
