"""What failures have in common, on tables small enough to work out by hand."""

from itertools import product

import pytest

from monitoring.analysis.concentration import Reach, Reading
from monitoring.analysis.explanation import Relation, explain
from monitoring.analysis.leaf_table import calmer_half
from tests.monitoring.analysis.tables import answers, combination, row_of, table

CDN = ("5", "6", "7")
BITRATE = ("500", "2000", "4000")
P2P = ("0", "1")


def video(failures, *, runs: int = 100, usual: tuple[int, ...] = ()):
    """`runs` in each of the 18 leaves; `failures` says how many failed in one."""
    leaves = list(product(CDN, BITRATE, P2P))
    return table(["cdn", "bitrate", "p2p"], [(leaf, (runs, failures(*leaf), *usual)) for leaf in leaves])


def test_one_value_that_holds_most_failures_is_the_answer():
    explained = explain([video(lambda cdn, bitrate, p2p: 30 if cdn == "5" else 1)])
    (part,) = explained.explanations[0].parts
    assert part.combination == combination(cdn="5")
    # Six leaves of 100 runs and 30 failures; twelve others with one failure each.
    assert (part.runs, part.failures, part.added) == (600, 180, 180)
    assert part.covered == pytest.approx(180 / 192)
    explanation = explained.explanations[0]
    assert explanation.reach is Reach.LOCAL
    assert explanation.run_share == pytest.approx(1 / 3)
    assert explanation.contrast == pytest.approx((180 / 600) / (12 / 1200))
    assert explanation.attributable == pytest.approx((180 - 6) / 192)


def test_the_figures_of_a_row_are_shares_of_failures_and_of_runs():
    explained = explain([video(lambda cdn, bitrate, p2p: 30 if cdn == "5" else 1)])
    row = row_of(explained, cdn="5")
    assert (row.runs, row.finding.failures) == (600, 180)
    assert row.finding.share == pytest.approx(180 / 192)
    assert row.finding.usual == pytest.approx(1 / 3)
    assert row.finding.lift == pytest.approx(180 / 192 * 3)
    assert row.finding.low < row.finding.lift < row.finding.high
    assert row.finding.p_value < 0.001
    assert row.finding.reading is Reading.CONCENTRATED
    assert row.relation is Relation.PART
    assert explained.looked_at > len(CDN) + len(BITRATE) + len(P2P)


@pytest.mark.parametrize(
    "cause",
    [{"bitrate": "500", "p2p": "0"}, {"cdn": "5", "bitrate": "500", "p2p": "0"}, {"cdn": "7", "p2p": "1"}],
)
def test_a_combination_is_found_with_all_its_attributes_and_no_more(cause):
    def failures(cdn, bitrate, p2p):
        told = {"cdn": cdn, "bitrate": bitrate, "p2p": p2p}
        return 60 if cause.items() <= told.items() else 1

    assert answers(explain([video(failures)])) == [cause]


def test_two_causes_are_ranked_by_what_each_adds():
    explained = explain([video(lambda cdn, bitrate, p2p: 60 if cdn == "5" else 40 if bitrate == "2000" else 0)])
    first, second = explained.explanations[0].parts
    assert first.combination == combination(cdn="5")
    assert second.combination == combination(bitrate="2000")
    assert (first.failures, first.added) == (360, 360)
    # Two of its six leaves belong to the first part already.
    assert (second.failures, second.added) == (280, 160)
    assert second.covered == pytest.approx(1)
    assert second.added_share == pytest.approx(160 / 520)


def test_a_value_that_only_goes_along_is_a_shadow_of_the_cause():
    """cdn=5 fails; nearly all of its runs have bitrate=500, which fails as usual elsewhere."""
    rows = [
        (("5", "500"), (900, 300)),
        (("5", "2000"), (300, 100)),
        (("6", "500"), (1000, 10)),
        (("6", "2000"), (3000, 30)),
    ]
    explained = explain([table(["cdn", "bitrate"], rows)])
    assert answers(explained) == [{"cdn": "5"}]
    shadow = row_of(explained, bitrate="500")
    assert shadow.finding.reading is not Reading.AS_USUAL
    assert shadow.relation is Relation.SHADOW
    assert shadow.because == combination(cdn="5")


def test_values_of_the_same_runs_are_said_to_be_so():
    rows = [(("2.0", "new"), (500, 200)), (("1.9", "old"), (2000, 10)), (("1.8", "old"), (2000, 10))]
    explained = explain([table(["release", "prompt"], rows)])
    (answer,) = answers(explained)
    assert answer in ({"release": "2.0"}, {"prompt": "new"})
    other = {"prompt": "new"} if "release" in answer else {"release": "2.0"}
    assert row_of(explained, **other).relation is Relation.SAME_RUNS


def test_failures_in_step_with_runs_are_not_concentrated():
    explained = explain([video(lambda cdn, bitrate, p2p: 10)])
    assert explained.explanations[0].reach is Reach.SPREAD
    assert answers(explained) == []
    assert explained.leading is None
    assert {row.finding.reading for _, row in explained.rows} == {Reading.AS_USUAL}


def test_all_failing_is_not_concentrated():
    explained = explain([video(lambda cdn, bitrate, p2p: 100)])
    assert explained.explanations[0].reach is Reach.SPREAD


def test_nine_failures_are_too_few():
    explained = explain([table(["cdn"], [(("5",), (10, 9)), (("6",), (500, 0))])])
    assert explained.explanations[0].reach is Reach.TOO_FEW
    assert row_of(explained, cdn="5").finding.reading is Reading.TOO_FEW
    assert row_of(explained, cdn="5").has_few


def test_ten_failures_of_few_runs_are_an_answer_with_few_samples():
    explained = explain([table(["cdn"], [(("5",), (12, 10)), (("6",), (500, 0))])])
    assert answers(explained) == [{"cdn": "5"}]
    assert row_of(explained, cdn="5").has_few


@pytest.mark.parametrize(
    "rows", [[], [(("5",), (0, 0))], [(("5",), (100, 0)), (("6",), (100, 0))], [((None,), (100, 50))]]
)
def test_without_failures_or_values_there_are_no_rows(rows):
    explained = explain([table(["cdn"], rows)])
    assert explained.rows == []
    assert explained.explanations[0].parts == ()


def test_no_tables_have_no_answer():
    explained = explain([])
    assert (explained.explanations, explained.rows, explained.leading) == ([], [], None)


def test_runs_below_their_failures_are_raised_to_them():
    explained = explain([table(["cdn"], [(("5",), (0, 40)), (("6",), (1000, 5))])])
    assert answers(explained) == [{"cdn": "5"}]
    assert row_of(explained, cdn="5").runs == 40


def test_names_of_any_script_are_kept():
    explained = explain([table(["渠道", "isp"], [(("支付", "电信"), (100, 60)), (("é=&", "移动"), (900, 5))])])
    assert len(answers(explained)) == 1
    assert {name for _, row in explained.rows for _, name in row.combination} == {"支付", "电信", "é=&", "移动"}


def test_rows_that_do_not_tell_an_attribute_belong_to_none_of_its_values():
    rows = [(("5", None), (500, 150)), (("6", "a"), (500, 3)), (("6", "b"), (500, 3)), (("7", None), (500, 3))]
    explained = explain([table(["cdn", "tag"], rows)])
    assert answers(explained) == [{"cdn": "5"}]
    assert row_of(explained, tag="a").finding.failures == 3


def test_a_value_that_always_fails_more_is_usual_when_its_history_says_so():
    """4000 fails at 20 % as ever; 500 went from 2 % to 12 %."""
    rows = [(("4000",), (1000, 200, 5000, 1000)), (("500",), (1000, 120, 5000, 100)), (("0",), (1000, 20, 5000, 100))]
    alone = explain([table(["bitrate"], [(leaf, counts[:2]) for leaf, counts in rows])])
    assert row_of(alone, bitrate="4000").finding.reading is Reading.ABOVE_USUAL
    explained = explain([table(["bitrate"], rows)])
    assert row_of(explained, bitrate="4000").finding.reading is not Reading.ABOVE_USUAL
    assert answers(explained) == [{"bitrate": "500"}]
    # Expected: 1000 * (100 + 20 * 0.08) / 5020 = 20.2 of 20.2 + 20.2 + 199.5, so 101 of the 1,200 counted before.
    assert row_of(explained, bitrate="500").finding.usual == pytest.approx(101 / 1200)


def test_what_moved_everywhere_is_not_part_of_the_answer():
    """All leaves fail twice as often as usual, cdn=6 with p2p=0 thirty times."""

    def failures(cdn, bitrate, p2p):
        return 300 if (cdn, p2p) == ("6", "0") else 20

    assert answers(explain([video(failures, runs=1000, usual=(5000, 50))])) == [{"cdn": "6", "p2p": "0"}]


def test_tables_of_step_runs_and_executions_are_ranked_together():
    executions = video(lambda cdn, bitrate, p2p: 6 if cdn == "5" else 3)
    steps = table(["node"], [(("pay",), (1800, 70)), (("plan",), (1800, 1)), (("mail",), (1800, 1))])
    explained = explain([executions, steps])
    assert explained.leading == 1
    assert explained.rows[0][0] == 1
    assert dict(explained.rows[0][1].combination) == {"node": "pay"}
    alone = explain([steps])
    assert explained.looked_at > alone.looked_at
    assert row_of(explained, node="pay").finding.p_value > row_of(alone, node="pay").finding.p_value


def test_a_sample_of_other_runs_can_be_the_base():
    rows = [(("5",), (50, 400)), (("6",), (950, 20))]
    explained = explain([table(["cdn"], rows, is_apart=True)])
    assert answers(explained) == [{"cdn": "5"}]
    assert row_of(explained, cdn="5").runs == 50


def test_a_table_that_cannot_be_is_refused():
    good = table(["cdn"], [(("5",), (10, 1))])
    with pytest.raises(ValueError, match="stands for no value"):
        type(good)(good.attributes, [[]], good.codes, good.bad, good.base)
    with pytest.raises(ValueError, match="never negative"):
        type(good)(good.attributes, good.values, good.codes, -good.bad, good.base)
    with pytest.raises(ValueError, match="one count per row"):
        type(good)(good.attributes, good.values, good.codes, good.bad[:0], good.base)
    with pytest.raises(ValueError, match="usual runs"):
        type(good)(good.attributes, good.values, good.codes, good.bad, good.base, usual_bad=good.bad)


def test_the_calmer_half_leaves_earlier_incidents_out():
    assert calmer_half({1: (100, 20), 2: (100, 1), 3: (50, 1), 4: (100, 1), 5: (0, 0)}) == {2, 4, 5}
    assert calmer_half({}) == set()
