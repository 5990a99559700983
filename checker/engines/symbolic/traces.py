"""A run as a Trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from checker.engines.symbolic.unrolling import Taken
from checker.language.ir import Program
from checker.language.machine import Snapshot
from checker.language.values import Map
from checker.verdict import Change, Step, Trace


def trace(program: Program, run: Sequence[Taken]) -> Trace:
    """The trace of a run, its start first."""
    start = run[0]
    steps = [_step(before.state, taken) for before, taken in zip(run, run[1:], strict=False)]
    return Trace(
        program.name,
        program.settings,
        start.state,
        tuple(steps),
        start.move.name,
        start.arguments,
    )


def _step(before: Snapshot, taken: Taken) -> Step:
    action = taken.move.action
    assert action is not None
    actor = taken.arguments.get(action.actor or "", action.actor or "")
    changes = tuple(_changes("", before, taken.state))
    return Step(action.name, str(actor), taken.arguments, changes, taken.state)


def _changes(path: str, before: Any, after: Any) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, Snapshot):
        for name, old in before.content:
            yield from _changes(f"{path}.{name}".lstrip("."), old, getattr(after, name))
    elif isinstance(before, Map):
        for key, old in before.items():
            yield from _changes(f"{path}[{key}]", old, after[key])
    else:
        yield Change(path, before, after)
