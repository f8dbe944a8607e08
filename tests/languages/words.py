"""Finds what a page shows that nobody translated: words that stand outside the marks of the pseudo-language."""

import calendar
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from tests.languages.pseudo import END, START

# What is the same in every language: code, names that somebody gave, and what says so of itself.
_CODE = {"script", "style", "code", "pre", "kbd", "samp", "bdi", "textarea", "svg"}
_VOID = {"input", "img", "br", "hr", "meta", "link", "source", "wbr", "use", "path", "col"}
_SAID = ("title", "aria-label", "placeholder", "alt", "aria-description", "data-label", "data-confirm", "data-exact")
_WORD = re.compile(r"[^\W\d_]{2,}(?:[\w.'/@:-]*\w)?")
# Units, names of products and standards: written alike in every language.
SAME = frozenset(
    [
        "ms",
        "min",
        "kB",
        "MB",
        "GB",
        "TB",
        "UTC",
        "GMT",
        "CET",
        "CEST",
        "Steadyrun",
        "OpenID",
        "Connect",
        "CSV",
        "JSON",
        "XLSX",
        "Parquet",
        "FOCUS",
        "YAML",
        "XML",
        "HTML",
        "PDF",
        "HTTP",
        "HTTPS",
        "https",
        "URL",
        "API",
        "ID",
        "IDs",
        "UUID",
        "SAML",
        "OIDC",
        "SCIM",
        "SSO",
        "TOTP",
        "CPU",
        "GPU",
        "RAM",
        "LLM",
        "OTLP",
        "n8n",
        "Dify",
        "LangGraph",
        "LangSmith",
        "LangChain",
        "Airflow",
        "GitHub",
        "GitLab",
        "Actions",
        "OpenTelemetry",
        "OpenAI",
        "Anthropic",
        "Azure",
        "Bedrock",
        "Google",
        "Vertex",
        "Slack",
        "Teams",
        "Telegram",
        "Discord",
        "PagerDuty",
        "Opsgenie",
        "Grafana",
        "Prometheus",
        "Loki",
        "Splunk",
        "Elasticsearch",
        "Firehose",
        "Kafka",
        "cron",
        "curl",
        "Python",
        "JavaScript",
        "bash",
        "Jira",
        "Linear",
        "Datadog",
        "Langfuse",
        "Phoenix",
        "PostgreSQL",
        "Redis",
        "Valkey",
        "Django",
        "USD",
        "EUR",
        "p50",
        "p90",
        "p95",
        "p99",
        "OK",
        "bn",
    ]
)

# Names of months and days are CLDR's, in the language of the page: English in this one.
_CALENDAR = frozenset(
    [*calendar.month_name, *calendar.month_abbr, *calendar.day_name, *calendar.day_abbr, "Sept", "am", "pm"]
)


class _Reader(HTMLParser):
    """Collects the words outside the marks, each with where it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[tuple[str, bool]] = []
        self.depth = 0
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        is_same = tag in _CODE or told.get("translate") == "no" or "mono" in told.get("class", "").split()
        if not (is_same or self._is_same()):
            # What scripts may say stands in attributes.
            for name in (*_SAID, *(name for name in told if name.startswith("data-say-"))):
                if rest := list(_outside(told.get(name, ""))):
                    self.found.append(f"<{tag} {name}> {' '.join(rest)}")
        if tag not in _VOID:
            self.stack.append((tag, is_same))

    def handle_endtag(self, tag: str) -> None:
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._is_same():
            return
        depth = self.depth
        if rest := list(_outside(data, depth)):
            self.found.append(f"<{self.stack[-1][0] if self.stack else ''}> {' '.join(rest)}")
        self.depth += data.count(START) - data.count(END)

    def _is_same(self) -> bool:
        return any(same for _tag, same in self.stack)


def _outside(text: str, depth: int = 0) -> Iterator[str]:
    """The words of a text that stand outside all marks."""
    for part in re.split(f"([{START}{END}])", text):
        if part in (START, END):
            depth += 1 if part == START else -1
        elif depth <= 0:
            yield from (word for word in _WORD.findall(part) if word not in SAME | _CALENDAR)


def untranslated(html: str, names: re.Pattern[str]) -> list[str]:
    """The words of a page that are neither translated, nor the same in every language, nor (part of) given names."""
    reader = _Reader()
    reader.feed(names.sub("", html))
    return reader.found
