"""The clients that the first-run page offers, as tabs: the same texts as under Sources, with shorter names."""

from accounts.phrases import gettext_noop

# Slugs of `CLIENTS` in the order of the tabs, and what the tab is called.
FIRST: dict[str, str] = {
    "curl": "curl",
    "otel-python": "OpenTelemetry Python",
    "otel-js": "OpenTelemetry JS",
    "langsmith": "LangSmith",
    "n8n": "n8n",
    "github": "GitHub Actions",
    "airflow": "Airflow",
    "dify": "Dify",
    "cron": "cron",
    "python-logging": gettext_noop("Python logger"),
}
