"""The shapes of months, statements and entries in the API."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import Http404
from rest_framework import exceptions
from rest_framework import serializers as s

from billing.analysis.checklist import MAX_REASON, Check
from billing.analysis.reconciliation import Cause, Measure, Tone
from billing.api.documents import money
from billing.models import MonthState
from billing.reads.choices import KIND_WORDS
from billing.services.entry_fields import ENTRIES, MAX_NAME, MAX_TAG


def month_in(text: str) -> date:
    """The first day of a month that an address names as `2026-11`. Raises `Http404`."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Http404 from None


def month_told(text: str | None) -> date | None:
    """The first day of a month that a parameter or field names; None without one. Raises `ValidationError`."""
    try:
        return date.fromisoformat(f"{text}-01") if text else None
    except ValueError:
        raise exceptions.ValidationError({"month": ["must be a month, as 2026-11"]}) from None


def plain(value: Decimal | int | None) -> str | None:
    """An amount as decimal text."""
    return None if value is None else format(Decimal(value), "f")


class ListedMonthSerializer(s.Serializer[Any]):
    """A month with its sums as they stand."""

    month = s.CharField(help_text="As 2026-11")
    state = s.ChoiceField(MonthState.values, help_text="reopening: one person asked, it is closed still")
    cost_usd = money()
    unpriced_tokens = s.IntegerField(help_text="tokens whose cost is not known")
    lines = s.IntegerField(help_text="Cost lines")
    closed_at = s.DateTimeField(allow_null=True)
    closed_by = s.CharField(help_text="E-mail of the person, or of the maker of the key; empty while it is open")
    digest = s.CharField(help_text="SHA-256 of the machine export of the closed month; empty while it is open")


class MonthListSerializer(s.Serializer[Any]):
    """Months with costs, the latest first."""

    results = ListedMonthSerializer(many=True)


class CheckPointSerializer(s.Serializer[Any]):
    """A point of the checklist: as it stands, or as the month was closed with it."""

    check = s.ChoiceField([one.value for one in Check])
    words = s.CharField()
    is_settled = s.BooleanField()
    may_accept = s.BooleanField(help_text="Whether it can be accepted as it is, with a reason")
    open = s.ListField(child=s.CharField(), help_text="What is not settled")
    reason = s.CharField(help_text="For which it was accepted")


class MonthEventSerializer(s.Serializer[Any]):
    """Something that happened to a month."""

    at = s.DateTimeField()
    what = s.CharField()
    by = s.CharField(help_text="A person, or the maker of the key; empty: Steadyrun")
    key = s.CharField(help_text="The API key that did it; empty: none")
    reason = s.CharField()


class MonthTotalsSerializer(s.Serializer[Any]):
    """What a month adds up to; of a closed one what it was closed with."""

    cost_usd, told_usd, priced_usd, list_usd = money(), money(), money(), money("without the team's own prices")
    unpriced_tokens = s.IntegerField(allow_null=True)
    lines, calls = s.IntegerField(allow_null=True), s.IntegerField(allow_null=True)
    reporting_currency = s.CharField()


class MonthSerializer(s.Serializer[Any]):
    """A month with its checklist, sums and history."""

    month = s.CharField(help_text="As 2026-11")
    state = s.ChoiceField(MonthState.values)
    totals = MonthTotalsSerializer()
    checklist = CheckPointSerializer(many=True)
    closed_at = s.DateTimeField(allow_null=True)
    digest = s.CharField()
    history = MonthEventSerializer(many=True, help_text="Latest first")


class CloseMonthSerializer(s.Serializer[Any]):
    """What is accepted as it is."""

    accept = s.DictField(
        child=s.CharField(max_length=MAX_REASON),
        required=False,
        default=dict,
        help_text="Reasons (3 to 500 letters) by point of the checklist that is open and may be accepted",
    )


class ReopeningSerializer(s.Serializer[Any]):
    """Opening a month again."""

    action = s.ChoiceField(["ask", "agree", "withdraw"], help_text="agree is refused to keys")
    reason = s.CharField(required=False, allow_blank=True, default="", max_length=MAX_REASON, help_text="of ask")


class StatementSerializer(s.Serializer[Any]):
    """A provider's statement of a month."""

    id = s.UUIDField()
    provider = s.CharField()
    month = s.CharField(help_text="As 2026-11")
    filename = s.CharField()
    format = s.CharField()
    sha256 = s.CharField()
    row_count = s.IntegerField()
    uploaded_at = s.DateTimeField()
    uploaded_by = s.CharField(help_text="E-mail of the person, or of the maker of the key")


class StatementListSerializer(s.Serializer[Any]):
    """Statements, the latest month first."""

    results = StatementSerializer(many=True)


class NewStatementSerializer(s.Serializer[Any]):
    """A file as `multipart/form-data`. The last five name columns of a file that no format knows."""

    provider = s.CharField(max_length=200, help_text="As workflows report it")
    month = s.CharField(max_length=7, help_text="As 2026-11")
    file = s.FileField(help_text="CSV in UTF-8, up to 50 MB")
    day = s.CharField(required=False, max_length=200)
    model = s.CharField(required=False, max_length=200)
    amount = s.CharField(required=False, max_length=200)
    currency = s.CharField(required=False, max_length=200)
    tokens = s.CharField(required=False, max_length=500, help_text="One column, or several with commas")


class ComparedSerializer(s.Serializer[Any]):
    """Both sides: US dollars, or tokens where the statement tells no money."""

    measure = s.ChoiceField([one.value for one in Measure])
    ours, theirs = money("decimal text; null: not known"), money("decimal text; null: not told")
    difference = s.CharField(help_text="Theirs less ours")
    share = s.CharField(allow_null=True, help_text="Of what the statement says")
    booked_usd = s.CharField(help_text="Of the difference")
    left = s.CharField(help_text="Of the difference, less what was booked")
    state = s.ChoiceField([one.value for one in Tone], help_text="By what is left")


class ReconciledProviderSerializer(ComparedSerializer):
    """A provider's month; without a statement `theirs` is null."""

    provider = s.CharField()
    statement = s.UUIDField(allow_null=True)


class ReconciliationSerializer(s.Serializer[Any]):
    """Providers of a month, the dearest first."""

    month = s.CharField()
    results = ReconciledProviderSerializer(many=True)


class ReconciledDaySerializer(ComparedSerializer):
    """A day and model."""

    day = s.DateField()
    model = s.CharField(help_text="Empty: not told")
    model_key = s.CharField(help_text="The words of the name in order: what a booking is asked for by")
    causes = s.DictField(child=s.CharField(), help_text="Amounts that add up to the difference, by cause")


class ExplainedSerializer(s.Serializer[Any]):
    """A part of the difference."""

    cause = s.ChoiceField([one.value for one in Cause])
    amount = s.CharField()
    rows = s.IntegerField(help_text="Days and models")


class StatementDetailSerializer(StatementSerializer):
    """A statement against what is counted."""

    whole = ComparedSerializer()
    explained = ExplainedSerializer(many=True)
    rows = ReconciledDaySerializer(many=True)


class BookingProposalSerializer(s.Serializer[Any]):
    """The adjustment that booking would make."""

    amount_usd = s.CharField()
    day = s.DateField(help_text="Of the open month where the statement's own is closed")
    model = s.CharField()
    reason = s.CharField()
    seen = s.CharField(help_text="Send it back to book just this")


class BookSerializer(s.Serializer[Any]):
    """Which difference is booked: of a day and model, or without them of the whole month."""

    seen = s.CharField(max_length=200, help_text="Of the preview")
    day = s.DateField(required=False, allow_null=True, default=None)
    model_key = s.CharField(required=False, allow_blank=True, default="", max_length=500)


class NewEntrySerializer(s.Serializer[Any]):
    """What `POST /api/v1/costs/entries/` takes."""

    entry = s.ChoiceField(list(ENTRIES))
    amount = s.CharField(max_length=40, help_text="Decimal text such as -12.50; a credit is less than 0")
    currency = s.CharField(required=False, default="USD", max_length=3, help_text="USD or the reporting currency")
    day = s.DateField(help_text="On which it counts, in an open month")
    reason = s.CharField(max_length=500)
    kind = s.ChoiceField(list(KIND_WORDS), required=False, default="tokens")
    provider = s.CharField(required=False, allow_blank=True, default="", max_length=MAX_NAME)
    model = s.CharField(required=False, allow_blank=True, default="", max_length=MAX_NAME)
    workflow = s.CharField(required=False, allow_blank=True, default="", max_length=MAX_NAME, help_text="Name or slug")
    environment = s.CharField(required=False, allow_blank=True, default="", max_length=MAX_NAME)
    tags = s.DictField(child=s.CharField(max_length=MAX_NAME), required=False, default=dict, help_text="At most 10")
    key = s.CharField(
        required=False, max_length=100, help_text="Your own name of the entry: the same again books nothing more"
    )

    def validate_tags(self, told: dict[str, str]) -> dict[str, str]:
        """Names that can be written as `name=value`."""
        for name, value in told.items():
            if not name.strip() or "=" in name or len(name) > MAX_TAG or (name + value).splitlines() != [name + value]:
                raise s.ValidationError(f"must have names of 1 to {MAX_TAG} characters without = and one-line values")
        return told


class EntrySerializer(s.Serializer[Any]):
    """An entry."""

    id = s.CharField(help_text="A 64-bit number, as text")
    entry = s.ChoiceField(list(ENTRIES))
    kind = s.ChoiceField(list(KIND_WORDS))
    day = s.DateField()
    cost_usd = money()
    amount = money("in currency")
    currency = s.CharField()
    rate_usd = money("US dollars for one unit; null: it is in US dollars")
    provider, model, workflow, environment = s.CharField(), s.CharField(), s.CharField(), s.CharField()
    tags = s.DictField(child=s.CharField())
    reason = s.CharField()
    by = s.CharField()
    at = s.DateTimeField(allow_null=True)
    statement = s.UUIDField(allow_null=True, help_text="It is the difference of this statement")


class EntryListSerializer(s.Serializer[Any]):
    """Entries of a month by day, at most 1,000."""

    month = s.CharField()
    results = EntrySerializer(many=True)
