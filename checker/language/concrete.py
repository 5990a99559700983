"""The second opinion: the class itself, run by CPython as written.

`Concrete` answers what `Evaluator` answers, state by state, by putting a state into an ordinary
machine, calling the method that the user wrote, and taking the state out again.  Of the lowered
program it uses one thing: what the parameters of an action are chosen from.

What an exception means:

    Disabled                       the action is not possible
    BoundReached                   the step passes a bound
    IndexError, KeyError, …        a defect: the machine did something that has no meaning

Where the two disagree, either lowering or the evaluator is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from checker.language.domains import Settings, configured
from checker.language.evaluator import Evaluator
from checker.language.ir import Action, Program, Property, Refinement
from checker.language.machine import Machine, Part, Snapshot, settings_of
from checker.language.marks import Disabled
from checker.language.outcomes import Defect
from checker.language.resolving import state_type
from checker.language.states import restore, snapshot
from checker.language.types import PartType
from checker.language.values import Map

MEANINGLESS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError,
)  # fmt: skip
"""What Python raises where the language says that there is a defect."""


class Concrete(Evaluator):
    """Runs a machine in CPython.  States are Snapshots, as for the evaluator.

    machine   configured as `program` is; it is copied, and left as it is
    """

    def __init__(self, machine: Machine, program: Program) -> None:
        super().__init__(program)
        self._cls = type(machine)
        self._settings = settings_of(machine)
        self._here = _Stage(self._cls, self._settings)
        self._after = _Stage(self._cls, self._settings)

    def run(self, action: Action, state: Snapshot, arguments: Mapping[str, Any]) -> Snapshot | None:
        """The state after the action, or None where a guard fails; Defect, BoundReached."""
        here = self._here.set(state)
        target, passed = _receiver(here, action.name, arguments)
        try:
            with configured(self._settings):
                target(**passed)
        except Disabled:
            return None
        except MEANINGLESS as error:
            raise _defect(error) from error
        return self._here.get()

    def holds(
        self,
        prop: Property,
        state: Snapshot,
        after: Snapshot | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> bool:
        """Whether a property is true in a state (of a step, for a step property); Defect."""
        method = getattr(self._here.set(state), prop.name)
        given: list[Any] = [] if after is None else [self._after.set(after)]
        wanted = method.__wrapped__.__code__.co_varnames[: method.__wrapped__.__code__.co_argcount]
        passed = {name: value for name, value in (arguments or {}).items() if name in wanted}
        try:
            return bool(method(*given, **passed))
        except MEANINGLESS as error:
            raise _defect(error) from error

    def abstract(self, refinement: Refinement, state: Snapshot) -> Snapshot:
        """The state of the specification that `state` is read as; Defect."""
        spec = refinement.spec
        stage = _Stage(spec.state.cls, spec.settings)
        try:
            getattr(self._here.set(state), refinement.name)(stage.machine)
        except MEANINGLESS as error:
            raise _defect(error) from error
        return stage.get()


class _Stage:
    """A machine that states are put into and taken out of."""

    def __init__(self, cls: type[Any], settings: Settings) -> None:
        self.machine: Machine = cls(**settings.items())
        self._kind: PartType = state_type(cls, settings)

    def set(self, state: Snapshot) -> Machine:
        restore(self.machine, state)
        return self.machine

    def get(self) -> Snapshot:
        return snapshot(self.machine, self._kind)


def _receiver(
    machine: Machine, name: str, arguments: Mapping[str, Any]
) -> tuple[Callable[..., None], dict[str, Any]]:
    """The method behind an action's name, and the arguments that are its own.

    The action of a part is named after the field, `network.lose`; in a map of parts, the first
    argument is the key.
    """
    rest = dict(arguments)
    *path, own = name.split(".")
    here: Part = machine
    for field in path:
        inner = getattr(here, field)
        while isinstance(inner, Map):
            inner = inner[rest.pop(next(iter(rest)))]
        here = inner
    return getattr(here, own), rest


def _defect(error: Exception) -> Defect:
    return Defect(f"{type(error).__name__}: {error}", None)


__all__ = ["Concrete"]
