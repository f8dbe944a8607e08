"""Which service is at fault: slow in many places, or going another way, and not merely above one that is."""

import random

from monitoring.analysis.suspects import Stay, observe, rank_services
from monitoring.analysis.timeline import Visit

# (id, service, operation, parent, own ms): web calls orders and users, orders asks its table.
TREE = [
    (0, "web", "GET /", None, 4.0),
    (1, "web", "call", 0, 2.0),
    (2, "orders", "list", 1, 3.0),
    (3, "orders", "query", 2, 5.0),
    (4, "orders", "render", 2, 2.0),
    (5, "web", "call", 0, 2.0),
    (6, "users", "find", 5, 3.0),
    (7, "users", "query", 6, 4.0),
]


def execution(
    chance: random.Random, slow: dict[tuple[str, str], float] | None = None, gone: tuple[int, ...] = ()
) -> list[Stay]:
    """One execution; `slow` adds ms to the own time of an operation, `gone` leaves steps out."""
    rows = [row for row in TREE if row[0] not in gone]
    own = {i: ms * chance.uniform(0.9, 1.1) + (slow or {}).get((s, o), 0.0) for i, s, o, _, ms in rows}
    start: dict[int, float] = {}
    length: dict[int, float] = {}

    def place(number: int, at: float) -> float:
        start[number] = at
        at += own[number] / 2
        for child in (row[0] for row in rows if row[3] == number):
            at = place(child, at)
        length[number] = at + own[number] / 2 - start[number]
        return at + own[number] / 2

    place(0, 1_000.0)
    visits = [Visit(i, o, "succeeded", p, start[i], start[i] + length[i]) for i, _, o, p, _ in rows]
    return observe(visits, [row[1] for row in rows])


def window(count: int, seed: int, **fields: object) -> list[list[Stay]]:
    chance = random.Random(seed)
    return [execution(chance, **fields) for _ in range(count)]


HEALTHY = window(40, 1)


def test_own_time_is_what_no_inner_step_took_and_a_call_belongs_to_both_ends():
    stays = execution(random.Random(1), {("orders", "query"): 50.0})
    query = next(stay for stay in stays if stay.place[:2] == ("orders", "query"))
    assert query.own_ms is not None
    assert 54 < query.own_ms < 56
    assert {stay.place.callee for stay in stays if stay.place.operation == "call"} == {"orders", "users"}


def test_a_shell_around_its_neighbour_is_not_charged_with_what_the_neighbour_tells():
    visits = [
        Visit(1, "in", "succeeded", None, 0, 100),
        Visit(2, "handler", "succeeded", 1, 5, 99),
        Visit(3, "call", "succeeded", 1, 10, 95),
        Visit(4, "work", "succeeded", 3, 12, 90),
    ]
    stays = observe(visits, ["web", "web", "web", "orders"])
    assert [stay.own_ms for stay in stays] == [6, 9, 7, 78]


def test_a_service_that_is_slow_in_all_its_places_comes_first():
    slow = {("users", "find"): 30.0, ("users", "query"): 30.0}
    first = rank_services([HEALTHY], window(20, 2, slow=slow))[0]
    assert (first.service, first.changed) == ("users", 0)
    assert first.slowest is not None
    assert first.slowest.service == "users"


def test_a_slow_way_to_a_service_points_to_both_ends_and_other_calls_clear_the_caller():
    found = rank_services([HEALTHY], window(20, 2, slow={("web", "call"): 20.0}))
    assert found[0].service == "web"


def test_what_other_bad_windows_show_too_singles_nothing_out():
    grown = {("orders", "query"): 40.0}
    both = grown | {("users", "find"): 12.0, ("users", "query"): 12.0}
    others = [HEALTHY, window(20, 3, slow=grown), window(20, 4, slow=grown)]
    assert rank_services(others, window(20, 5, slow=both))[0].service == "users"


def test_a_slower_day_is_nobodys_fault():
    everything = {(service, operation): own for _, service, operation, _, own in TREE}
    assert all(suspect.score < 0.1 for suspect in rank_services([HEALTHY], window(20, 2, slow=everything)))


def test_the_deepest_step_that_went_another_way_is_blamed_and_not_the_ones_above():
    # orders breaks off: its last step is missing, and with it all that its caller would have done next.
    found = rank_services([HEALTHY], window(20, 2, gone=(4, 5, 6, 7)))
    assert (found[0].service, found[0].most_changed and found[0].most_changed.operation) == ("orders", "list")
    assert found[0].changed > 0.7
    assert {suspect.changed for suspect in found[1:]} == {0}


def test_the_order_of_executions_and_steps_does_not_matter():
    bad = window(12, 2, slow={("users", "query"): 9.0}, gone=(4,))
    assert rank_services([HEALTHY[::-1]], bad[::-1]) == rank_services([HEALTHY], bad)


def test_nothing_to_compare_with_is_no_suspicion():
    found = rank_services([[]], window(5, 2))
    assert [(suspect.service, suspect.score) for suspect in found] == [("orders", 0), ("users", 0), ("web", 0)]
    assert rank_services([HEALTHY], []) == []
    untimed = observe([Visit(1, "a"), Visit(2, "b", parent_id=9)], ["x", "y"])
    assert [stay.own_ms for stay in untimed] == [None, None]
    assert rank_services([HEALTHY], [untimed])[0].score == 0
