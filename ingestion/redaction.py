"""Masking of what reports carry, by a team's rules: fields by name or path, detectors, own patterns. Pure.

What is masked stays masked when it is done again (`[email]` is never looked into), and whatever the order of rules:
they are applied until nothing changes. A path is `input.customer.email`, with `*` for one name and a leading `*.` for
any depth; a single name stands for itself at any depth. Positions in lists are no part of a path.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import re2

from accounts.phrases import gettext as _
from ingestion.adapters.redact import holds_secret
from ingestion.detectors import KINDS, Detector, Look
from ingestion.hints import any_of, is_anchored, joined_texts, name_hint
from ingestion.rules import Becomes, RuleKind

MAX_PATTERN = 500
MAX_PATH = 200
# Numbers shorter than any payment card are no text that could hide something.
_LONG_NUMBER = 10**12
_DIGEST_BYTES = 6
# Short texts without anything to mask are known again: names of nodes, statuses, keys.
_SHORT = 60
_MAX_CLEAN = 8_192
# A pattern that finds all of these finds everything.
_PROBES = ("a", "7", " ", "Order received", "ümlaut", "{}", "-", "0.5", "GET /", "x_y")


class Rule(msgspec.Struct, frozen=True):
    """A rule: `what` is a detector, a path or a pattern; `label` stands in place of what is found."""

    kind: RuleKind
    what: str
    is_on: bool = True
    becomes: Becomes = Becomes.LABEL
    label: str = "redacted"


class RuleRefused(ValueError):
    """The rule cannot be used; the text says why."""


def check_pattern(pattern: str) -> None:
    """Raises `RuleRefused` for a pattern that RE2 does not take, or that would mask everything."""
    if not pattern or len(pattern) > MAX_PATTERN:
        raise RuleRefused(_("must have 1 to {most} letters").format(most=MAX_PATTERN))
    try:
        compiled = _compile(pattern)
    except re2.error as error:
        raise RuleRefused(_("is no pattern that RE2 takes: {reason}").format(reason=_words(error))) from None
    if compiled.search("") is not None:
        raise RuleRefused(_("finds the empty text, so it would mask everything: ask for at least one letter"))
    if all(compiled.search(probe) for probe in _PROBES):
        raise RuleRefused(_("finds something in every text, so it would mask everything"))


def check_path(path: str) -> None:
    """Raises `RuleRefused` for what is no name or path of a field."""
    names = path.split(".")
    if not path or len(path) > MAX_PATH or not all(names):
        raise RuleRefused(_("must be a name, or names joined by dots: input.customer.email, *.password"))
    if names[-1] == "*":
        raise RuleRefused(_("must end with the name of a field, else it would mask everything"))


def _words(error: Exception) -> str:
    told = error.args[0] if error.args else ""
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)


def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return re2.compile(pattern, options=options)


class _Masker:
    """A rule that looks into texts."""

    __slots__ = ("check", "find", "keeps", "marks", "put")

    def __init__(self, look: Look, put: Callable[[str], str]) -> None:
        self.find, self.check, self.keeps, self.put = look.find, look.check, look.keeps, put
        self.marks = look.marks

    def may_find(self, low: str) -> bool:
        """Whether a text (folded) has one of the marks without which nothing is found."""
        return not self.marks or any(mark in low for mark in self.marks)

    def __call__(self, text: str) -> str:
        return self.find(self._replace, text)

    def _replace(self, match: Any) -> str:
        found: str = match.group(0)
        size = self._size(found)
        kept = match.group(1) if self.keeps else ""
        return kept + self.put(found[len(kept) : size]) + found[size:] if size else found

    def _size(self, found: str) -> int:
        """How many letters are what was looked for: a number may have others behind it, after a space."""
        size = len(found)
        while size > 0 and self.check is not None and not self.check(found[:size]):
            size = max(found.rfind(" ", 0, size), found.rfind("-", 0, size), 0)
        return size


class Redactor:
    """The rules of a team, ready to use. `key` makes the hashes of one team unlike those of another."""

    def __init__(self, rules: Iterable[Rule], key: bytes) -> None:
        self.key = key
        on = [rule for rule in rules if rule.is_on]
        self.maskers = [masker for rule in on for masker in self._maskers(rule)]
        self.names = next((rule for rule in on if rule.what == Detector.NAMES), None)
        self.paths: dict[str, list[tuple[list[str], Rule]]] = {}
        for rule in (rule for rule in on if rule.kind == RuleKind.FIELD):
            names = rule.what.lower().split(".")
            self.paths.setdefault(names[-1], []).append((names, rule))
        labels = {"removed", "redacted", *(rule.label for rule in on)}
        marks = "|".join(re2.escape(label) for label in sorted(labels))
        self.marks = re2.compile(rf"(\[(?:{marks})(?::[0-9a-f]{{{2 * _DIGEST_BYTES}}})?\])")
        detectors = [KINDS[Detector(rule.what)] for rule in on if rule.kind == RuleKind.DETECTOR]
        own = [f"(?:{rule.what})" for rule in on if rule.kind == RuleKind.PATTERN]
        # Finds something wherever a rule may: in one text, and in all texts of a report, which stand between line ends
        # there. A pattern that asks for the beginning or end of a text can be judged by that text alone.
        self.text_hint = any_of([kind.in_text for kind in detectors if kind.looks] + own)
        everywhere = [kind.in_text for kind in detectors] + own + [name_hint(name) for name in self.paths]
        self.hint = None if any(map(is_anchored, own)) else any_of(everywhere)
        self.clean: set[str] = set()

    def _maskers(self, rule: Rule) -> list[_Masker]:
        def put(found: str) -> str:
            return self.masked(rule, found)

        if rule.kind == RuleKind.PATTERN:
            return [_Masker(Look(_compile(rule.what).sub), put)]
        if rule.kind == RuleKind.DETECTOR:
            return [_Masker(look, put) for look in KINDS[Detector(rule.what)].looks]
        return []

    def masked(self, rule: Rule, value: str) -> str:
        """What stands in place of a text."""
        if rule.becomes == Becomes.HASH:
            return f"[{rule.label}:{self.digest(value)}]"
        return f"[{rule.label}]" if rule.becomes == Becomes.LABEL else "[removed]"

    def digest(self, value: str) -> str:
        """Twelve hexadecimal digits: the same for the same value in one team."""
        told = value.encode("utf-8", "replace")
        return hashlib.blake2b(told, digest_size=_DIGEST_BYTES, key=self.key).hexdigest()

    def may_touch(self, value: Any) -> bool:
        """Whether some rule may find something in a value (anything that msgspec writes)."""
        if self.hint is None:
            return True
        try:
            texts = joined_texts(msgspec.json.encode(value))
        except (TypeError, ValueError, RecursionError, OverflowError):
            return True
        return texts is None or self.hint.search(texts) is not None

    def text(self, text: str) -> str:
        """The text without what a detector or a pattern finds.

        One that is no Unicode stays so where nothing is found: whoever stores it says what is wrong with it.
        """
        try:
            return self._masked_text(text)
        except UnicodeEncodeError:
            readable = text.encode("utf-8", "replace").decode()
            masked = self._masked_text(readable)
            return text if masked == readable else masked

    def _masked_text(self, text: str) -> str:
        if text in self.clean:
            return text
        # What stands between marks is looked at as if it were a text of its own.
        if self.text_hint and not self.text_hint.search(text) and not self._has_marks(text):
            if len(text) <= _SHORT:
                if len(self.clean) >= _MAX_CLEAN:
                    self.clean.clear()
                self.clean.add(text)
            return text
        # Each turn leaves less that is not masked, so this ends.
        while (new := self._once(text)) != text:
            text = new
        return text

    def _has_marks(self, text: str) -> bool:
        return "[" in text and self.marks.search(text) is not None

    def _once(self, text: str) -> str:
        low = text.casefold()
        for mask in self.maskers:
            if not mask.may_find(low):
                continue
            if self._has_marks(text):
                parts = self.marks.split(text)
                text = "".join(part if at % 2 else mask(part) for at, part in enumerate(parts))
            else:
                text = mask(text)
        return text

    def identity(self, text: str) -> str:
        """An id without what would be found in it, and still another one for each: what is masked is hashed."""
        masked = self.text(text)
        return masked if masked == text else f"{masked[:150]}~{self.digest(text)}"

    def value(self, value: Any, path: tuple[str, ...] = ()) -> Any:
        """A decoded JSON value without what the rules find; `path` is where it stands, in lower case."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self._fields(value, path)
        if isinstance(value, list | tuple):
            return [self.value(one, path) for one in value]
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _LONG_NUMBER:
            masked = self.text(text := str(value))
            return value if masked == text else masked
        return value

    def _fields(self, value: dict[Any, Any], path: tuple[str, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for told, one in value.items():
            name = str(told)
            here = (*path, name.lower())
            rule = self.rule_of(here, name, one)
            if rule is None:
                found[self.text(name)] = self.value(one, here)
            elif rule.becomes != Becomes.REMOVED:
                found[self.text(name)] = self.blank(rule, one)
        return found

    def rule_of(self, path: tuple[str, ...], name: str, value: Any) -> Rule | None:
        """The rule that masks a field as a whole, by its name or path."""
        if rule := self.path_rule(path):
            return rule
        return self.names if self.names and holds_secret(name, value) else None

    def path_rule(self, path: tuple[str, ...]) -> Rule | None:
        """The rule of fields that is about this path."""
        return next((rule for pattern, rule in self.paths.get(path[-1], ()) if _is_at(pattern, path)), None)

    def blank(self, rule: Rule, value: Any) -> Any:
        """A value with every text and number in it masked; true, false, null and what is masked already stay."""
        if isinstance(value, dict):
            return {self.text(str(name)): self.blank(rule, one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.blank(rule, one) for one in value]
        if value is None or isinstance(value, bool) or value == "":
            return value
        text = value if isinstance(value, str) else str(value)
        return text if self.marks.fullmatch(text) else self.masked(rule, text)


def _is_at(pattern: Sequence[str], path: Sequence[str]) -> bool:
    """Whether a path of a rule is the path of a field."""
    if len(pattern) == 1:
        return True
    if pattern[0] == "*":
        tail = path[len(path) - len(pattern) + 1 :] if len(path) >= len(pattern) - 1 else ()
        return len(tail) == len(pattern) - 1 and _fits(pattern[1:], tail)
    return len(pattern) == len(path) and _fits(pattern, path)


def _fits(pattern: Sequence[str], path: Sequence[str]) -> bool:
    return all(name in ("*", told) for name, told in zip(pattern, path, strict=True))
