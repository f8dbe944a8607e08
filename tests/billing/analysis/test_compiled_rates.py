"""The fast arithmetic is the exact one."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing.analysis.compiled_rates import CompiledRates
from billing.analysis.rating import rate_usage
from billing.analysis.usage import Bucket, Usage

counts = st.none() | st.integers(0, 3) | st.integers(0, 10**18)
rates = st.dictionaries(
    st.sampled_from(list(Bucket)),
    st.decimals(0, 10**6, places=9) | st.integers(0, 100).map(Decimal) | st.just(Decimal("2.50E+3")),
)
details = st.none() | st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ("cache_write_1h", "input_audio", "input_image", "output_audio", "output_image"), st.integers(0, 10**9)
        ),
        "calls": st.integers(0, 1000),
        "tier": st.just("batch"),
    },
)


@given(tokens=st.tuples(*[counts] * 5), detail=details, rates=rates)
def test_it_gives_what_the_one_arithmetic_gives(
    tokens: tuple[int | None, ...], detail: dict[str, int] | None, rates: dict[Bucket, Decimal]
) -> None:
    parts = {f"{name}_tokens": count for name, count in (detail or {}).items() if name not in ("calls", "tier")}
    usage = Usage(*tokens, **parts, calls=(detail or {}).get("calls", 1))
    expected = rate_usage(usage, rates)
    if not usage.is_told and Bucket.CALL not in rates:
        expected = None
    assert CompiledRates(rates).cost(tokens, detail) == expected


def test_no_tokens_cost_nothing_only_where_calls_have_a_price() -> None:
    untold = (None,) * 5
    assert CompiledRates({Bucket.INPUT: Decimal(3)}).cost(untold, None) is None
    assert CompiledRates({Bucket.CALL: Decimal("0.01")}).cost(untold, {"calls": 3}) == Decimal("0.03")
