"""What a machine cannot say of itself, for generated tests: asked of the reference evaluator.

stuck(machine)                           no action is possible
holds("bounded", machine)                a property is true; one that itself fails is not
implements("as_commit", before, after)   the step is one of the specification, or none
defects(machine)                         what would go wrong in a next step
never("stable", run, 3)                  in this fair run it does not happen: its last state is
                                         its state 3 (from 0), to which it returns for ever
"""

from __future__ import annotations

from collections.abc import Sequence

from checker import Machine, Snapshot
from checker.engines.liveness import confirm
from checker.engines.tracing import Disagreement
from checker.language.evaluator import BoundReached, Defect, Evaluator, evaluate
from checker.language.lowering import lower
from checker.language.machine import settings_of
from checker.language.resolving import state_type
from checker.language.states import snapshot


def state_of(machine: Machine) -> Snapshot:
    """The present state of a machine as a value."""
    return snapshot(machine, state_type(type(machine), settings_of(machine)))


def stuck(machine: Machine) -> bool:
    """Whether no action is possible in the machine's state, not even past a bound."""
    return not any(True for _ in Evaluator(lower(machine)).outcomes(state_of(machine)))


def defects(machine: Machine) -> list[str]:
    """What goes wrong in the actions that are possible in the machine's state, each said once."""
    outcomes = Evaluator(lower(machine)).outcomes(state_of(machine))
    return list(dict.fromkeys(each.defect.message for each in outcomes if each.defect is not None))


def holds(
    prop: str, machine: Machine, after: Machine | None = None, /, **arguments: object
) -> bool:
    """Whether a property, by its method's name, is true of a state, or of a step to `after`.

    A property that cannot be evaluated there is not true.
    """
    program = lower(machine)
    found = next(each for each in program.properties if each.name == prop)
    then = None if after is None else state_of(after)
    try:
        if found.leads_from is not None:
            evaluate(found.leads_from, {"self": state_of(machine)})
        return Evaluator(program).holds(found, state_of(machine), then, arguments)
    except (Defect, BoundReached):
        return False


def implements(mapping: str, before: Machine | None, after: Machine) -> bool:
    """Whether a step, read through a `@refines` method, is a step of its specification or none.

    Where `before` is None: whether `after` is one of the specification's initial states.
    """
    program = lower(after)
    refinement = next(each for each in program.refinements if each.name == mapping)
    evaluator, spec = Evaluator(program), Evaluator(refinement.spec)
    then = evaluator.abstract(refinement, state_of(after))
    if before is None:
        return any(start.state == then for start in spec.initial())
    now = evaluator.abstract(refinement, state_of(before))
    return now == then or any(step.state == then for step in spec.successors(now))


def never(prop: str, run: Sequence[Machine], loop: int) -> bool:
    """Whether what is to happen eventually, by its method's name, does not happen in a fair run.

    The run is told by its states, the last of which is the one numbered `loop` again.
    """
    program = lower(run[0])
    found = next(each for each in program.properties if each.name == prop)
    try:
        confirm.never(Evaluator(program), found, [state_of(one) for one in run], loop)
    except Disagreement:
        return False
    return True
