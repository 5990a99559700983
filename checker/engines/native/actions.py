"""The actions of a machine as C functions, and the calls that try them all.

    static void act_rm_prepare(Worker *w, const u64 *s, u32 instance, u64 r_0)

An action with few choices is called once for each, with constants, so that the C compiler folds
them; otherwise in loops.  A parameter that the first guard wants in a set is looked for in the
set alone.  What becomes of the state after, `t`, is the caller's business: it is
given to the search, or compared with what a specification should come to.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from checker.engines.native.expressions import Expressions, Sites
from checker.engines.native.shapes import Shapes, is_short, low_of
from checker.engines.native.statements import Function
from checker.engines.native.words import Room
from checker.language.ir import (
    Action,
    Apply,
    Domain,
    Elements,
    Op,
    Require,
    Source,
    Var,
    walk,
)
from checker.language.types import SetType

INSTANCE_LIMIT = 128
"""An action with at most this many choices is called with constants, one call for each."""

FEW = 8
"""A parameter with no more choices than this is not worth a loop over a set."""

INLINE = 300
"""Nodes of the IR that the calls of one action may come to and still be written out."""


@dataclass(frozen=True)
class Instance:
    """A call of an action: with these numbers for its parameters, or in loops over them."""

    action: Action
    fixed: tuple[int, ...] | None


Ending = Callable[[Action, Expressions], list[str]]
Opening = Callable[[Action, Expressions], str]
Around = Callable[[Action, Mapping[str, int], str], str]


def unopened(_action: Action, _to: Expressions) -> str:
    """Nothing is to be noted of who acts."""
    return ""


def always(_action: Action, _known: Mapping[str, int], call: str) -> str:
    """The call is made, whatever is known of it."""
    return call


@dataclass
class Actions:
    """Writes the actions of one machine.

    prefix   of the functions' names
    state    the room of its state; `words` is its size as C knows it
    ending   the lines that deal with `t`, at the end of each action
    failure  the statement that deals with an action of {instance} that cannot be finished
    opening  the statement that notes who acts, as far as it is known, or nothing
    around   what a call becomes, given the numbers of the parameters that are known in it
    """

    prefix: str
    shapes: Shapes
    sites: Sites
    state: Room
    words: str
    ending: Ending
    failure: str
    instances: list[Instance]
    opening: Opening = unopened
    around: Around = always

    def expressions(self) -> Expressions:
        """The compiler of expressions over the state before."""
        return Expressions(self.shapes, self.sites, {"self": ("s", self.state)})

    def function(self, action: Action) -> str:
        """The function that an action is."""
        to = self.expressions()
        heads = ["Worker *w", "const u64 *s", "u32 instance"]
        for parameter in action.parameters:
            name = to.fresh(parameter.name)
            heads.append(f"{self.shapes.of(parameter.type)} {name}")
            to.names[parameter.name] = name
        give_up = f"{{ {self.failure.format(instance='instance')} return; }}"
        body = Function(to, "self", give_up, self.words)
        if opening := self.opening(action, to):
            body.line(opening)
        body.body(action.body)
        for line in self.ending(action, to):
            body.line(line)
        head = f"{self._linkage(action)} void {self._name(action)}({', '.join(heads)})"
        return "\n".join([f"/* {action.sentence} */", f"{head} {{", *body.lines, "}"])

    def _name(self, action: Action) -> str:
        return self.prefix + action.name.replace(".", "__")

    def _linkage(self, action: Action) -> str:
        """An action that is called with few constants is written out where it is called."""
        calls = self._constant_count(action)
        short = calls is not None and calls * sum(1 for s in action.body for _ in walk(s)) <= INLINE
        return "static inline __attribute__((always_inline))" if short else "static"

    def _constant_count(self, action: Action) -> int | None:
        """How many calls with constants an action has; None where it is called in loops."""
        if not all(isinstance(p.source, Domain) and p.type.dense for p in action.parameters):
            return None
        if self._wanted(action):
            return None
        count = math.prod(p.type.choices or 0 for p in action.parameters)
        return count if count <= INSTANCE_LIMIT else None

    def calls(self, action: Action) -> list[str]:
        """The lines that try an action with every choice."""
        if self._constant_count(action) is not None:
            ranges = (range(parameter.type.count or 0) for parameter in action.parameters)
            return [self._constant_call(action, chosen) for chosen in itertools.product(*ranges)]
        return self._looping_call(action)

    def _wanted(self, action: Action) -> dict[str, Source]:
        """The set in which the first guard wants a parameter: no other value gets past it.

        The guard is the first statement, so nothing else could have failed for another value;
        and the set is no other's business than that of the parameters before.
        """
        match action.body[:1]:
            case (Require(test=Apply(op=Op.CONTAINS, args=(whole, Var(name=name)))),):
                place = next((n for n, p in enumerate(action.parameters) if p.name == name), None)
            case _:
                return {}
        if place is None or not is_short(whole.type):
            return {}
        wanted, to = action.parameters[place], self.expressions()
        to.names.update({each.name: each.name for each in action.parameters[:place]})
        used = {node.name for node in walk(whole) if isinstance(node, Var)}
        if (
            not isinstance(wanted.source, Domain)
            or wanted.source.size <= FEW
            or not isinstance(whole.type, SetType)
            or whole.type.item != wanted.type
            or not used <= {"self", *to.names}
            or to.watched(to.compile, whole)[1]
        ):
            return {}
        return {name: Elements(whole, wanted.type)}

    def _instance(self, action: Action, chosen: tuple[int, ...] | None) -> int:
        self.instances.append(Instance(action, chosen))
        return len(self.instances) - 1

    def _constant_call(self, action: Action, chosen: tuple[int, ...]) -> str:
        number = self._instance(action, chosen)
        values = [str(c + low_of(p.type)) for p, c in zip(action.parameters, chosen, strict=True)]
        known = {p.name: c for p, c in zip(action.parameters, chosen, strict=True)}
        call = f"{self._name(action)}({', '.join(['w', 's', str(number), *values])});"
        return f"  {self.around(action, known, call)}"

    def _looping_call(self, action: Action) -> list[str]:
        number = self._instance(action, None)
        to = self.expressions()
        lines, ends, names = [], [], []
        wanted = self._wanted(action)
        for depth, parameter in enumerate(action.parameters, 1):
            name = to.fresh(parameter.name)
            source = wanted.get(parameter.name, parameter.source)
            loop, indent = to.loop(source, name, distinct=True), "  " * depth
            if loop.before:
                failure = self.failure.format(instance=number)
                if opening := self.opening(action, to):
                    failure = f"{{ {opening} {failure} }}"
                lines.append(f"{indent}{{ {loop.before}if (w->failed) {failure} else")
            lines.append(f"{indent}{loop.head} {{ {loop.first}".rstrip())
            ends.append(indent + ("}}" if loop.before else "}"))
            to.names[parameter.name] = name
            names.append(name)
        given = ", ".join(["w", "s", str(number), *names])
        call = self.around(action, {}, f"{self._name(action)}({given});")
        return [*lines, "  " * (len(names) + 1) + call, *ends[::-1]]
