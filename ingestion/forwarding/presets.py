"""Ready settings of receivers, as data: address, headers, and the page they were read from. Pure.

`<...>` in an address or a header is for the user to fill in; a form with one left is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop


@dataclass(frozen=True, slots=True)
class Preset:
    """A receiver that is known by name. What it does not take is switched off in its form."""

    slug: str
    label: str
    kind: str
    url: str
    note: str
    source: str
    headers: Mapping[str, str] = field(default_factory=dict)
    resource: Mapping[str, str] = field(default_factory=dict)
    takes_lines: bool = True
    takes_metrics: bool = True

    def spoken(self) -> "Preset":
        """The same with its words in the language of who reads."""
        return replace(self, label=_(self.label), note=_(self.note))


_OTLP = "https://opentelemetry.io/docs/specs/otlp/#otlphttp"
PRESETS: dict[str, Preset] = {
    preset.slug: preset
    for preset in (
        Preset(
            "otlp", "OpenTelemetry", "otlp", "https://<host>:4318",
            gettext_noop("Any collector or backend that takes OTLP over HTTP."), _OTLP,
        ),
        Preset(
            "datadog", "Datadog", "otlp", "https://<OTLP endpoint of your site>",
            gettext_noop("Traces, to the endpoint that Datadog gave you: its OTLP intake of traces is a preview."),
            "https://docs.datadoghq.com/opentelemetry/setup/otlp_ingest/traces/",
            {"dd-protocol": "otlp", "dd-api-key": "<API key>", "dd-otlp-source": "<your site>"},
            takes_lines=False, takes_metrics=False,
        ),
        Preset(
            "new-relic", "New Relic", "otlp", "https://otlp.nr-data.net",
            gettext_noop("Traces, logs and metrics. In the EU: https://otlp.eu01.nr-data.net."),
            "https://docs.newrelic.com/docs/opentelemetry/best-practices/opentelemetry-otlp/",
            {"api-key": "<license key>"},
        ),
        Preset(
            "splunk-observability", "Splunk Observability", "otlp",
            "https://ingest.<realm>.signalfx.com/v2/trace/otlp", gettext_noop("Traces."),
            "https://docs.splunk.com/observability/en/gdi/opentelemetry/components/otlphttp-exporter.html",
            {"X-SF-Token": "<access token>"}, takes_lines=False, takes_metrics=False,
        ),
        Preset(
            "weave", "W&B Weave", "otlp", "https://trace.wandb.ai/otel/v1/traces",
            gettext_noop("Traces of one project."),
            "https://docs.wandb.ai/weave/guides/tracking/otel",
            {"wandb-api-key": "<API key>"}, {"wandb.entity": "<team or user>", "wandb.project": "<project>"},
            takes_lines=False, takes_metrics=False,
        ),
        Preset(
            "mlflow", "MLflow", "otlp", "https://<MLflow server>/v1/traces",
            gettext_noop("Traces of one experiment; MLflow 3.6 or later with a SQL store."),
            "https://mlflow.org/docs/latest/genai/tracing/opentelemetry/ingest",
            {"x-mlflow-experiment-id": "<experiment id>"}, takes_lines=False, takes_metrics=False,
        ),
        Preset(
            "phoenix", "Phoenix", "otlp", "https://<Phoenix server>:6006",
            gettext_noop("Traces of one project. Leave the key out where the server asks for none."),
            "https://github.com/Arize-ai/phoenix/blob/main/src/phoenix/server/api/routers/v1/traces.py",
            {"Authorization": "Bearer <API key>", "x-project-name": "<project>"},
            takes_lines=False, takes_metrics=False,
        ),
        Preset(
            "langsmith", "LangSmith", "otlp", "https://api.smith.langchain.com/otel/v1/traces",
            gettext_noop("Traces. In the EU: eu.api.smith.langchain.com."),
            "https://docs.langchain.com/langsmith/trace-with-opentelemetry",
            {"x-api-key": "<API key>", "Langsmith-Project": "<project>"}, takes_lines=False, takes_metrics=False,
        ),
        Preset(
            "grafana-cloud", "Grafana Cloud", "otlp", "https://otlp-gateway-<zone>.grafana.net/otlp",
            gettext_noop("Traces, logs and metrics. The header is Basic with base64 of instance:token."),
            "https://grafana.com/docs/grafana-cloud/send-data/otlp/send-data-otlp/",
            {"Authorization": "Basic <base64 of instance id:token>"},
        ),
        Preset(
            "elastic-otlp", "Elastic (OTLP)", "otlp", "https://<managed OTLP endpoint>",
            gettext_noop("Traces, logs and metrics, to Elastic Cloud."),
            "https://www.elastic.co/docs/reference/opentelemetry/motlp",
            {"Authorization": "ApiKey <API key>"},
        ),
        Preset(
            "azure", "Azure Monitor", "otlp", "http://<collector>:4318",
            gettext_noop("Through an OpenTelemetry Collector, with sample/otel-collector-azure.yaml."),
            "https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/azuremonitorexporter",
        ),
        Preset(
            "elasticsearch", "Elasticsearch", "elastic", "https://<host>:9200",
            gettext_noop("One document for each execution, step and line, by _bulk."),
            "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk",
            {"Authorization": "ApiKey <API key>"},
        ),
        Preset(
            "splunk", "Splunk", "hec", "https://<host>:8088",
            gettext_noop("One event for each execution, step and line, by the HTTP Event Collector."),
            "https://docs.splunk.com/Documentation/Splunk/latest/Data/UsetheHTTPEventCollector",
            {"Authorization": "Splunk <token>"},
        ),
        Preset(
            "loki", "Loki", "loki", "https://<host>:3100",
            gettext_noop("One line for each execution, step and log line."),
            "https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs",
            {"Authorization": "Basic <base64 of user:password>"},
        ),
    )
}  # fmt: skip
