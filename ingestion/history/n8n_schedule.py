"""The schedule of a workflow as n8n keeps it in its trigger node: read as cron text, where cron can say the same.

Field names are those of n8n's Schedule Trigger (`n8n-nodes-base.scheduleTrigger`, `parameters.rule.interval`).
"""

from typing import Any

from monitoring.analysis.schedule import UnreadableSchedule, read_schedule

_SCHEDULE = "scheduleTrigger"


def schedule_of(workflow: dict[str, Any]) -> dict[str, str]:
    """`schedule` and `schedule_zone` of a workflow; empty without exactly one rule that cron can say.

    A time of day means something in a zone only. Where the workflow tells none, n8n takes that of its server, which
    nobody told: then only what is due at each hour, or more often, is read.
    """
    nodes = workflow.get("nodes")
    found = [
        node
        for node in (nodes if isinstance(nodes, list) else ())
        if isinstance(node, dict) and str(node.get("type")).endswith(f".{_SCHEDULE}") and not node.get("disabled")
    ]
    rules = [rule for node in found for rule in _rules(node)]
    if len(rules) != 1 or not isinstance(rules[0], dict):
        return {}
    settings = workflow.get("settings")
    told = settings.get("timezone") if isinstance(settings, dict) else None
    zone = told if isinstance(told, str) and told != "DEFAULT" else ""
    try:
        read = read_schedule(_cron(rules[0]), zone)
    except UnreadableSchedule:
        return {}
    if not zone and read.cron.split()[1] != "*":
        return {}
    return {"schedule": read.cron, "schedule_zone": read.zone}


def _rules(node: dict[str, Any]) -> list[Any]:
    parameters = node.get("parameters")
    rule = parameters.get("rule") if isinstance(parameters, dict) else None
    interval = rule.get("interval") if isinstance(rule, dict) else None
    return interval if isinstance(interval, list) else []


def _cron(rule: dict[str, Any]) -> str:
    """The cron text of a rule; empty where it has none, such as every third day."""
    field = rule.get("field", "days")
    minute, hour = _whole(rule, "triggerAtMinute", 0, 59), _whole(rule, "triggerAtHour", 0, 23)
    every = _whole(rule, f"{field}Interval", 1, 59)
    if field == "cronExpression":
        words = str(rule.get("expression", "")).split()
        # n8n takes seconds in front; those of a whole minute say nothing.
        return " ".join(words[1:] if len(words) == 6 and words[0] == "0" else words)
    if minute is None or hour is None or every is None:
        return ""
    if field == "minutes" and 60 % every == 0:
        return f"*/{every} * * * *"
    if field == "hours" and every == 1:
        return f"{minute} * * * *"
    if every != 1:
        return ""
    days = rule.get("triggerAtDay", [0])
    if field == "weeks" and isinstance(days, list) and days and all(day in range(7) for day in days):
        return f"{minute} {hour} * * {','.join(str(day) for day in days)}"
    if field == "months":
        day = _whole(rule, "triggerAtDayOfMonth", 1, 31)
        return f"{minute} {hour} {day} * *" if day else ""
    return f"{minute} {hour} * * *" if field == "days" else ""


def _whole(rule: dict[str, Any], name: str, low: int, high: int) -> int | None:
    """A number of the rule, the least one where it is left out; None outside its limits."""
    value = rule.get(name, low)
    return value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else None
