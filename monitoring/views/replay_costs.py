"""What the pages of an execution and of its steps say about costs and usage: told, computed, and which counts."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from monitoring import wording
from monitoring.reads.replay_records import ExecutionRecord, Replay, StepRecord

_PARTS = {
    "input_audio": gettext_noop("Audio tokens, part of those in"),
    "input_image": gettext_noop("Image tokens, part of those in"),
    "cache_write_1h": gettext_noop("Kept for an hour, part of those to cache"),
    "output_audio": gettext_noop("Audio tokens, part of those out"),
    "output_image": gettext_noop("Image tokens, part of those out"),
    "calls": gettext_noop("Calls of the provider"),
}
_BUCKETS = {
    "input": gettext_noop("{own} in here, {sum} below"),
    "cache_read": gettext_noop("{own} from cache here, {sum} below"),
    "cache_write": gettext_noop("{own} to cache here, {sum} below"),
    "output": gettext_noop("{own} out here, {sum} below"),
    "reasoning": gettext_noop("{own} of reasoning here, {sum} below"),
}
REVIEW = gettext_noop(
    "Its steps tell usage that does not fit together: a step and the steps below it tell different sums, or a part is "
    "greater than its whole. What the lowest steps tell counts."
)

Fact = tuple[str, str | None]


def step_usage(replay: Replay, step: StepRecord) -> list[Fact]:
    """What is known of a step's usage beside its tokens, and what it costs."""
    detail = step.usage_detail
    parts: list[Fact] = [(_(title), wording.count(detail[name])) for name, title in _PARTS.items() if name in detail]
    return [
        *parts,
        (_("Service tier"), detail.get("tier")),
        (_("Region"), detail.get("region")),
        (_("Cost"), _step_cost(step)),
        (_("Told and computed"), _both(step.told_cost_usd, step.computed_cost_usd, step.cost_usd)),
        (_("Counted"), _counted(replay, step)),
        (_("Review"), _flaw(step)),
    ]


def execution_costs(replay: Replay) -> list[Fact]:
    """What an execution costs: what counts, what was told and what was computed, and whether somebody should look."""
    execution = replay.execution
    asked = [one for one in replay.steps if not one.is_covered and (one.tokens.total or one.told_cost_usd is not None)]
    computed = _sum(one.computed_cost_usd for one in asked)
    told = execution.told_cost_usd if execution.told_cost_usd is not None else _sum(one.told_cost_usd for one in asked)
    words = _both(told, computed, execution.cost_usd)
    priced = sum(one.computed_cost_usd is not None for one in asked)
    if words and priced < len(asked):
        known = _("Computed is known for {priced} of {count} steps with usage.")
        words += " " + known.format(priced=priced, count=len(asked))
    return [
        (_("Cost"), _execution_cost(execution)),
        (_("Told and computed"), words),
        (_("Review"), _(REVIEW) if execution.needs_review else None),
    ]


def _execution_cost(execution: ExecutionRecord) -> str | None:
    unpriced = wording.tokens(execution.unpriced_tokens) if execution.unpriced_tokens else ""
    if execution.cost_usd is None:
        return _("not priced, {count} tokens").format(count=unpriced) if unpriced else None
    if not unpriced:
        return wording.usd(execution.cost_usd)
    words = _("{amount}, {count} tokens not priced")
    return words.format(amount=wording.usd(execution.cost_usd), count=unpriced)


def _step_cost(step: StepRecord) -> str | None:
    if step.cost_usd is not None:
        return wording.usd(step.cost_usd)
    if step.price_id is not None:
        return _("not priced: the price names no rate for this usage, or its currency has no exchange rate of the day")
    return _("not priced") if step.tokens.total else None


def _both(told: Decimal | None, computed: Decimal | None, counted: Decimal | None) -> str | None:
    """Told and computed side by side; nothing where only one of them is known."""
    if told is None or computed is None:
        return None
    if told == computed:
        return _("both {amount}.").format(amount=wording.usd(told))
    words = _("told {told}, computed {computed}: {difference} less.")
    if computed > told:
        words = _("told {told}, computed {computed}: {difference} more.")
    rule = _("The told one counts.") if counted == told else ""
    rule = rule or (_("The computed one counts.") if counted == computed else "")
    difference = wording.usd(abs(computed - told))
    words = words.format(told=wording.usd(told), computed=wording.usd(computed), difference=difference)
    return f"{words} {rule}".strip()


def _counted(replay: Replay, step: StepRecord) -> str | None:
    """Why a step does not count, and whether what is below it is the same."""
    if not step.is_covered:
        return None
    below = _lowest_below(replay.steps, step)
    sums = {name: sum(getattr(one.tokens, name) or 0 for one in below) for name in _BUCKETS}
    differing = [
        _(words).format(own=wording.count(own), sum=wording.count(sums[name]))
        for name, words in _BUCKETS.items()
        if (own := getattr(step.tokens, name)) is not None and own != sums[name]
    ]
    text = _("not here: steps below tell the same usage again, and count.")
    if not differing:
        return text
    return f"{text} " + _("Their sum is another one: {sums} tokens.").format(sums="; ".join(differing))


def _lowest_below(steps: Sequence[StepRecord], step: StepRecord) -> list[StepRecord]:
    """The steps below that count."""
    children: dict[int, list[StepRecord]] = {}
    for one in steps:
        if one.parent_id is not None:
            children.setdefault(one.parent_id, []).append(one)
    found, seen, ahead = [], {step.id}, [step]
    while ahead:
        for child in children.get(ahead.pop().id, ()):
            if child.id not in seen:
                seen.add(child.id)
                ahead.append(child)
                if not child.is_covered:
                    found.append(child)
    return found


def _flaw(step: StepRecord) -> str | None:
    """A part that is greater than its whole."""
    detail, tokens = step.usage_detail, step.tokens
    out = _("parts of the tokens out are {parts}, more than all of them, {whole}.")
    into = _("parts of the tokens in are {parts}, more than all of them, {whole}.")
    to_cache = _("parts of the tokens to cache are {parts}, more than all of them, {whole}.")
    wholes = (
        (out, tokens.output, (tokens.reasoning or 0) + detail.get("output_audio", 0) + detail.get("output_image", 0)),
        (into, tokens.input, detail.get("input_audio", 0) + detail.get("input_image", 0)),
        (to_cache, tokens.cache_write, detail.get("cache_write_1h", 0)),
    )
    for words, whole, parts in wholes:
        if whole is not None and parts > whole:
            return words.format(parts=wording.count(parts), whole=wording.count(whole))
    return None


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [one for one in amounts if one is not None]
    return sum(known, Decimal(0)) if known else None
