"""Why an induction fails: a step from a state in which everything assumed is true, to one where the
goal is not.

The state before need not be one that a run reaches; if it is, the machine is wrong, and if it is
not, a lemma is missing that says so.  For whoever is to find that lemma, the state is brought as
near to the machine's start as it can be, place by place: what still differs matters.

The reference evaluator repeats the step, and judges what is assumed before and the goal after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.engines.symbolic import terms
from checker.engines.symbolic.budget import Budget, Undecided
from checker.engines.symbolic.encoding import Encoding, Move
from checker.engines.symbolic.induction import Goal, Induction
from checker.engines.symbolic.replay import Replay
from checker.engines.symbolic.shapes import Shape, Struct, equal
from checker.engines.symbolic.terms import Bit, conj
from checker.engines.symbolic.unrolling import Taken
from checker.engines.symbolic.values import Reading, lift, read
from checker.language.ir import Program
from checker.language.machine import Snapshot


@dataclass(frozen=True)
class Failure:
    """A step that does not keep what it was to keep, or a state in which the machine stops.

    broken     the name of the property or lemma; empty for a defect
    action     empty where the machine stops, or for a start without a name
    before     None for a start
    after      None for a defect, and where the machine stops
    """

    broken: str
    action: str
    arguments: Mapping[str, Any]
    before: Snapshot | None
    after: Snapshot | None


def failure(induction: Induction, goal: Goal, budget: Budget) -> Failure | None:
    """A failure of a goal, in a machine with bounds; None if there is none.

    Undecided where the budget ran out; Disagreement where the evaluator does not confirm it.
    """
    for move, start in induction.moves:
        broken = conj(move.choice, induction.broken(goal, move, start=start))
        if found := _found(induction, goal, move, broken, budget, start=start):
            return found
    return _found(induction, goal, None, induction.stopped(goal), budget, start=False)


def _found(
    induction: Induction, goal: Goal, move: Move | None, broken: Bit, budget: Budget, *, start: bool
) -> Failure | None:
    if broken is False:
        return None
    solver, encoding = induction.solver, induction.encoding
    assumed = [] if start else list(induction.literals(goal).values())
    with terms.frame(solver, conj(broken, *assumed)):
        if not budget.ask(solver):
            return None
        model = solver.model()
        if not start:
            model = _nearest(solver, encoding, model, budget)
    name = "" if goal is None else goal.name
    reading = _reading(model)
    before = None if start else _state(encoding.program, encoding.state, reading)
    if move is None:
        failed = Failure(name, "", {}, before, None)
    else:
        parameters = () if move.action is None else move.action.parameters
        chosen = {p.name: read(p.type, move.arguments[p.name], reading) for p in parameters}
        after = None if goal is None else _state(encoding.program, move.after, reading)
        failed = Failure(name, move.name, chosen, before, after)
    _confirm(induction, goal, move, failed)
    return failed


def _nearest(solver: Any, encoding: Encoding, model: Any, budget: Budget) -> Any:
    """A model in which as many places as can be are what they are at the start."""
    start = lift(encoding.program.state, encoding.program.start)
    try:
        for place in _places(encoding.state, start):
            with terms.frame(solver, place):
                if not budget.ask(solver):
                    continue
                model = solver.model()
            solver.add(place)
    except Undecided:
        pass  # as near as the budget allows
    return model


def _places(state: Shape, start: Shape) -> Iterator[Bit]:
    if isinstance(state, Struct):
        assert isinstance(start, Struct)
        for own, usual in zip(state.fields, start.fields, strict=True):
            yield from _places(own, usual)
    else:
        yield equal(state, start)


def _reading(model: Any) -> Reading:
    return Reading(lambda bit: terms.bit_in(model, bit), lambda num: terms.int_in(model, num))


def _state(program: Program, shape: Shape, reading: Reading) -> Snapshot:
    made = read(program.state, shape, reading)
    assert isinstance(made, Snapshot)
    return made


def _confirm(induction: Induction, goal: Goal, move: Move | None, failed: Failure) -> None:
    replay = Replay(induction.encoding.program)
    if failed.before is not None:
        for name in induction.literals(goal):
            replay.judged(induction.assumed[name], failed.before, expected=True)
    if goal is None:
        assert move is not None
        if failed.before is not None:
            replay.defect(failed.before, move.name, failed.arguments)
        return
    if move is None:
        assert failed.before is not None
        replay.stuck(failed.before)
        replay.judged(goal, failed.before, expected=False)
        return
    assert failed.after is not None
    taken = Taken(move, failed.arguments, failed.after)
    if failed.before is None:
        replay.start(taken)
        replay.judged(goal, failed.after, expected=False)
        return
    replay.step(failed.before, taken)
    if goal.kind == "step":
        replay.judged(goal, failed.before, taken, expected=False)
    else:
        replay.judged(goal, failed.after, expected=False)
