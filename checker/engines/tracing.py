"""Traces: from a list of states to what was done in each step; and back, by replaying.

An engine knows which states follow one another.  Which action led there, with which arguments,
is asked of the reference evaluator, so that no trace is shown that the reference does not
repeat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from checker.errors import TraceError
from checker.language.evaluator import BoundReached, Defect, Evaluator
from checker.language.ir import Action
from checker.language.machine import Snapshot
from checker.language.text import arguments_text, value_text
from checker.language.values import Map
from checker.verdict import Change, Step, Trace


class Disagreement(AssertionError):  # noqa: N818 - a fault of the checker, shown whole
    """Two ways of computing the same thing that differ: a fault in the checker itself."""


def changes(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """The places in which two states differ, each as deep as it can be told."""
    if before == after:
        return
    if isinstance(before, Snapshot) and isinstance(after, Snapshot):
        for (name, old), (_, new) in zip(before.content, after.content, strict=True):
            yield from changes(old, new, f"{path}.{name}" if path else name)
    elif isinstance(before, Map) and isinstance(after, Map):
        for key in before:
            yield from changes(before[key], after[key], f"{path}[{value_text(key)}]")
    else:
        yield Change(path, before, after)


def actor(action: Action, arguments: Mapping[str, Any], machine: str) -> str:
    """Who acts: the value of a parameter, or a word."""
    if action.actor is None:
        return machine
    return value_text(arguments[action.actor]) if action.actor in arguments else action.actor


def step(action: Action, arguments: Mapping[str, Any], before: Snapshot, after: Snapshot) -> Step:
    """One step of a trace."""
    machine = before.cls.__name__
    return Step(
        action.name, actor(action, arguments, machine), dict(arguments),
        tuple(changes(before, after)), after,
    )  # fmt: skip


def trace_of(
    evaluator: Evaluator,
    states: list[Snapshot],
    last: Mapping[str, Any] | None = None,
    last_action: str | None = None,
    known: dict[tuple[Snapshot, Snapshot], Step] | None = None,
) -> Trace:
    """The trace through `states`.

    `last_action` and `last` pin the action and arguments of the last step, where they are known.
    `known` remembers the others: traces of one search mostly begin alike.
    Disagreement where the evaluator does not take a step.
    """
    known = {} if known is None else known
    steps = []
    for position, pair in enumerate(pairwise(states)):
        if position == len(states) - 2 and (last is not None or last_action is not None):
            steps.append(_found(evaluator, *pair, last, last_action))
            continue
        if pair not in known:
            known[pair] = _found(evaluator, *pair, None, None)
        steps.append(known[pair])
    return _begun(evaluator, states[0], steps)


def trace_through(
    evaluator: Evaluator, states: list[Snapshot], taken: Sequence[tuple[str, Mapping[str, Any]]]
) -> Trace:
    """The trace through `states`, by which the evaluator itself has gone: `taken` is how.

    An attempt that led nowhere may follow.
    """
    steps = [
        step(evaluator.program.action(name), arguments, before, after)
        for (before, after), (name, arguments) in zip(pairwise(states), taken, strict=False)
    ]
    return _begun(evaluator, states[0], steps)


def _begun(evaluator: Evaluator, first: Snapshot, steps: Sequence[Step]) -> Trace:
    """A trace from a start that the evaluator knows."""
    program = evaluator.program
    start = next((s for s in evaluator.starts() if s.state == first), None)
    if start is None:
        raise Disagreement(f"{first} is no initial state for the evaluator")
    return Trace(
        program.name, program.settings, first, tuple(steps), start.action.name, start.arguments
    )


def _found(
    evaluator: Evaluator,
    before: Snapshot,
    after: Snapshot,
    arguments: Mapping[str, Any] | None,
    action: str | None,
) -> Step:
    for outcome in evaluator.outcomes(before):
        if outcome.state != after or (action is not None and outcome.action.name != action):
            continue
        if arguments is None or dict(outcome.arguments) == dict(arguments):
            return step(outcome.action, outcome.arguments, before, after)
    raise Disagreement(f"the evaluator does not go from {before} to {after}")


def replayed(evaluator: Evaluator, trace: Trace) -> list[Snapshot]:
    """The states of a trace, by taking its steps; TraceError where it is no run of the machine."""
    program = evaluator.program
    if trace.machine != program.name:
        raise TraceError(
            f"the trace is of {trace.machine}, and this machine is {program.name}",
            hint="name the machine that it was made with",
        )
    if trace.settings != program.settings:
        raise TraceError(
            f"the trace is of the configuration {trace.settings}",
            hint=f"this one is {program.settings}",
        )
    state = trace.initial
    if all(start.state != state for start in evaluator.starts()):
        raise TraceError("its first state is no initial state of the machine")
    found = [state]
    for number, taken in enumerate(trace.steps, 1):
        state = _repeated(evaluator, state, taken, number)
        found.append(state)
    if trace.loop is not None and found[trace.loop] != state:
        raise TraceError(
            f"its last state is not state {trace.loop + 1}, to which it is said to return",
            hint="the machine has changed since the trace was made",
        )
    return found


def _repeated(evaluator: Evaluator, state: Snapshot, taken: Step, number: int) -> Snapshot:
    where = f"step {number}, {taken.action}({arguments_text(taken.arguments)})"
    try:
        action = next(a for a in evaluator.program.actions if a.name == taken.action)
    except StopIteration:
        raise TraceError(f"{where}: the machine has no such action") from None
    if {p.name for p in action.parameters} != set(taken.arguments):
        names = ", ".join(p.name for p in action.parameters) or "none"
        raise TraceError(f"{where}: its parameters are {names}")
    try:
        if dict(taken.arguments) not in list(evaluator.choices(action, state)):
            raise TraceError(f"{where}: these arguments cannot be chosen there")
        after = evaluator.run(action, state, taken.arguments)
    except Defect as defect:
        raise TraceError(f"{where}: {defect.message}") from None
    except BoundReached as reached:
        raise TraceError(f"{where}: {reached.bound} is passed") from None
    if after is None:
        raise TraceError(f"{where}: a guard does not hold there")
    if after != taken.state:
        raise TraceError(f"{where}: it leads to another state than the trace says",
                         hint="the machine has changed since the trace was made")  # fmt: skip
    return after
