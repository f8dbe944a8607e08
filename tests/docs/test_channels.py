"""The page about channels: each kind has steps, an example that the code writes, a file and a test of its own."""

import base64
import json
import re
from pathlib import Path

import pytest

from alerts.channels import CHANNELS
from alerts.channels.contract import About, Mail
from alerts.channels.webhook import TYPES
from tests.alerts.telling import NOW, notice

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/alerts/channels.md"
SECRET = "whsec_" + base64.b64encode(b"an example, not a secret of anybody").decode()
# What each kind is set up with in the examples.
SETUPS: dict[str, tuple[dict, dict]] = {
    "email": ({"addresses": ["oncall@example.com"]}, {}),
    "slack": ({"channel": "#alerts"}, {"token": "xoxb-example"}),
    "teams": ({}, {"webhook_url": "https://example.logic.azure.com/workflows/1/triggers/manual/paths/invoke"}),
    "discord": ({}, {"webhook_url": "https://discord.com/api/webhooks/1/example"}),
    "pagerduty": ({"region": "us"}, {"routing_key": "0" * 32}),
    "opsgenie": ({"region": "eu"}, {"api_key": "example"}),
    "telegram": ({"chat_id": "-1001234567890"}, {"token": "123456:example"}),
    "webhook": ({"url": "https://example.com/hook"}, {"secret": SECRET}),
    "alertmanager": ({"url": "https://alertmanager.example.com"}, {}),
}


def example(kind: str) -> str:
    """What is sent when the incident of the tests opens, as the page shows it."""
    settings, secrets = SETUPS[kind]
    about = About("0" * 32, NOW, None, tuple(settings.get("addresses", ())))
    told = CHANNELS[kind].request(notice(), settings, secrets, about)
    if isinstance(told, Mail):
        return f"To: {', '.join(told.recipients)}\nSubject: {told.subject}\n\n{told.text.strip()}"
    headers = [f"{name}: {value}" for name, value in told.headers.items()]
    body = json.dumps(json.loads(told.body), indent=2, ensure_ascii=False)
    return "\n".join([f"{told.method} {told.url}", *headers, "", body])


def section(kind: str) -> str:
    """The part of the page about one kind."""
    found = re.search(rf"^## {re.escape(CHANNELS[kind].label)}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.S | re.M)
    assert found is not None, f"docs/alerts/channels.md has no section on {CHANNELS[kind].label}"
    return found.group(1)


@pytest.mark.parametrize("kind", CHANNELS)
def test_each_kind_has_steps_and_names_its_fields(kind) -> None:
    text = section(kind)
    assert re.search(r"^1\. ", text, re.M), "numbered steps to set it up"
    for field in CHANNELS[kind].fields:
        assert f"`{field.name}`" in text


@pytest.mark.parametrize("kind", CHANNELS)
def test_the_example_is_what_the_code_writes(kind) -> None:
    language = "text" if kind == "email" else "http"
    assert f"```{language}\n{example(kind)}\n```" in section(kind)


@pytest.mark.parametrize("kind", CHANNELS)
def test_each_kind_has_a_file_and_a_test(kind) -> None:
    assert (ROOT / f"alerts/channels/{kind}.py").exists()
    assert (ROOT / f"tests/alerts/channels/test_{kind}.py").exists()
    assert CHANNELS[kind].source.startswith("https://")


def test_the_types_of_webhooks_are_told() -> None:
    for name in TYPES.values():
        assert f"`{name}`" in section("webhook")
