"""Texts of alerts in another language: what people read is translated, what is kept or sent by workers is not."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from alerts.analysis.catalogue import METRICS, Scope
from alerts.analysis.conditions import Comparison, Condition, Severity
from alerts.analysis.notices import NoticeKind
from alerts.analysis.rule_checks import faults
from alerts.analysis.rule_words import Target, rule_words
from alerts.analysis.schedule_proposal import propose_schedule
from alerts.analysis.wanted import Wanted
from alerts.channels import CHANNELS
from alerts.channels.wording import plain_text
from alerts.models import AlertDelivery, AlertRule
from alerts.services.channels import ChannelRefused, save_channel, try_channel
from alerts.services.channels import Wanted as WantedChannel
from alerts.services.routes import RouteRefused, WantedRoute, save_route
from alerts.services.rules import RuleRefused, save_rule
from alerts.services.silences import SilenceRefused, WantedSilence, add_silence
from tests.alerts.telling import channel, kept, notice
from tests.languages.pseudo import START, spoken
from tests.languages.words import untranslated
from tests.receivers import TestReceiver

# Names, keys and figures that are the same in every language.
NAMES = re.compile(
    r"checkout|gpt-5|production|Europe/Berlin|On call|acme|\b(?:step|model|none|unknown|ok|fire)\b|[a-z]+_\w+"
)
NOW = timezone.now().replace(microsecond=0)


def outside(*texts: str) -> list[str]:
    """The words of texts that nobody translated."""
    return [word for text in texts for word in untranslated(text, NAMES)]


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda one: one.name)
@pytest.mark.parametrize("comparison", Comparison)
def test_a_rule_in_one_sentence(metric, comparison) -> None:
    condition = Condition(metric.name, comparison, threshold=2.0, min_samples=5, for_s=600, window_s=3600)
    parameters = {"cron": "0 6 * * *", "zone": "Europe/Berlin", "grace_s": 300, "budget_usd": 100}
    with spoken():
        told = [rule_words(condition, Target("checkout", environment="production"))]
        told += [rule_words(replace(condition, threshold=None), Target(scope=scope)) for scope in Scope]
        told += [rule_words(replace(condition, parameters=parameters), Target(scope="model", value="gpt-5"))]
        told += [rule_words(replace(condition, parameters={"period_s": 90}), Target(is_per_workflow=False))]
    # A missing threshold is written by `monitoring.wording`.
    assert outside(*(text.replace("not told", "") for text in told)) == []


def test_why_a_rule_is_refused() -> None:
    wanted = [
        Wanted("", "runs", scope="budget", comparison="below", threshold=0, tags=("",), url="x", text="\x00"),
        Wanted("a", "error_rate", threshold=7, window_s=1, for_s=-1, min_samples=-1, no_data="x", severity="x"),
        Wanted("a", "error_rate", threshold=1.0, clear_threshold=0.5, window_s=90_000),
        Wanted("a", "error_rate", comparison="below", threshold=0.5, clear_threshold=0.1),
        Wanted("a", "error_rate", threshold=0.5, clear_threshold=0.6),
        Wanted("a", "stuck", scope="model", comparison="unusual"),
        Wanted("a", "stuck", comparison="below", threshold=1),
        Wanted("a", "source_silent", threshold=None),
        Wanted("a", "late", is_per_workflow=False, threshold="x"),
        Wanted("a", "missed_schedule", parameters={"cron": "0 6 * * *", "period_s": 7, "grace_s": 90_000}),
        Wanted("a", "missed_schedule", parameters={"period_s": 7, "grace_s": -1}),
        Wanted("a", "budget_share", threshold=0.8),
        Wanted("a", "running_over", threshold=1, parameters={"expected_ms": -1}),
        Wanted("a", "failed_in_a_row", threshold=1, parameters={"min_runs_per_hour": -1}),
    ]
    with spoken():
        told = [why for one in wanted for why in faults(one).values()]
    assert len(told) > 25
    assert outside(*told) == []


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("severity", Severity)
def test_a_notice_in_words(kind, severity) -> None:
    one = notice(
        kind, severity=severity, what="checkout", how_bad="", concentration="", by="On call", rule="", lines=()
    )
    one = replace(one, team="acme", count=3, resolved_at=one.since + timedelta(hours=1))
    with spoken():
        told = plain_text(one)
    told = re.sub(r"https?://\S+|\d+ [A-Z][a-z]{2} \d{4}|\d+ h", "", told)
    assert outside(told) == []


def test_kinds_of_channels_and_why_they_are_refused() -> None:
    with spoken():
        told = [text for kind in CHANNELS.values() for text in (kind.label, kind.note)]
        for kind in CHANNELS.values():
            told += [text for field in kind.fields for text in (field.label, field.help)]
            told += [label for field in kind.fields for _value, label in field.options]
            told += kind.check({"region": "x", "addresses": ["x"], "user": "x", "chat_id": "?"}, {}).values()
            told += kind.check({"addresses": []}, {"token": "?\n", "api_key": "\n", "routing_key": "x"}).values()
        told.append(CHANNELS["email"].place({"members": ["a"], "groups": ["a", "b"], "addresses": ["a"]}, {}))
    assert outside(*told) == []


@pytest.mark.parametrize("every", [timedelta(minutes=5), timedelta(hours=1), timedelta(hours=4), timedelta(days=1)])
def test_a_proposed_schedule(every) -> None:
    starts = [NOW.replace(hour=4, minute=0, second=1) - every * number for number in range(40)]
    with spoken():
        found = propose_schedule(starts)
    assert found is not None
    assert outside(found.words) == []


@pytest.mark.django_db
def test_why_services_refuse(team: Team) -> None:
    fields = {"name": "a", "metric": "error_rate", "threshold": 0.1, "environment": "acme", "scope": "model"}
    fields["value"] = "gpt-5"
    route = WantedRoute("", [], {"tag": "x", "severity": ["checkout"]}, {"zone": "UTC"})
    silence = WantedSilence("", NOW, NOW, kind="acme", matchers={"workflow": ["checkout"]})
    hook = WantedChannel("webhook", "", {"url": ""})
    with spoken(), team_context(team.id):
        with pytest.raises(RuleRefused) as rule_refused:
            save_rule(team_id=team.id, fields=fields, by=None, now=NOW)
        with pytest.raises(RouteRefused) as route_refused:
            save_route(team_id=team.id, wanted=route, now=NOW)
        with pytest.raises(SilenceRefused) as silence_refused:
            add_silence(team_id=team.id, wanted=silence, by="acme", now=NOW)
        with pytest.raises(ChannelRefused) as channel_refused:
            save_channel(team.id, hook, NOW)
    raised = (rule_refused, route_refused, silence_refused, channel_refused)
    told = [why for one in raised for why in one.value.reasons.values()]
    assert len(told) > 8
    assert outside(*told) == []


@pytest.mark.django_db
def test_a_rule_that_nobody_named_is_kept_in_english(team: Team, owner_client: Client) -> None:
    form = {"metric": "error_rate", "for_metric": "error_rate", "comparison": "above", "threshold": "5"}
    form |= {"window_s": "300", "for_s": "0", "environment": "production", "severity": "info", "no_data": "ok"}
    with spoken():
        assert owner_client.post(f"/t/{team.slug}/alerts/rules/new/", {**form, "name": ""}).status_code == 302
    with team_context(team.id):
        made = AlertRule.objects.get()
    assert made.name == "Error rate above 5% in 5 minutes with at least 20 runs, of each workflow in production"
    with spoken():
        form = owner_client.get(f"/t/{team.slug}/alerts/rules/{made.id}/edit/").context["told"]
    # Changed, it reads otherwise: its name is not kept.
    assert form["name"] == ""


@pytest.mark.django_db
def test_a_test_of_a_channel_is_sent_and_kept_in_english(team: Team, receiver: TestReceiver) -> None:
    with spoken(), team_context(team.id):
        try_channel(channel(team, settings={"url": receiver.url}), NOW)
    assert START.encode() not in receiver.got[0].body
    with team_context(team.id):
        delivery = AlertDelivery.objects.get()
    assert START not in str(kept(team, delivery.id).notice)
