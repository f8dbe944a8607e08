"""The path graph: order, forks, joins, loops, attempts, and folding what is too much to look at."""

from hypothesis import given

from monitoring.analysis.condense import MAX_NODES, draw_path
from monitoring.analysis.path import PathGraph, follow
from monitoring.analysis.timeline import Visit
from tests.monitoring.analysis.test_timeline import any_visits, visit


def edges(graph: PathGraph) -> set[tuple[str, str]]:
    return {(graph.nodes[a].name, graph.nodes[b].name) for a, b in graph.edges}


def timed(name: str, start: float, end: float, **fields: object) -> Visit:
    return visit(hash((name, start)) % 10**9, name, start_ms=start, end_ms=end, **fields)


def test_without_times_steps_follow_each_other_in_the_senders_order():
    assert edges(follow([visit(1, "a"), visit(2, "b"), visit(3, "c")])) == {("a", "b"), ("b", "c")}


def test_steps_side_by_side_fork_and_join():
    graph = follow([timed("a", 0, 1), timed("b", 1, 5), timed("c", 1, 4), timed("d", 6, 7)])
    assert edges(graph) == {("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")}


def test_nothing_follows_a_skipped_step():
    graph = follow([timed("a", 0, 1), timed("b", 2, 2, status="skipped"), timed("c", 3, 4)])
    assert edges(graph) == {("a", "b"), ("a", "c")}
    assert edges(follow([visit(1, "a"), visit(2, "b", status="skipped"), visit(3, "c")])) == {("a", "b"), ("a", "c")}


def test_a_loop_is_a_cycle_and_counts_its_turns():
    names = ["agent", "tool", "agent", "tool", "agent", "answer"]
    graph = follow([visit(number, name) for number, name in enumerate(names)])
    assert edges(graph) == {("agent", "tool"), ("tool", "agent"), ("agent", "answer")}
    assert [len(node.members) for node in graph.nodes.values()] == [3, 2, 1]


def test_attempts_are_one_node_with_the_last_ones_status():
    graph = follow(
        [
            timed("call", 0, 1, status="failed", attempt=1),
            timed("call", 2, 3, status="failed", attempt=2),
            timed("call", 4, 5, attempt=3),
        ]
    )
    assert [(node.name, node.status) for node in graph.nodes.values()] == [("call", "succeeded")]


def test_steps_inside_a_step_hang_between_it_and_what_follows():
    job = timed("job", 0, 10)
    inner = [timed("x", 1, 2, parent_id=job.id), timed("y", 3, 4, parent_id=job.id)]
    graph = follow([job, *inner, timed("after", 11, 12)])
    assert edges(graph) == {("job", "x"), ("x", "y"), ("y", "after")}


def test_the_same_name_in_two_places_is_two_nodes():
    one, two = timed("one", 0, 10), timed("two", 0, 10)
    graph = follow([one, two, timed("set up", 1, 2, parent_id=one.id), timed("set up", 1, 3, parent_id=two.id)])
    assert sorted(node.name for node in graph.nodes.values()) == ["one", "set up", "set up", "two"]


def test_a_long_run_is_folded_around_the_failed_step():
    visits = [visit(n, status="failed" if n == 50 else "succeeded") for n in range(100)]
    graph = draw_path(visits, 50)
    assert [(node.kind, len(node.members)) for node in graph.nodes.values()] == [("run", 50), ("node", 1), ("run", 49)]
    assert edges(graph) == {("n0", "n50"), ("n50", "n51")}


def test_many_steps_side_by_side_become_one():
    visits = [timed("a", 0, 1), *(timed(f"p{n}", 2, 3) for n in range(80)), timed("z", 4, 5)]
    graph = draw_path(visits)
    assert len(graph.nodes) <= MAX_NODES
    assert "parallel" in {node.kind for node in graph.nodes.values()}
    assert sum(len(node.members) for node in graph.nodes.values()) == 82


def test_what_ran_inside_untroubled_steps_is_folded_into_them_first():
    visits: list[Visit] = []
    for number in range(10):
        job = timed(f"job{number}", number, number + 50, status="failed" if number == 3 else "succeeded")
        visits.append(job)
        for inner in range(9):
            status = "failed" if (number, inner) == (3, 4) else "succeeded"
            start = number + inner
            visits.append(timed(f"s{number}-{inner}", start, start + 1, parent_id=job.id, status=status))
    first = next(index for index, one in enumerate(visits) if one.name == "s3-4")
    graph = draw_path(visits, first)
    names = {node.name for node in graph.nodes.values()}
    assert len(graph.nodes) == 10 + 9
    assert {"s3-4", "job0"} <= names
    assert sum(len(node.inside) for node in graph.nodes.values()) == 81


def test_what_cannot_be_folded_is_counted_and_the_failed_step_stays():
    visits = [visit(n, status="running") for n in range(200)]
    visits[150] = visit(150, status="failed")
    graph = draw_path(visits, 150)
    assert len(graph.nodes) == MAX_NODES
    assert graph.left_out == 200 - MAX_NODES
    assert "n150" in {node.name for node in graph.nodes.values()}


@given(any_visits)
def test_every_step_is_drawn_once_or_counted(visits):
    graph = draw_path(visits, limit=4)
    assert len(graph.nodes) <= 4
    shown = [index for node in graph.nodes.values() for index in (*node.members, *node.inside)]
    assert len(shown) == len(set(shown))
    assert len(shown) + graph.left_out == len(visits)
    assert all(a in graph.nodes and b in graph.nodes and a != b for a, b in graph.edges)


def test_five_thousand_steps_are_no_trouble():
    visits = [timed(f"page {n % 1700}", n, n + 0.9) for n in range(5000)]
    assert len(draw_path(visits).nodes) <= MAX_NODES
