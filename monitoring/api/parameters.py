"""Query parameters of the reading API. What cannot be meant is refused, naming the field and what is allowed."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions

from monitoring.filters import ANY, MAX_LENGTH, MAX_VALUES, Choice, Filters
from monitoring.reads.executions import PAGE_SIZE, SORTS, read_cursor
from monitoring.search import merged
from monitoring.statuses import SPELLINGS, UNMET, Status
from monitoring.windows import DAY, EARLIEST, LATEST, Window, minute_floor, parse_instant

MAX_PAGE_SIZE = 1000
INSTANT_WORDS = "ISO 8601 (without a zone: UTC), 'now', or 'now-7d' (units m, h, d)"
# The names of parameters on pages, where they differ.
PAGE_NAMES = {"environment": "env", "input_type": "input"}
STATUS_WORDS = ", ".join([*(status.word for status in Status), UNMET])


class ListInput(forms.TextInput):
    """A parameter that may be repeated."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        """All values of the parameter."""
        values = data.getlist(name) if hasattr(data, "getlist") else data.get(name) or []
        return [value for value in values if value]


class ChoiceField(forms.Field):
    """Values to find, and with a leading `-` values to leave out."""

    widget = ListInput

    def clean(self, value: list[str]) -> Choice:
        """The values sorted into wanted and excluded."""
        if len(value) > MAX_VALUES:
            raise ValidationError(f"May be repeated up to {MAX_VALUES} times.")
        for text in value:
            if len(text) > MAX_LENGTH or "\x00" in text:
                raise ValidationError(f"A value has up to {MAX_LENGTH} characters and no NUL.")
        wanted = [self.read(text) for text in value if not text.startswith("-")]
        excluded = [self.read(text[1:]) for text in value if text.startswith("-") and len(text) > 1]
        return Choice(tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(excluded)))

    def read(self, text: str) -> str:
        """One value, checked."""
        return text


class StatusField(ChoiceField):
    """Statuses in any common spelling."""

    def read(self, text: str) -> str:
        """The status's own word."""
        word = text.strip().lower().replace("-", "_").replace(" ", "_")
        if word == UNMET:
            return word
        if word not in SPELLINGS:
            raise ValidationError(f"Unknown status. Allowed: {STATUS_WORDS}.")
        return SPELLINGS[word].word


class IdField(ChoiceField):
    """Ids as the API gives them."""

    def read(self, text: str) -> str:
        """The id, checked."""
        try:
            return str(UUID(text))
        except ValueError:
            raise ValidationError("Not an id: a UUID is needed.") from None


class InstantField(forms.CharField):
    """A point in time, kept as its text: what `now` means is decided once, by the view."""

    def clean(self, value: Any) -> str:
        """The text, when it is a time."""
        text = str(super().clean(value))
        if text and parse_instant(text, LATEST - DAY) is None:
            raise ValidationError(f"Not a time between 1990 and 2100. Allowed: {INSTANT_WORDS}.")
        return text


class NamesFilter(django_filters.Filter):
    """Names, repeated for "or", with a leading `-` to leave out."""

    field_class = ChoiceField


class StatusFilter(NamesFilter):
    """Statuses, likewise."""

    field_class = StatusField


class IdsFilter(NamesFilter):
    """Ids, likewise."""

    field_class = IdField


class InstantFilter(django_filters.Filter):
    """A point in time."""

    field_class = InstantField


class WholeNumberFilter(django_filters.Filter):
    """A whole number."""

    field_class = forms.IntegerField


def described(kind: django_filters.Filter, description: str, **schema: Any) -> django_filters.Filter:
    """The filter with its place in the OpenAPI document."""
    describe = extend_schema_field({**schema, "description": description})
    return describe(kind)  # type: ignore[type-var]  # filters are described as well, says its documentation


def names(description: str, kind: type[NamesFilter] = NamesFilter) -> django_filters.Filter:
    """A filter by names."""
    words = f'{description}. Repeat it for "or"; a leading - leaves a value out.'
    return described(kind(), words, type="array", items={"type": "string"})


def one_of(words: Iterable[str], description: str) -> django_filters.Filter:
    """A filter that takes one of these words."""
    known = list(words)
    messages = {"invalid_choice": f"Not known. Allowed: {', '.join(known)}."}
    choices = [(word, word) for word in known]
    kind = django_filters.ChoiceFilter(choices=choices, empty_label=None, error_messages=messages)
    return described(kind, description, type="string", enum=known)


class RangeFilters(django_filters.FilterSet):
    """`from` and `to`: half-open, on the time at which an execution counts (its finish, else its start)."""

    @classmethod
    def get_filters(cls) -> OrderedDict[str, django_filters.Filter]:
        """The declared filters and the two whose names are words of Python."""
        found = OrderedDict(super().get_filters())
        found["from"] = described(
            InstantFilter(), f"Start, included: {INSTANT_WORDS}. Absent: everything", type="string"
        )
        found["to"] = described(InstantFilter(), f"End, left out: {INSTANT_WORDS}. Absent: everything", type="string")
        return found

    def told(self) -> dict[str, Any]:
        """The cleaned values. Raises REST framework's `ValidationError`, by field."""
        if not self.is_valid():
            raise exceptions.ValidationError(self.errors)
        return dict(self.form.cleaned_data)

    def window(self, now: datetime, first: datetime = EARLIEST, last: datetime = LATEST) -> Window:
        """[from, to), exactly as told; `first` and `last` stand for what was not. Raises `ValidationError`."""
        told = self.told()
        start = parse_instant(told["from"], now) if told["from"] else min(first, last)
        end = parse_instant(told["to"], now) if told["to"] else max(first, last)
        if start is None or end is None or start >= end:
            raise exceptions.ValidationError({"from": ["Must be before 'to'."]})
        return Window(start, end, told["from"], told["to"], minute_floor(now))


class ExecutionFilters(RangeFilters):
    """What `GET /api/v1/executions/` understands."""

    workflow = names("Name or slug of a workflow")
    status = names(f"Status: {STATUS_WORDS} (succeeded, but success criteria not met)", StatusFilter)
    release = names("Release of the workflow")
    environment = names("Environment. Absent: all environments")
    trigger = names("What started the execution")
    input_type = names("Type of the input")
    step = names("Node that was visited; for a failed execution the node at which it failed")
    model = names("Model that a step called")
    tool = names("Tool that a step called")
    system = names("External system that a step called")
    error = names("Normalised error")
    group = names("Failure group", IdsFilter)
    q = described(
        django_filters.CharFilter(max_length=MAX_LENGTH),
        "Words that must all be found, each at the start of the external id or in the error text; quotes keep words "
        "together, a leading - leaves out, field:value filters as on pages",
        type="string",
        maxLength=MAX_LENGTH,
    )
    sort = one_of(SORTS, "Order; newest first when absent")
    limit = described(
        WholeNumberFilter(min_value=1, max_value=MAX_PAGE_SIZE),
        f"Rows a page, {PAGE_SIZE} when absent",
        type="integer",
        minimum=1,
        maximum=MAX_PAGE_SIZE,
        default=PAGE_SIZE,
    )
    after = described(django_filters.CharFilter(), "Cursor, from `next` or `previous` of another page", type="string")

    def as_filters(self, now: datetime) -> Filters:
        """The filters as every list of executions understands them. Raises `ValidationError`."""
        told = self.told()
        sort = told["sort"] or SORTS[0]
        if told["after"] and read_cursor(told["after"], sort) is None:
            raise exceptions.ValidationError(
                {"after": ["Not a cursor of this list in this order. Take it from `next`."]}
            )
        by_name = {PAGE_NAMES.get(name, name): value for name, value in told.items() if isinstance(value, Choice)}
        by_name["env"] = by_name["env"] or Choice((ANY,))
        choices = {name: choice for name, choice in by_name.items() if choice}
        filters = Filters(self.window(now), choices, q=told["q"] or "", sort=sort, after=told["after"] or "")
        return replace(merged(filters)[0], places=())

    def limit_told(self) -> int:
        """How many rows a page has."""
        return int(self.told()["limit"] or PAGE_SIZE)
