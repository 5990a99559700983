"""Walks in the machine's own terms: each choice said, and taken by the reference evaluator.

What the C has walked is believed only when the evaluator has walked it again: a step that it does
not take is a fault of the checker, and is shown as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checker.engines.findings import Sight, Taken
from checker.engines.random.choices import Choice, Walk
from checker.engines.tracing import Disagreement
from checker.language.evaluator import Defect, Evaluator, Outcome, distinct, iterate
from checker.language.ir import Action, Domain, Parameter
from checker.language.machine import Snapshot
from checker.language.types import Type


class Teller:
    """Says what choices are, and takes them.

    actions  by number
    begins   the starts that lead to a state, in order
    """

    def __init__(
        self, evaluator: Evaluator, actions: tuple[Action, ...], begins: list[Outcome]
    ) -> None:
        self.evaluator = evaluator
        self.actions = actions
        self.begins = begins
        self._universe: dict[Type, list[Any]] = {}

    def arguments(self, state: Snapshot, choice: Choice) -> dict[str, Any]:
        """The arguments of a choice in a state, by name."""
        found: dict[str, Any] = {}
        for parameter, number in zip(self.actions[choice[0]].parameters, choice[1:], strict=False):
            found[parameter.name] = self._values(parameter, state, found)[number]
        return found

    def choice(self, state: Snapshot, action: int, arguments: Mapping[str, Any]) -> Choice:
        """The choice with these arguments; ValueError where there is no such value."""
        numbers, chosen = [action], dict[str, Any]()
        for parameter in self.actions[action].parameters:
            value = arguments[parameter.name]
            numbers.append(self._values(parameter, state, chosen).index(value))
            chosen[parameter.name] = value
        most = max((len(one.parameters) for one in self.actions), default=0)
        return (*numbers, *([0] * (1 + most - len(numbers))))

    def _values(
        self, parameter: Parameter, state: Snapshot, chosen: Mapping[str, Any]
    ) -> list[Any]:
        source = parameter.source
        if not isinstance(source, Domain):
            return list(distinct(iterate(source, {"self": state, **chosen})))
        if source.item not in self._universe:
            self._universe[source.item] = list(source.item.universe())
        return self._universe[source.item]

    def start(self, walk: Walk) -> Snapshot:
        """The state in which a walk begins."""
        state: Snapshot | None = self.begins[walk.start].state
        assert state is not None
        return state

    def sight(self, walk: Walk) -> Sight:
        """The states of a walk, and what was done between them."""
        states, taken = [self.start(walk)], list[Taken]()
        for choice in walk.choices:
            taken.append(self._taken(states[-1], choice))
            states.append(self._after(states[-1], taken[-1]))
        if not walk.is_step:
            return Sight(tuple(states), taken=tuple(taken))
        return Sight(tuple(states[:-1]), states[-1], taken=tuple(taken))

    def defect(self, walk: Walk) -> Sight:
        """The states of a walk to a defect, which its last choice has."""
        *way, last = walk.choices
        found = self.sight(Walk(walk.start, tuple(way)))
        action, arguments = taken = self._taken(found.run[-1], last)
        try:
            self.evaluator.run(self.evaluator.program.action(action), found.run[-1], arguments)
        except Defect as defect:
            return Sight(found.run, None, defect, taken=(*found.taken, taken))
        raise Disagreement(f"{action}({arguments}) has no defect in {found.run[-1]}")

    def _taken(self, state: Snapshot, choice: Choice) -> Taken:
        return self.actions[choice[0]].name, self.arguments(state, choice)

    def _after(self, state: Snapshot, taken: Taken) -> Snapshot:
        action, arguments = taken
        after = self.evaluator.run(self.evaluator.program.action(action), state, arguments)
        if after is None:
            raise Disagreement(f"the evaluator does not take {action}({arguments}) in {state}")
        return after
