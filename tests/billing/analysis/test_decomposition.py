"""The decomposition adds up to the last digit, whatever comes, and says what a reader would say in plain cases."""

from decimal import Context, Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from billing.analysis.decomposition import Effect, Factor, Priced, Side, decompose

MONEY = st.decimals(min_value=-1000, max_value=10**9, places=14, allow_nan=False, allow_infinity=False)
MODELS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.builds(Priced, usd=MONEY, tokens=st.integers(0, 10**18)), max_size=3
)
SIDES = st.builds(
    Side,
    runs=st.none() | st.integers(0, 10**9),
    models=MODELS,
    waste_usd=MONEY,
    other=st.dictionaries(st.sampled_from(["Compute", "Storage"]), MONEY, max_size=2),
)


def by_factor(before: Side, after: Side) -> dict[Factor, Decimal]:
    return {one.factor: one.usd for one in decompose(before, after)}


def test_twice_the_runs_are_volume_alone() -> None:
    before = Side(100, {"m": Priced(Decimal(10), 1000)})
    after = Side(200, {"m": Priced(Decimal(20), 2000)})
    assert by_factor(before, after) == {Factor.VOLUME: Decimal(10)}


def test_a_dearer_model_at_the_same_tokens_is_price_alone() -> None:
    before = Side(100, {"m": Priced(Decimal(10), 1000)})
    after = Side(100, {"m": Priced(Decimal("12.5"), 1000)})
    assert by_factor(before, after) == {Factor.PRICE: Decimal("2.5")}


def test_longer_prompts_are_tokens_per_run_alone() -> None:
    before = Side(100, {"m": Priced(Decimal(10), 1000)})
    after = Side(100, {"m": Priced(Decimal(15), 1500)})
    assert by_factor(before, after) == {Factor.TOKENS_PER_RUN: Decimal(5)}


def test_a_new_model_at_its_own_price_is_mix_and_no_price() -> None:
    before = Side(100, {"dear": Priced(Decimal(10), 1000)})
    after = Side(100, {"dear": Priced(Decimal(5), 500), "cheap": Priced(Decimal(1), 500)})
    assert by_factor(before, after) == {Factor.MODEL_MIX: Decimal(-4)}


def test_all_at_once_by_hand() -> None:
    """Runs and price both double: each order gives one 10 and the other 20, so each is 15."""
    before = Side(100, {"m": Priced(Decimal(10), 1000)})
    after = Side(200, {"m": Priced(Decimal(40), 2000)})
    assert by_factor(before, after) == {Factor.VOLUME: Decimal(15), Factor.PRICE: Decimal(15)}


def test_waste_and_other_kinds_stand_for_themselves() -> None:
    before = Side(10, waste_usd=Decimal("0.1"), other={"Compute": Decimal(3)})
    after = Side(10, waste_usd=Decimal("0.7"), other={"Storage": Decimal(2)})
    assert decompose(before, after) == [
        Effect(Factor.OTHER, Decimal(-3), "Compute"),
        Effect(Factor.OTHER, Decimal(2), "Storage"),
        Effect(Factor.WASTE, Decimal("0.6")),
    ]


def test_without_runs_the_tokens_are_one_factor() -> None:
    before, after = Side(None, {"m": Priced(Decimal(1), 10)}), Side(None, {"m": Priced(Decimal(3), 30)})
    assert by_factor(before, after) == {Factor.TOKENS: Decimal(2)}


def test_what_starts_from_nothing_is_volume() -> None:
    after = Side(7, {"m": Priced(Decimal("1.23"), 10)})
    assert by_factor(Side(0), after) == {Factor.VOLUME: Decimal("1.23")}
    assert by_factor(after, Side(0)) == {Factor.VOLUME: Decimal("-1.23")}


def test_money_without_tokens_is_said_to_be_so() -> None:
    assert by_factor(Side(1), Side(1, {"m": Priced(Decimal(5), 0)})) == {Factor.UNTOKENED: Decimal(5)}


@given(before=SIDES, after=SIDES)
def test_the_effects_add_up_to_the_last_digit(before: Side, after: Side) -> None:
    with localcontext(Context(prec=200)):
        total = sum((one.usd for one in decompose(before, after)), Decimal(0))
        assert total == after.usd - before.usd


@given(before=SIDES, after=SIDES)
def test_backwards_is_the_same_with_the_other_sign(before: Side, after: Side) -> None:
    """But for the last kept digits, where the rounding is placed."""
    there, back = by_factor(before, after), by_factor(after, before)
    tiny = Decimal("0.00000000001")
    for factor in {*there, *back} - {Factor.OTHER}:
        assert abs(there.get(factor, Decimal(0)) + back.get(factor, Decimal(0))) <= tiny
