"""A program as Python functions over packed states.

    successors(s, states, which)   appends each successor, and the number of its instance
    attempts(s)                    the same, one call at a time: (instance, function, arguments)
    predicates, step predicates, mappings onto specifications

An *instance* is an action with values for those of its parameters that range over a domain; it
has a function of its own, in which they are constants.  Parameters chosen from a collection of
the state stay arguments.  The generated source is kept (`Compiled.source`) for people to read.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from checker.engines.layout import Layout
from checker.engines.liveness.predicates import Predicate, predicates
from checker.engines.python import runtime
from checker.engines.python.comprehensions import domain, iterable
from checker.engines.python.pieces import Piece, constant
from checker.engines.python.statements import Function
from checker.engines.python.walker import Layouts
from checker.errors import LanguageError
from checker.language.ir import Action, Domain, Parameter, Program, Property, Refinement
from checker.language.types import IntType

INSTANCE_LIMIT = 64
"""An action has at most this many instances; beyond, parameters are arguments."""

State = int
Attempt = tuple[int, Callable[..., State | None], tuple[int, ...]]


@dataclass(frozen=True)
class Instance:
    """An action with constants for some of its parameters, as a generated function."""

    number: int
    action: Action
    function: str
    fixed: tuple[int, ...]
    open: tuple[Parameter, ...]

    @property
    def closed(self) -> tuple[Parameter, ...]:
        """The parameters that have constants."""
        return tuple(p for p in self.action.parameters if p not in self.open)


@dataclass(frozen=True)
class Reading:
    """A refinement: states of the program as packed states of its specification."""

    refinement: Refinement
    abstract: Callable[[State], State]
    spec: Compiled


class Compiled:
    """The functions of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.layouts = Layouts()
        self.layout: Layout = self.layouts.of(program.state)
        self.instances: list[Instance] = []
        self._parts: list[tuple[str, str]] = []
        self.broken: list[tuple[int, State, State]] = []
        for action in program.actions:
            self._instances(action)
        self._driver()
        self._attempts()
        for number, prop in enumerate(program.properties):
            if prop.kind != "eventually":
                self._predicate(number, prop)
        for number, condition in enumerate(predicates(program)):
            self._condition(number, condition)
        for number, refinement in enumerate(program.refinements):
            self._mapping(number, refinement)
        self.source = "\n".join(text for _, text in self._parts)
        self._namespace: dict[str, Any] = {
            name: value for name, value in vars(runtime).items() if not name.startswith("_")
        }
        self._namespace["broken"] = self.broken.append
        self._define()

    def _define(self) -> None:
        """Make the functions; LanguageError where Python cannot read them."""
        try:
            code = compile(self.source, f"<{self.program.name}>", "exec")
        except (SyntaxError, RecursionError, MemoryError):
            name = next((name for name, text in self._parts if not _readable(text)), "it")
            raise LanguageError(
                f"{self.program.name}: {name} nests deeper than Python can read",
                hint="fewer helpers inside of helpers, shorter chains of conditions",
            ) from None
        exec(code, self._namespace)  # noqa: S102 - source that was generated here, from checked IR

    # -------------------------------------------------------- what engines call

    def named(self, name: str) -> Any:
        """A generated function."""
        return self._namespace[name]

    def predicate(self, number: int) -> Callable[..., Any]:
        """The function of the program's property with that number."""
        found: Callable[..., Any] = self._namespace[f"p{number}"]
        return found

    def condition(self, number: int) -> Callable[..., Any]:
        """The function of one of the `predicates` of what happens eventually."""
        found: Callable[..., Any] = self._namespace[f"e{number}"]
        return found

    def mappings(self) -> list[Reading]:
        """The program's refinements, with the actions of their specifications compiled."""
        return [
            Reading(
                refinement,
                self._namespace[f"m{number}"],
                Compiled(replace(refinement.spec, properties=(), refinements=())),
            )
            for number, refinement in enumerate(self.program.refinements)
        ]

    def arguments(self, instance: int, given: tuple[int, ...]) -> dict[str, Any]:
        """The arguments of an instance as values, from what was given for its open parameters."""
        parameters = self.instances[instance].action.parameters
        codes = self.codes(instance, given)
        return {p.name: self._value(p, code) for p, code in zip(parameters, codes, strict=True)}

    def codes(self, instance: int, given: tuple[int, ...]) -> tuple[int, ...]:
        """The arguments of an instance as generated functions take them, in order."""
        found = self.instances[instance]
        chosen = dict(zip([p.name for p in found.open], given, strict=True))
        fixed = iter(found.fixed)
        return tuple(
            chosen[p.name] if p.name in chosen else next(fixed) for p in found.action.parameters
        )

    def _value(self, parameter: Parameter, code: int) -> Any:
        if isinstance(parameter.type, IntType):
            return code
        return self.layouts.of(parameter.type).unpack(code)

    # -------------------------------------------------------- functions

    def _instances(self, action: Action) -> None:
        """A function for each choice of as many parameters as there may be functions for."""
        if action.impossible:
            return
        closed: list[Parameter] = []
        ranges: list[list[Piece]] = []
        reader = Function(self.layouts, {}).to
        for parameter in action.parameters:
            source = parameter.source
            if isinstance(source, Domain) and source.size * _product(ranges) <= INSTANCE_LIMIT:
                closed.append(parameter)
                ranges.append(domain(reader, source))
        still_open = tuple(p for p in action.parameters if p not in closed)
        for chosen in itertools.product(*ranges):
            number = len(self.instances)
            name = f"a{number}"
            known = {p.name: piece for p, piece in zip(closed, chosen, strict=True)}
            self._function(name, action, known, still_open, _product(ranges))
            fixed = tuple(piece.known or 0 for piece in chosen)
            self.instances.append(Instance(number, action, name, fixed, still_open))

    def _function(
        self,
        name: str,
        action: Action,
        known: dict[str, Piece],
        still_open: tuple[Parameter, ...],
        alike: int,
    ) -> None:
        function = Function(self.layouts, {"self": "s"}, alike)
        function.to.names.update(known)
        names = []
        for parameter in still_open:
            names.append(function.to.fresh(parameter.name))
            function.to.names[parameter.name] = Piece(names[-1])
        function.statements(action.body)
        chosen = ", ".join(f"{n}={p.text}" for n, p in known.items())
        head = f"def {name}({', '.join(['s', *names])}):  # {action.name}({chosen})"
        text = "\n".join([head, *function.lines, "    return s", ""])
        self._parts.append((action.name, text))

    def _predicate(self, number: int, prop: Property) -> None:
        function = Function(self.layouts, {"self": "s", "after": "t"})
        names = ["s", "t"] if prop.kind == "step" else ["s"]
        if prop.on is not None:
            for parameter in self.program.action(prop.on).parameters:
                names.append(function.to.fresh(parameter.name))
                function.to.names[parameter.name] = Piece(names[-1])
        body = function.to.compile(prop.test).text
        head = f"def p{number}({', '.join(names)}):  # {prop.name}"
        self._parts.append((prop.name, f"{head}\n    return {body}\n"))

    def _condition(self, number: int, condition: Predicate) -> None:
        body = Function(self.layouts, {"self": "s"}).to.compile(condition.test).text
        head = f"def e{number}(s):  # {condition.name}"
        self._parts.append((condition.name, f"{head}\n    return {body}\n"))

    def _mapping(self, number: int, refinement: Refinement) -> None:
        function = Function(self.layouts, {"self": "s", "spec": "z"})
        function.statements(refinement.body)
        start = self.layouts.of(refinement.spec.state).pack(refinement.spec.start)
        head = f"def m{number}(s):  # {refinement.name}\n    z = {start:#x}"
        text = "\n".join([head, *function.lines, "    return z", ""])
        self._parts.append((refinement.name, text))

    # -------------------------------------------------------- drivers

    def _choices(self, instance: Instance) -> tuple[list[str], list[str], str]:
        """The `for` lines over an instance's open parameters, their names, and what indents on."""
        reader = Function(self.layouts, {"self": "s"}).to
        for parameter, code in zip(instance.closed, instance.fixed, strict=True):
            reader.names[parameter.name] = constant(code)
        lines: list[str] = []
        names: list[str] = []
        indent = "    "
        for parameter in instance.open:
            names.append(reader.fresh(parameter.name))
            choices = iterable(reader, parameter.source)
            if not isinstance(parameter.source, Domain):
                choices = f"dict.fromkeys({choices})"
            reader.names[parameter.name] = Piece(names[-1])
            lines.append(f"{indent}for {names[-1]} in {choices}:")
            indent += "    "
        return lines, names, indent

    def _driver(self) -> None:
        lines = ["def successors(s, states, which):"]
        for instance in self.instances:
            loops, names, indent = self._choices(instance)
            lines += loops
            lines.append(f"{indent}t = {instance.function}({', '.join(['s', *names])})")
            lines.append(f"{indent}if t is not None:")
            lines.append(f"{indent}    states.append(t); which.append({instance.number})")
            lines.extend(f"{indent}    {line}" for line in self._step_checks(instance, names))
        self._parts.append(("a choice", "\n".join([*lines, "    return", ""])))

    def _step_checks(self, instance: Instance, names: list[str]) -> Iterator[str]:
        """Step properties of this action alone: they see its arguments."""
        known = dict(zip([p.name for p in instance.open], names, strict=True))
        known |= zip([p.name for p in instance.closed], map(str, instance.fixed), strict=True)
        for number, prop in enumerate(self.program.properties):
            if prop.kind == "step" and prop.on == instance.action.name:
                passed = [known[p.name] for p in instance.action.parameters]
                call = f"p{number}({', '.join(['s', 't', *passed])})"
                yield f"if not {call}: broken(({number}, s, t))"

    def _attempts(self) -> None:
        lines = ["def attempts(s):"]
        for instance in self.instances:
            loops, names, indent = self._choices(instance)
            given = "".join(f"{name}, " for name in names)
            lines += loops
            lines.append(f"{indent}yield {instance.number}, {instance.function}, ({given})")
        self._parts.append(("a choice", "\n".join([*lines, "    return", "    yield", ""])))


def _product(ranges: list[list[Piece]]) -> int:
    return math.prod(len(some) for some in ranges)


def _readable(text: str) -> bool:
    """Whether Python can compile a text."""
    try:
        compile(text, "<part>", "exec")
    except (SyntaxError, RecursionError, MemoryError):
        return False
    return True
