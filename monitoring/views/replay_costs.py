"""What the pages of an execution and of its steps say about costs and usage: told, computed, and which counts."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from monitoring import wording
from monitoring.reads.replay_records import ExecutionRecord, Replay, StepRecord

_PARTS = {
    "input_audio": "Audio tokens, part of those in",
    "input_image": "Image tokens, part of those in",
    "cache_write_1h": "Kept for an hour, part of those to cache",
    "output_audio": "Audio tokens, part of those out",
    "output_image": "Image tokens, part of those out",
    "calls": "Calls of the provider",
}
_BUCKETS = {
    "input": "in",
    "cache_read": "from cache",
    "cache_write": "to cache",
    "output": "out",
    "reasoning": "of reasoning",
}
REVIEW = (
    "Its steps tell usage that does not fit together: a step and the steps below it tell different sums, or a part is "
    "greater than its whole. What the lowest steps tell counts."
)

Fact = tuple[str, str | None]


def step_usage(replay: Replay, step: StepRecord) -> list[Fact]:
    """What is known of a step's usage beside its tokens, and what it costs."""
    detail = step.usage_detail
    parts: list[Fact] = [(title, wording.count(detail[name])) for name, title in _PARTS.items() if name in detail]
    return [
        *parts,
        ("Service tier", detail.get("tier")),
        ("Region", detail.get("region")),
        ("Cost", _step_cost(step)),
        ("Told and computed", _both(step.told_cost_usd, step.computed_cost_usd, step.cost_usd)),
        ("Counted", _counted(replay, step)),
        ("Review", _flaw(step)),
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
        words += f" Computed is known for {priced} of {len(asked)} steps with usage."
    return [
        ("Cost", _execution_cost(execution)),
        ("Told and computed", words),
        ("Review", REVIEW if execution.needs_review else None),
    ]


def _execution_cost(execution: ExecutionRecord) -> str | None:
    if execution.cost_usd is None:
        return f"not priced, {wording.tokens(execution.unpriced_tokens)} tokens" if execution.unpriced_tokens else None
    more = f", {wording.tokens(execution.unpriced_tokens)} tokens not priced" if execution.unpriced_tokens else ""
    return wording.usd(execution.cost_usd) + more


def _step_cost(step: StepRecord) -> str | None:
    if step.cost_usd is not None:
        return wording.usd(step.cost_usd)
    if step.price_id is not None:
        return "not priced: the price names no rate for this usage, or its currency has no exchange rate of the day"
    return "not priced" if step.tokens.total else None


def _both(told: Decimal | None, computed: Decimal | None, counted: Decimal | None) -> str | None:
    """Told and computed side by side; nothing where only one of them is known."""
    if told is None or computed is None:
        return None
    if told == computed:
        return f"both {wording.usd(told)}."
    by = f"{wording.usd(abs(computed - told))} {'more' if computed > told else 'less'}"
    rule = "The told one counts." if counted == told else "The computed one counts." if counted == computed else ""
    return f"told {wording.usd(told)}, computed {wording.usd(computed)}: {by}. {rule}".strip()


def _counted(replay: Replay, step: StepRecord) -> str | None:
    """Why a step does not count, and whether what is below it is the same."""
    if not step.is_covered:
        return None
    below = _lowest_below(replay.steps, step)
    sums = {name: sum(getattr(one.tokens, name) or 0 for one in below) for name in _BUCKETS}
    differing = [
        f"{wording.count(own)} {words} here, {wording.count(sums[name])} below"
        for name, words in _BUCKETS.items()
        if (own := getattr(step.tokens, name)) is not None and own != sums[name]
    ]
    text = "not here: steps below tell the same usage again, and count."
    return f"{text} Their sum is another one: {'; '.join(differing)} tokens." if differing else text


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
    wholes = (
        ("out", tokens.output, (tokens.reasoning or 0) + detail.get("output_audio", 0) + detail.get("output_image", 0)),
        ("in", tokens.input, detail.get("input_audio", 0) + detail.get("input_image", 0)),
        ("to cache", tokens.cache_write, detail.get("cache_write_1h", 0)),
    )
    for words, whole, parts in wholes:
        if whole is not None and parts > whole:
            more, all_of_them = wording.count(parts), wording.count(whole)
            return f"parts of the tokens {words} are {more}, more than all of them, {all_of_them}."
    return None


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [one for one in amounts if one is not None]
    return sum(known, Decimal(0)) if known else None
