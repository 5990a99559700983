"""The class itself, run by CPython, held against the reference evaluator state by state.

CPython knows no ranges and no bounds.  So only what the evaluator can finish is compared: a step
leads to the same state, a guard that fails there fails here, a property has the same value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from checker import Machine
from checker.language.evaluator import BoundReached, Defect, Evaluator
from checker.language.ir import Action, Program, Property
from checker.language.machine import Snapshot
from checker.language.marks import Disabled
from checker.language.states import restore, snapshot
from checker.language.values import Map


def differences(machine: Machine, program: Program, states: Iterable[Snapshot]) -> Iterator[str]:
    """Everything in which CPython and the evaluator differ in some states."""
    evaluator = Evaluator(program)
    for state in states:
        for action in program.actions:
            yield from _steps(machine, evaluator, action, state)
        for prop in program.properties:
            if prop.kind in ("invariant", "reachable", "terminal"):
                yield from _predicate(machine, evaluator, prop, state)


def _steps(
    machine: Machine, evaluator: Evaluator, action: Action, state: Snapshot
) -> Iterator[str]:
    try:
        choices = list(evaluator.choices(action, state))
    except (Defect, BoundReached):
        return
    for arguments in choices:
        try:
            expected = evaluator.run(action, state, arguments)
        except (Defect, BoundReached):
            continue
        found = _taken(machine, evaluator.program, action, arguments, state)
        if found != expected:
            yield f"{action.name}({arguments}) in {state}: CPython {found}, evaluator {expected}"


def _taken(
    machine: Machine, program: Program, action: Action, arguments: Mapping[str, Any],
    state: Snapshot,
) -> Snapshot | Exception | None:  # fmt: skip
    restore(machine, state)
    receiver: Any = machine
    given = list(arguments.values())
    *path, method = action.name.split(".")
    for name in path:
        receiver = getattr(receiver, name)
        if isinstance(receiver, Map):
            receiver = receiver[given.pop(0)]
    try:
        with machine._running(atomic=False):
            getattr(receiver, method)(*given)
    except Disabled:
        return None
    except Exception as error:  # noqa: BLE001 - whatever it is, the evaluator had none
        return error
    return snapshot(machine, program.state)


def _predicate(
    machine: Machine, evaluator: Evaluator, prop: Property, state: Snapshot
) -> Iterator[str]:
    try:
        expected = evaluator.holds(prop, state)
    except (Defect, BoundReached):
        return
    restore(machine, state)
    found = getattr(machine, prop.name)()
    if found is not expected:
        yield f"{prop.name} in {state}: CPython {found}, evaluator {expected}"
