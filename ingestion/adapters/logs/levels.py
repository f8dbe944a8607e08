"""Level words of log lines: the short names of OpenTelemetry, for all senders. Pure; the tables are data.

`trace debug info warn error fatal`; a word that nobody knows is kept, in lower case.
"""

from typing import Any

MAX_LEVEL = 50
_SPELLINGS = {
    "trace": "trace trce verbose finest silly spam",
    "debug": "debug dbug dbg fine finer config d",
    "info": "info information informational notice log normal success i",
    "warn": "warn warning wrn w",
    "error": "error err severe failure e",
    "fatal": "fatal critical crit panic emergency emerg alert dpanic f",
}
_WORDS = {word: level for level, words in _SPELLINGS.items() for word in words.split()}
# Severities of syslog and journald (RFC 5424, section 6.2.1).
_SYSLOG = ("fatal", "fatal", "fatal", "error", "warn", "info", "info", "debug")
# Numbers of pino and bunyan, who write them as `level`.
_TENS = {10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal"}
# Numbers of Python's `logging`, which its JSON formatters write as `levelno`.
_PYTHON = {5: "trace", 10: "debug", 20: "info", 30: "warn", 40: "error", 50: "fatal"}
_OTEL_WORDS = ("trace", "debug", "info", "warn", "error", "fatal")
_OTEL_NAMES = frozenset({"severity_number", "severityNumber", "SeverityNumber"})
NAMES = (
    "level",
    "severity",
    "levelname",
    "log.level",
    "log_level",
    "loglevel",
    "logLevel",
    "lvl",
    "severity_text",
    "severityText",
    "SeverityText",
    "@level",
    "@l",
    "detected_level",
    "levelno",
    "severity_number",
    "severityNumber",
    "PRIORITY",
    "syslog_severity",
    "syslog.severity",
    "priority",
)
# Also what people call urgency: a level only where it is a word for one (rsyslog writes its severity there).
_AMBIGUOUS = "priority"


def _of_number(number: int, name: str) -> str | None:
    if name in _OTEL_NAMES:
        return _OTEL_WORDS[(number - 1) // 4] if 1 <= number <= 24 else None
    if name == "levelno":
        return _PYTHON.get(number)
    return _SYSLOG[number] if 0 <= number <= 7 else _TENS.get(number)


def normalise(told: Any, name: str = "level") -> str | None:
    """The level that a value under this name means; None when it tells none."""
    if isinstance(told, bool):
        return None
    if name == _AMBIGUOUS:
        return _WORDS.get(told.lower()) if isinstance(told, str) else None
    if isinstance(told, int):
        return _of_number(told, name)
    if not isinstance(told, str) or not (word := told.strip().strip("[]")):
        return None
    if word.isascii() and word.isdigit() and len(word) <= 2:
        return _of_number(int(word), name)
    word = word.lower()
    return _WORDS.get(word, word[:MAX_LEVEL])
