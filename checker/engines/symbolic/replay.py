"""Whatever the solver finds is repeated by the reference evaluator before anyone sees it.

A model is a claim: that this is a start, that this action with these arguments leads from this
state to that one, that the property is false there.  Each claim is checked by computing it the
plain way.  A claim that does not hold is a mistake in the encoding, or in the evaluator, and
never a finding about the machine: `Disagreement` shows both sides.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NoReturn

from checker.engines.symbolic.unrolling import Taken
from checker.engines.tracing import Disagreement
from checker.language.evaluator import BoundReached, Defect, Evaluator, iterate
from checker.language.ir import Action, Domain, Program, Property, Refinement
from checker.language.machine import Snapshot
from checker.language.types import contains


def disagreement(question: str, solver: object, evaluator: object) -> Disagreement:
    """The error that shows both sides."""
    return Disagreement(
        f"{question}\n  the solver says:    {solver}\n  the evaluator says: {evaluator}"
    )


class Replay:
    """Checks the solver's claims about one machine; a step is computed once."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._evaluator = Evaluator(program)
        self._starts = {action.name: action for action in program.initials}
        self._actions = {action.name: action for action in program.actions}
        self._known: dict[Hashable, object] = {}

    def run(self, run: Sequence[Taken]) -> None:
        """A start and the steps after it; Disagreement where they are not what would happen."""
        self.start(run[0])
        for before, step in pairwise(run):
            self.step(before.state, step)

    def start(self, taken: Taken) -> None:
        """A start leads to the state that the solver says."""
        if self._starts:
            self._same(self._program.start, self._starts[taken.move.name], taken)
        elif taken.state != self._program.start:
            raise disagreement("where does it start?", taken.state, self._program.start)

    def step(self, before: Snapshot, taken: Taken) -> None:
        """A step leads to the state that the solver says."""
        self._same(before, self._actions[taken.move.name], taken)

    def _same(self, before: Snapshot, action: Action, taken: Taken) -> None:
        key = (before, action.name, tuple(taken.arguments.items()))
        if key not in self._known:
            self._known[key] = self._computed(before, action, taken.arguments)
        if self._known[key] != taken.state:
            question = f"{_call(action.name, taken.arguments)} from {before}"
            raise disagreement(question, taken.state, self._known[key])

    def _computed(self, before: Snapshot, action: Action, arguments: Mapping[str, Any]) -> object:
        """The state after an action, or in words why there is none."""
        try:
            if not _is_choice(action, before, arguments):
                return "there is no such choice"
            after = self._evaluator.run(action, before, arguments)
        except (Defect, BoundReached) as ended:
            return repr(ended)
        return "it is not possible" if after is None else after

    def defect(self, state: Snapshot, name: str, arguments: Mapping[str, Any]) -> None:
        """An action has a defect, or the choice of its parameters has."""
        question = f"{_call(name, arguments)} from {state}"
        action = self._actions[name]
        try:
            chosen = _is_choice(action, state, arguments)
            after = self._evaluator.run(action, state, arguments) if chosen else None
        except Defect:
            return
        except BoundReached as reached:
            raise disagreement(question, "a defect", repr(reached)) from None
        raise disagreement(question, "a defect", after or "it is not possible")

    def judged(
        self, prop: Property, state: Snapshot, taken: Taken | None = None, *, expected: bool
    ) -> None:
        """A property is true or false as the solver says, of a state or of the step from it."""
        after, arguments = (None, {}) if taken is None else (taken.state, taken.arguments)
        found: object
        try:
            found = self._evaluator.holds(prop, state, after, arguments)
        except (Defect, BoundReached) as ended:
            found = repr(ended)
        if (found is True) != expected:
            self._refuse(prop, expected, found, state, after)

    def refined(self, refinement: Refinement, before: Snapshot | None, after: Snapshot) -> None:
        """A start, or a step, is none of the specification's."""
        try:
            then = self._evaluator.abstract(refinement, after)
            spec = Evaluator(refinement.spec)
            if before is None:
                found = any(start.state == then for start in spec.starts())
            else:
                now = self._evaluator.abstract(refinement, before)
                found = now == then or any(step.state == then for step in spec.outcomes(now))
        except (Defect, BoundReached):
            return  # a mapping that cannot be computed is none
        if found:
            question = f"{refinement.name} from {before} to {after}"
            raise disagreement(question, "no step of the specification", then)

    def _refuse(self, prop: Property, expected: object, found: object, *states: object) -> NoReturn:
        shown = " then ".join(str(state) for state in states if state is not None)
        raise disagreement(f"{prop.name} in {shown}", expected, found)

    def stuck(self, state: Snapshot) -> None:
        """No action can be tried in a state."""
        question = f"can any action be tried in {state}?"
        for outcome in self._evaluator.outcomes(state):
            raise disagreement(question, "none", _call(outcome.action.name, outcome.arguments))


def _is_choice(action: Action, state: Snapshot, arguments: Mapping[str, Any]) -> bool:
    env = {"self": state, **arguments}
    for parameter in action.parameters:
        chosen = arguments[parameter.name]
        if isinstance(parameter.source, Domain):
            if not contains(parameter.source.item, chosen):
                return False
        elif chosen not in list(iterate(parameter.source, env)):
            return False
    return True


def _call(name: str, arguments: Mapping[str, Any]) -> str:
    inside = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    return f"{name}({inside})"
