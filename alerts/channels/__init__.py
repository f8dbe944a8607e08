"""Channels of alerts: one file a kind. `docs/alerts/channels.md` has the steps to add one."""

from alerts.channels.alertmanager import Alertmanager
from alerts.channels.contract import Channel
from alerts.channels.discord import Discord
from alerts.channels.email import Email
from alerts.channels.opsgenie import Opsgenie
from alerts.channels.pagerduty import PagerDuty
from alerts.channels.slack import Slack
from alerts.channels.teams import Teams
from alerts.channels.telegram import Telegram
from alerts.channels.webhook import Webhook

_ALL: tuple[Channel, ...] = (
    Email(),
    Slack(),
    Teams(),
    Discord(),
    PagerDuty(),
    Opsgenie(),
    Telegram(),
    Webhook(),
    Alertmanager(),
)
# By kind, in the order in which pages offer them.
CHANNELS: dict[str, Channel] = {one.kind: one for one in _ALL}
# Those that forget an open alert unless it is sent again.
REPEATING = {"alertmanager": Alertmanager()}
