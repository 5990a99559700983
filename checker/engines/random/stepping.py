"""A machine one step at a time, for whoever chooses the steps: what fires, and what is broken.

`Native` is the generated C, for sizes at which nothing else is quick; `Interpreted` is the
reference evaluator, where there is no compiler.  Both speak in choices (`choices.Choice`).
"""

from __future__ import annotations

import ctypes
from typing import Protocol

from checker.engines.random.choices import Choice, Walk
from checker.engines.random.native import Walker
from checker.engines.random.replay import Teller
from checker.engines.steps import refines
from checker.errors import EngineError
from checker.language.evaluator import BoundReached, Defect, Evaluator
from checker.language.ir import Action, Program, Property
from checker.language.machine import Snapshot


class Stepper(Protocol):
    """Takes steps.

    actions  those that are possible at all, by number
    teller   says choices in the machine's own terms
    """

    actions: tuple[Action, ...]
    teller: Teller

    def go_to(self, start: int) -> None:
        """Begin anew, in one of the starts."""

    def choices(self, action: int) -> list[Choice]:
        """The choices of an action that fire here, or have a defect, in order."""

    def go_on(self, choice: Choice) -> bool:
        """Take a choice; whether it fires."""

    def end(self) -> None:
        """Look at what is asked of states that no action leads on from."""

    def state(self) -> Snapshot:
        """The present state."""

    def seen(self) -> dict[int, Walk]:
        """By number: the properties, and refinements behind them, that were seen until now:
        violated, or where it is a witness that is wanted, witnessed.
        """


def stepper(program: Program) -> Stepper:
    """The quickest that there can be."""
    try:
        return Native(program)
    except EngineError:
        return Interpreted(program)


class Native:
    """Steps by generated C; EngineError where there is no compiler."""

    def __init__(self, program: Program) -> None:
        self._walker = Walker(program)
        self._count = len(program.properties) + len(program.refinements)
        self.actions = self._walker.walking.actions
        self.teller = Teller(self._walker.evaluator, self.actions, self._walker.begins)
        self.go_to(0)

    def go_to(self, start: int) -> None:
        """Begin anew."""
        self._walker.go_to(start)

    def choices(self, action: int) -> list[Choice]:
        """The choices that fire."""
        return self._walker.choices(action)

    def go_on(self, choice: Choice) -> bool:
        """Take a choice."""
        return self._walker.go_on(choice)

    def end(self) -> None:
        """Look at the end."""
        self._walker.judge_end()

    def state(self) -> Snapshot:
        """The present state."""
        words = (ctypes.c_uint64 * self._walker.walking.words)()
        self._walker.copy_state(words)
        return self._walker.codec.unpack(list(words))

    def seen(self) -> dict[int, Walk]:
        """What was seen."""
        found = {n: walk for n in range(self._count) if (walk := self._walker.seen(n)) is not None}
        defect = self._walker.defect()
        return found if defect is None else found | {self._count: defect}


class Interpreted:
    """Steps by the reference evaluator."""

    def __init__(self, program: Program) -> None:
        self._evaluator = Evaluator(program)
        self._program = program
        self.actions = tuple(action for action in program.actions if not action.impossible)
        begins = [o for o in self._evaluator.starts() if o.state is not None]
        self.teller = Teller(self._evaluator, self.actions, begins)
        self.go_to(0)

    def go_to(self, start: int) -> None:
        """Begin anew."""
        self._start, self._way, self._seen = start, list[Choice](), dict[int, Walk]()
        self._here = self.teller.start(Walk(start, ()))
        self._look()

    def choices(self, action: int) -> list[Choice]:
        """The choices that fire."""
        taken = self.actions[action]
        return [
            self.teller.choice(self._here, action, values)
            for values in self._evaluator.choices(taken, self._here)
            if self._fires(taken, values)
        ]

    def _fires(self, action: Action, values: dict[str, object]) -> bool:
        try:
            return self._evaluator.run(action, self._here, values) is not None
        except BoundReached:
            return False
        except Defect:
            return True

    def go_on(self, choice: Choice) -> bool:
        """Take a choice."""
        action, values = self.actions[choice[0]], self.teller.arguments(self._here, choice)
        try:
            after = self._evaluator.run(action, self._here, values)
        except BoundReached:
            return False
        except Defect:
            self._note(self._last(), choice, step=True)
            return False
        if after is None:
            return False
        for number, prop in enumerate(self._program.properties):
            if prop.kind == "step" and prop.on in (None, action.name):
                passed = values if prop.on else None
                if not self._holds(prop, self._here, after, passed):
                    self._note(number, choice, step=True)
        first = len(self._program.properties)
        for number, refinement in enumerate(self._program.refinements, first):
            if not refines(self._evaluator, refinement, self._here, after):
                self._note(number, choice, step=True)
        self._way.append(choice)
        self._here = after
        self._look()
        return True

    def _last(self) -> int:
        return len(self._program.properties) + len(self._program.refinements)

    def _look(self) -> None:
        for number, prop in enumerate(self._program.properties):
            wanted = prop.kind == "reachable"
            if prop.kind in ("invariant", "reachable") and (
                self._holds(prop, self._here, None, None) == wanted
            ):
                self._note(number)

    def _holds(
        self,
        prop: Property,
        state: Snapshot,
        after: Snapshot | None,
        values: dict[str, object] | None,
    ) -> bool:
        try:
            return self._evaluator.holds(prop, state, after, values)
        except (BoundReached, Defect):
            return False

    def _note(self, number: int, choice: Choice | None = None, *, step: bool = False) -> None:
        way = (*self._way, choice) if choice is not None else tuple(self._way)
        self._seen.setdefault(number, Walk(self._start, way, step))

    def end(self) -> None:
        """Look at the end."""
        for number, prop in enumerate(self._program.properties):
            if prop.kind == "terminal" and not self._holds(prop, self._here, None, None):
                self._note(number)

    def state(self) -> Snapshot:
        """The present state."""
        return self._here

    def seen(self) -> dict[int, Walk]:
        """What was seen."""
        return self._seen
