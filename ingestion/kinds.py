"""The kinds of sources: what each is called, where it reports to, and how whole its reports are by nature."""

from dataclasses import dataclass, replace
from enum import StrEnum

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop


class SourceKind(StrEnum):
    """A way in. The value is kept in the database and given to `manage.py add_source --kind`."""

    REST = "rest"
    OTLP = "otlp"
    LANGSMITH = "langsmith"
    LOGS = "logs"
    LOKI = "loki"
    HEC = "hec"
    ELASTIC = "elastic"
    FIREHOSE = "firehose"
    PING = "ping"
    STANDARD_WEBHOOKS = "standard-webhooks"
    GITHUB = "github"
    GITLAB = "gitlab"
    N8N = "n8n"
    DIFY = "dify"
    AIRFLOW = "airflow"
    ALERTMANAGER = "alertmanager"
    GRAFANA = "grafana"
    GENERIC = "webhook"


class Completeness(StrEnum):
    """How whole a source's reports are: figures that need the other runs are not shown where these are missing."""

    COMPLETE = "complete"
    FAILURES_ONLY = "failures-only"
    SAMPLED = "sampled"


class CostRule(StrEnum):
    """Which cost of a step counts where it is told and computed by a price. The value is kept in the database."""

    TOLD = "told"
    COMPUTED = "computed"


@dataclass(frozen=True, slots=True)
class KindOfSource:
    """`path` is where it reports; one with `{address}` has an address of its own, the others are told by their key."""

    label: str
    path: str
    item: str
    completeness: Completeness = Completeness.COMPLETE

    def spoken(self) -> "KindOfSource":
        """The same with its words in the language of who reads."""
        return replace(self, label=_(self.label), item=_(self.item))

    @property
    def has_address(self) -> bool:
        """Whether the source is found by its address instead of its key."""
        return "{address}" in self.path


def _hook(label: str, completeness: Completeness = Completeness.COMPLETE) -> KindOfSource:
    return KindOfSource(label, "/hooks/{address}", gettext_noop("event"), completeness)


KINDS: dict[SourceKind, KindOfSource] = {
    SourceKind.REST: KindOfSource("REST API", "/api/v1/executions", gettext_noop("execution")),
    SourceKind.OTLP: KindOfSource("OpenTelemetry", "/v1/traces", gettext_noop("span")),
    SourceKind.LANGSMITH: KindOfSource("LangSmith SDK", "/langsmith", gettext_noop("run")),
    SourceKind.LOGS: KindOfSource(gettext_noop("JSON logs"), "/api/v1/logs", gettext_noop("line")),
    SourceKind.LOKI: KindOfSource("Loki push", "/loki/api/v1/push", gettext_noop("line")),
    SourceKind.HEC: KindOfSource("Splunk HEC", "/services/collector", gettext_noop("event")),
    SourceKind.ELASTIC: KindOfSource("Elasticsearch bulk", "/elastic", gettext_noop("document")),
    SourceKind.FIREHOSE: KindOfSource("Amazon Data Firehose", "/firehose", gettext_noop("record")),
    SourceKind.PING: KindOfSource(gettext_noop("Ping"), "/ping/{address}", gettext_noop("ping")),
    SourceKind.STANDARD_WEBHOOKS: _hook("Standard Webhooks"),
    SourceKind.GITHUB: _hook("GitHub Actions"),
    SourceKind.GITLAB: _hook(gettext_noop("GitLab pipelines")),
    SourceKind.N8N: _hook(gettext_noop("n8n error workflow"), Completeness.FAILURES_ONLY),
    SourceKind.DIFY: _hook("Dify"),
    SourceKind.AIRFLOW: _hook(gettext_noop("Airflow callbacks")),
    SourceKind.ALERTMANAGER: _hook("Alertmanager"),
    SourceKind.GRAFANA: _hook(gettext_noop("Grafana alerting")),
    SourceKind.GENERIC: _hook(gettext_noop("Webhook with a mapping")),
}


def effective_completeness(kind: SourceKind, told: str) -> Completeness:
    """How whole a source's reports are: what somebody declared, else what its kind is by nature."""
    return Completeness(told) if told else KINDS[kind].completeness
