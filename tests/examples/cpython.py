"""The second judge: the class itself, run by CPython, breadth first.

Nothing here reads source or knows the IR.  An action is called as the Python method that it is;
a state is put into the machine and taken out again.  Whatever leaves its type is past a bound:
the examples have no defects, which the engine says of them (`well-defined`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from checker.language.annotations import parameter_hints
from checker.language.domains import BoundReached
from checker.language.machine import Machine, Method, Snapshot, declaration, settings_of
from checker.language.resolving import resolver, state_type
from checker.language.states import restore, snapshot
from checker.language.types import contains
from verdict import Disabled


@dataclass(frozen=True)
class Run:
    """What was found.

    levels     the states by distance from the starts
    generated  starts and steps, repeats included
    broken     by property, the states on a shortest trace to its violation; 0 for a witness
               that was never found
    """

    levels: tuple[frozenset[Snapshot], ...]
    generated: int
    broken: Mapping[str, int]

    @property
    def states(self) -> frozenset[Snapshot]:
        """Every reachable state."""
        return frozenset().union(*self.levels)


class Runner:
    """A machine that is put into one state after another."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._after = type(machine)(**settings_of(machine).items())
        self._type = state_type(type(machine), settings_of(machine))
        self._declared = declaration(type(machine))
        self._calls = {
            method.name: list(self._choices(method))
            for method in self._declared.of("action", "initial")
        }
        self._broken: dict[str, int] = {}
        self._wanted = {method.promise.id for method in self._declared.of("reachable")}
        self.generated = 0

    def run(self) -> Run:
        """Visit everything."""
        levels = [self._starts()]
        seen = set(levels[0])
        while levels[-1]:
            found: dict[Snapshot, None] = {}
            for state in levels[-1]:
                found |= dict.fromkeys(self._steps(state, len(levels)))
            levels.append([state for state in found if state not in seen])
            seen.update(levels[-1])
            for state in levels[-1]:
                self._look(state, len(levels))
        levels.pop()
        missing = dict.fromkeys(self._wanted, 0)
        return Run(tuple(map(frozenset, levels)), self.generated, {**self._broken, **missing})

    def _choices(self, method: Method) -> Iterator[dict[str, Any]]:
        types = resolver(settings_of(self._machine))
        hints = parameter_hints(method)
        universes = [list(types.resolve(hint).universe()) for hint in hints.values()]
        return (dict(zip(hints, chosen, strict=True)) for chosen in product(*universes))

    def _starts(self) -> list[Snapshot]:
        fresh = snapshot(self._machine, self._type)
        found: dict[Snapshot, None] = {}
        for method in self._declared.of("initial"):
            for arguments in self._calls[method.name]:
                found |= dict.fromkeys(self._taken(method, arguments, fresh))
        if not self._declared.of("initial"):
            self.generated += 1
            found[fresh] = None
        for state in found:
            self._look(state, 1)
        return list(found)

    def _steps(self, state: Snapshot, depth: int) -> Iterator[Snapshot]:
        stuck = True
        for method in self._declared.of("action"):
            for arguments in self._calls[method.name]:
                for after in self._taken(method, arguments, state):
                    stuck = False
                    self._compare(method.name, arguments, (state, after), depth + 1)
                    yield after
                stuck = stuck and not self._past_bound
        if stuck:
            for method in self._declared.of("terminal"):
                self._judge(method, state, depth)

    def _taken(
        self, method: Method, arguments: Mapping[str, Any], state: Snapshot
    ) -> Iterator[Snapshot]:
        restore(self._machine, state)
        self._past_bound = False
        try:
            getattr(self._machine, method.name)(**arguments)
        except Disabled:
            return
        except (BoundReached, KeyError):
            self._past_bound = True
            return
        if not contains(self._type, self._machine):
            self._past_bound = True
            return
        self.generated += 1
        yield snapshot(self._machine, self._type)

    def _look(self, state: Snapshot, depth: int) -> None:
        for method in self._declared.of("invariant"):
            self._judge(method, state, depth)
        for method in self._declared.of("reachable"):
            if method.promise.id in self._wanted:
                restore(self._machine, state)
                if getattr(self._machine, method.name)():
                    self._wanted.remove(method.promise.id)

    def _judge(self, method: Method, state: Snapshot, depth: int) -> None:
        restore(self._machine, state)
        if not getattr(self._machine, method.name)():
            self._broken.setdefault(method.promise.id, depth)

    def _compare(
        self,
        action: str,
        arguments: Mapping[str, Any],
        states: tuple[Snapshot, Snapshot],
        depth: int,
    ) -> None:
        for method in self._declared.of("step"):
            on = method.mark.on
            if method.promise.id in self._broken or (on and on.__name__ != action):
                continue
            restore(self._machine, states[0])
            restore(self._after, states[1])
            given = {name: arguments[name] for name in list(parameter_hints(method))[1:]}
            if not getattr(self._machine, method.name)(self._after, **given):
                self._broken[method.promise.id] = depth


def run(machine: Machine) -> Run:
    """Everything that CPython reaches."""
    return Runner(machine).run()
