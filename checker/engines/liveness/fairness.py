"""To whom a machine is fair.

`@action(fair="weak")` is a promise to somebody: who acts, or whom `to` names.  Each value of that
parameter is a party of its own, and is owed its steps whatever the others do; the action's other
parameters may be anything.  An action without such a parameter is one party as a whole.  In TLA+:

    for each value a of the party's parameter   WF_vars(∃ other parameters: Action(a, …))

So no member starves because others act all the time, as fairness of the whole action would
permit; and it is not promised that each message, or each choice of a value, has its turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checker.language.ir import Action, Program


@dataclass(frozen=True)
class Party:
    """Somebody who is owed steps of an action; `value` where it has a parameter for them."""

    action: str
    strong: bool
    parameter: str | None = None
    value: Any = None

    def owns(self, action: Action, arguments: Mapping[str, Any]) -> bool:
        """Whether a step of an action is one of this party's.

        Of a step that failed before all parameters were chosen it may be, if it can.
        """
        return action.name == self.action and (
            self.parameter is None or arguments.get(self.parameter, self.value) == self.value
        )


def parties(program: Program) -> tuple[Party, ...]:
    """Everybody to whom a program is fair, in the order of its actions and their values."""
    return tuple(
        party
        for action in program.actions
        if action.fair is not None and not action.impossible
        for party in _parties(action)
    )


def _parties(action: Action) -> list[Party]:
    strong = action.fair == "strong"
    if action.party is None:
        return [Party(action.name, strong)]
    kind = next(p.type for p in action.parameters if p.name == action.party)
    return [Party(action.name, strong, action.party, value) for value in kind.universe()]
