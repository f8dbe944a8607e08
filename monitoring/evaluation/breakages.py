"""The breakages that are injected, one function a kind of evidence; None where an execution cannot show it."""

from collections.abc import Callable

from msgspec.structs import replace

from monitoring.analysis.steps import Run, Step
from monitoring.evaluation.injecting import LAG, Broken, Scene, fail, insert, prolong

NEW_ID = 10_000_000


def failed(scene: Scene) -> Broken | None:
    """A step fails and what would have followed does not run."""
    index = scene.pick(lambda n: n not in scene.families)
    if index is None:
        return None
    step = scene.run.steps[index]
    return Broken(fail(scene, scene.run, step.id), (step.id, step.name), (step.id, step.name), step.id)


def retried(scene: Scene) -> Broken | None:
    """A step fails once and its retry succeeds; an unrelated later one fails for good: the retry is no cause."""
    index = scene.pick(lambda n: n not in scene.families and scene.later(n, LAG) is not None)
    if index is None:
        return None
    step, later = scene.run.steps[index], scene.run.steps[scene.later(index, LAG) or 0]
    broken = fail(scene, scene.run, later.id)
    # The first try takes no time and stands right before the second.
    first = replace(step, id=NEW_ID, status="failed", error="once", end_ms=step.start_ms, duration_ms=0.0)
    steps = [
        replace(s, attempt=2) if s.id == step.id else s
        for s in insert(broken, [first], step.id, before=True, chained=scene.is_chained(index))
    ]
    return Broken(replace(broken, steps=steps), (later.id, later.name), (later.id, later.name), later.id)


def missing(scene: Scene) -> Broken | None:
    """A step that all healthy executions have does not run."""

    def stands_alone(n: int) -> bool:
        return scene.is_always(n) and scene.keys.count(scene.keys[n]) == 1 and n not in scene.families

    index = scene.pick(stands_alone) if len(scene.run.steps) > 1 else None
    if index is None:
        return None
    step = scene.run.steps[index]
    left = [other for other in scene.run.steps if other.id != step.id]
    left = [replace(o, parent_id=step.parent_id) if o.parent_id == step.id else o for o in left]
    return _then_fails(scene, replace(scene.run, steps=left), index, (None, step.name))


def unexpected(scene: Scene) -> Broken | None:
    """A step of a node that no healthy execution has runs before another, where none brings nodes of its own."""
    index = scene.pick(scene.is_settled)
    if index is None:
        return None
    step = scene.run.steps[index]
    # The newcomer takes no time, so nothing else moves.
    new = replace(step, id=NEW_ID, name="newcomer", end_ms=step.start_ms, duration_ms=0.0)
    steps = insert(scene.run, [new], step.id, before=True, chained=scene.is_chained(index))
    return _then_fails(scene, replace(scene.run, steps=steps), index, (new.id, new.name))


def wrong_branch(scene: Scene) -> Broken | None:
    """A step that is always skipped runs, or another known node runs in the place of one that always runs."""
    skipped = [
        n for n, s in enumerate(scene.run.steps) if s.status == "skipped" and not scene.facts.having.get(scene.keys[n])
    ]
    if skipped:
        step = scene.run.steps[scene.chance.choice(skipped)]
        ran = replace(step, status="succeeded")
        steps = [ran if one.id == step.id else one for one in scene.run.steps]
        return Broken(replace(scene.run, steps=steps), (step.id, step.name), (step.id, step.name), None)
    return _swapped(scene)


def _swapped(scene: Scene) -> Broken | None:
    once = [n for n in range(len(scene.run.steps)) if scene.is_always(n) and scene.facts.most[scene.keys[n]] == 1]
    index = scene.pick(lambda n: n in once and n not in scene.families and scene.is_in_line(n))
    if index is None:
        return None
    family = scene.families[scene.container[index]]
    others = [scene.run.steps[n].name for n in family[family.index(index) + LAG :] if n in once]
    step = scene.run.steps[index]
    if not others or others[-1] == step.name:
        return None
    other = replace(step, name=others[-1])
    steps = [other if one.id == step.id else one for one in scene.run.steps]
    return _then_fails(scene, replace(scene.run, steps=steps), index, (step.id, other.name))


def loop(scene: Scene) -> Broken | None:
    """A step is visited far more often than in any healthy execution, at once: twice its most and three more."""
    usual = scene.facts.runs / 2
    index = scene.pick(lambda n: n not in scene.families and scene.facts.having.get(scene.keys[n], 0) >= usual)
    if index is None:
        return None
    step, key = scene.run.steps[index], scene.keys[index]
    most = scene.facts.most[key]
    family = [n for n in scene.families[scene.container[index]] if scene.keys[n] == key]
    wanted = 2 * most + 3 - (family.index(index) + 1)
    copies = [replace(step, id=NEW_ID + n, start_ms=step.end_ms, duration_ms=0.0) for n in range(wanted)]
    if scene.is_chained(index):
        copies = [replace(copy, parent_id=step.id if not n else NEW_ID + n - 1) for n, copy in enumerate(copies)]
    steps = insert(scene.run, copies, step.id, before=False, chained=scene.is_chained(index))
    ours = {scene.run.steps[n].id for n in family} | {copy.id for copy in copies}
    visits = sorted((s for s in steps if s.id in ours), key=lambda s: (s.start_ms or 0.0, s.position or 0))
    return _then_fails(scene, replace(scene.run, steps=steps), index, (visits[most].id, step.name))


def slow(scene: Scene) -> Broken | None:
    """A step takes four times its longest and a fifth of an execution more, the rest moves; half time out later."""
    index = scene.pick(lambda n: n not in scene.families and bool(scene.run.steps[n].took_ms))
    if index is None:
        return None
    step = scene.run.steps[index]
    if step.start_ms is None or step.end_ms is None:
        return None
    took = 4 * scene.facts.longest[scene.keys[index]] + 0.2 * scene.facts.usual_ms
    whole = None if scene.run.duration_ms is None else scene.run.duration_ms + took - (step.took_ms or 0.0)
    broken = replace(scene.run, steps=prolong(scene, index, took), duration_ms=whole)
    return _then_fails(scene, broken, index, (step.id, step.name), status="timed_out")


def empty(scene: Scene) -> Broken | None:
    """A step gives nothing, and two steps later one fails on it."""
    return _output(scene, lambda step: replace(step, is_empty=True, output_bytes=0, shape="text"))


def shape(scene: Scene) -> Broken | None:
    """A step's output has other keys, and two steps later one fails on it."""
    return _output(scene, lambda step: replace(step, shape="{unheard_of}"))


def size(scene: Scene) -> Broken | None:
    """A step's output is a thousand times its size, and two steps later one fails on it."""
    return _output(scene, lambda step: replace(step, output_bytes=1_000 * max(step.output_bytes or 0, 1_000)))


def tokens(scene: Scene) -> Broken | None:
    """A step uses a thousand times its tokens."""
    index = scene.pick(lambda n: scene.run.steps[n].tokens is not None)
    if index is None:
        return None
    step = scene.run.steps[index]
    more = replace(step, tokens=1_000 * max(step.tokens or 0, 1_000))
    return _then_fails(scene, _with(scene.run, more), index, (step.id, step.name))


def _output(scene: Scene, change: Callable[[Step], Step]) -> Broken | None:
    enough = scene.facts.runs / 2

    def speaks(n: int) -> bool:
        step = scene.run.steps[n]
        return step.is_empty is False and scene.facts.having.get(scene.keys[n], 0) >= enough

    index = scene.pick(speaks)
    if index is None:
        return None
    step = scene.run.steps[index]
    return _then_fails(scene, _with(scene.run, change(step)), index, (step.id, step.name))


def _with(run: Run, changed: Step) -> Run:
    return replace(run, steps=[changed if step.id == changed.id else step for step in run.steps])


def _then_fails(scene: Scene, run: Run, index: int, first: tuple[int | None, str], status: str = "failed") -> Broken:
    """In half of the cases a step two steps later fails because of it; else the execution goes on as if nothing was."""
    later = scene.later(index, LAG) if scene.is_in_line(index) else None
    if later is None or scene.chance.random() < 0.5:
        return Broken(run, first, first, None)
    at = scene.run.steps[later].id
    return Broken(fail(scene, run, at, status=status), first, first, at)


BREAKAGES: dict[str, Callable[[Scene], Broken | None]] = {
    "failed": failed,
    "failed, after a retry that worked": retried,
    "missing": missing,
    "unexpected": unexpected,
    "wrong branch": wrong_branch,
    "too many loops": loop,
    "slow": slow,
    "empty output": empty,
    "output shape": shape,
    "output size": size,
    "tokens": tokens,
}
