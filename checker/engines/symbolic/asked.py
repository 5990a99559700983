"""From a machine and what is asked of it to proofs: what can be proved, and what is refused."""

from __future__ import annotations

import difflib
import time
from collections.abc import Sequence

from checker.engines.findings import WELL_DEFINED
from checker.engines.symbolic import terms
from checker.engines.symbolic.induction import Goal
from checker.engines.symbolic.proving import PROVABLE, Attempt, Proving, Subject
from checker.engines.symbolic.unbounded import countable
from checker.errors import RequestError, VerdictError
from checker.language.ir import Const, Program
from checker.language.lowering import lower
from checker.language.machine import Machine, settings_of
from checker.proofs import Proofs
from checker.verdict import Limits


def proofs_of(
    machine: Machine,
    configuration: str,
    only: Sequence[str] | None,
    bounded: frozenset[str] | None,
    *,
    steps: int,
    induction: int,
    pdr: bool,
    limits: Limits,
) -> Proofs:
    """The proofs of a machine's properties; see `checker.prove`."""
    began = time.perf_counter()
    for name, number in (("steps", steps), ("induction", induction)):
        if number < 1:
            raise RequestError(f"{name} of {number} says nothing", hint=f"{name} of 1 or more")
    program = lower(machine)
    if not program.actions:
        raise RequestError(
            f"{program.name} has no actions: there is no step to reason about",
            hint="mark what it does with @action",
        )
    goals = _goals(program, only)
    free = _free(program, bounded)
    attempt = Attempt(steps, induction, pdr, free, limits)

    def with_bounds(bound: int) -> Program:
        settings = settings_of(machine).items() | dict.fromkeys(free, bound)
        try:
            return lower(type(machine)(**settings))
        except VerdictError:  # a default, or a constant, is beyond that
            return program

    proving = Proving(Subject(program, with_bounds), goals, attempt)
    return Proofs(
        machine=program.name,
        configuration=configuration,
        settings=program.settings,
        free=tuple(name for name in program.settings.sizes if name in free),
        proofs=tuple(proving.proof(goal) for goal in goals),
        lemmas=proving.lemmas(),
        seconds=time.perf_counter() - began,
        versions={"z3": terms.version()},
    )


def _goals(program: Program, only: Sequence[str] | None) -> list[Goal]:
    if only is None:
        asked = [
            prop
            for prop in program.properties
            if prop.kind in PROVABLE and not prop.inductive and not isinstance(prop.test, Const)
        ]
        return [*asked, None]
    known: dict[str, Goal] = {prop.promise.id: prop for prop in program.properties}
    known[WELL_DEFINED.id] = None
    others = {mapping.promise.id: "refines" for mapping in program.refinements}
    goals = []
    for wanted in dict.fromkeys(only):
        goal = known.get(wanted)
        kind = others.get(wanted) or (goal.kind if goal is not None else "")
        if kind in ("refines", "eventually"):
            raise RequestError(
                f"{wanted} says {_SAYS[kind]}, which is not for a proof by induction",
                hint=f"verdict check decides it: --property {wanted}",
            )
        if wanted not in known:
            close = difflib.get_close_matches(wanted, known, 1)
            raise RequestError(
                f"{program.name} has no property {wanted}",
                hint=f"did you mean {close[0]}?" if close else f"it has {', '.join(known)}",
            )
        goals.append(goal)
    return goals


_SAYS = {"eventually": "what happens in the end", "refines": "what a step is in another machine"}


def _free(program: Program, bounded: frozenset[str] | None) -> frozenset[str]:
    if bounded is None:
        return frozenset()
    able = countable(program) & program.settings.sizes.keys()
    for name in sorted(bounded - able):
        if name not in program.settings.sizes:
            raise RequestError(
                f"{program.name} has no counter {name}",
                hint=f"it has {', '.join(sorted(able)) or 'none'}",
            )
    return able - bounded
