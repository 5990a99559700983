"""A machine as formulas over one state: its starts, its actions, its properties.

Every action is walked once, from a state of unknowns and with unknown parameters, which gives
for all of its steps together

    enabled    whether there is a step, with these parameters, from this state
    after      the state after it
    defect     whether trying it is a defect instead
    bounds     whether it passes a bound instead, by name

A parameter that ranges over a type is an unknown of the type; one that ranges over the elements
of a collection is an element, and where the collection is kept in slots, that of an unknown
slot.  So one formula stands for the choices of all parameters, and the solver chooses.

`possible` is the other reading, for "no action is possible here": whether there is any choice at
all, each choice walked by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from checker.engines.symbolic import containers
from checker.engines.symbolic.expressions import elements, value
from checker.engines.symbolic.scope import Ending, Flow, Scope
from checker.engines.symbolic.shapes import Shape, Slots
from checker.engines.symbolic.statements import execute
from checker.engines.symbolic.terms import Bit, Term, at_most, conj, disj, less
from checker.engines.symbolic.values import Variables, anything, lift
from checker.language.ir import Action, Between, Domain, Elements, Parameter, Program, Property
from checker.language.types import CollectionType


@dataclass(frozen=True, eq=False)
class Move:
    """All steps of one action, or all starts of one kind, from one state.

    `variables` are the unknowns that make up the parameters, and `choice` is true of them.
    `action` is None for the start that a machine without `@initial` has.
    """

    action: Action | None
    variables: tuple[Term, ...]
    arguments: Mapping[str, Shape]
    choice: Bit
    enabled: Bit
    after: Shape
    endings: tuple[Ending, ...]

    @property
    def name(self) -> str:
        """The action's name; empty for the one start."""
        return "" if self.action is None else self.action.name

    @property
    def defect(self) -> Bit:
        """Whether trying it is a defect."""
        return conj(self.choice, Flow(endings=list(self.endings)).defect)

    @property
    def bounds(self) -> dict[str, Bit]:
        """Whether trying it passes a bound, by the bound's name."""
        found = Flow(endings=list(self.endings)).bounds
        return {name: conj(self.choice, when) for name, when in found.items()}


@dataclass(frozen=True, eq=False)
class Encoding:
    """A machine's moves from the state `state` to the state `after`, both unknown.

    variables   the unknowns that make up the states, in the same order for both
    facts       what is true of them, so that they are states
    """

    program: Program
    state: Shape
    after: Shape
    variables: tuple[tuple[Term, ...], tuple[Term, ...]]
    facts: tuple[Bit, Bit]
    starts: tuple[Move, ...]
    actions: tuple[Move, ...]


def encode(program: Program) -> Encoding:
    """The encoding of a configured machine.

    RequestError where z3 is not installed.
    """
    one, two = Variables(), Variables()
    state, after = one.of(program.state, "self"), two.of(program.state, "after")
    start = lift(program.state, program.start)
    first = Move(None, (), {}, choice=True, enabled=True, after=start, endings=())
    return Encoding(
        program,
        state,
        after,
        (tuple(one.made), tuple(two.made)),
        (conj(*one.facts), conj(*two.facts)),
        tuple(_move(action, start) for action in program.initials) or (first,),
        tuple(_move(action, state) for action in program.actions),
    )


def _move(action: Action, state: Shape) -> Move:
    flow, variables = Flow(), Variables()
    scope = Scope(flow, {"self": state})
    arguments: dict[str, Shape] = {}
    for parameter in action.parameters:
        chosen = _chosen(scope, parameter, variables, f"{action.name}.{parameter.name}")
        arguments[parameter.name] = chosen
        scope = scope.bind(parameter.name, chosen)
    scope = execute(scope, action.body)
    choice = conj(*variables.facts)
    return Move(
        action,
        tuple(variables.made),
        arguments,
        choice,
        conj(choice, flow.alive),
        scope.names["self"],
        tuple(flow.endings),
    )


def _chosen(scope: Scope, parameter: Parameter, variables: Variables, name: str) -> Any:
    """An unknown element of the parameter's source; there is no step where it has none."""
    match parameter.source:
        case Domain(item):
            return variables.of(item, name)
        case Between(start, stop, least, most):
            low, high = value(scope, start), value(scope, stop)
            least, most = max(least, low.low), min(most, high.high)
            chosen = variables.number(name, least, max(least, most - 1))
            scope.flow.require(scope.path, conj(at_most(low, chosen), less(chosen, high)))
            return chosen
        case Elements(collection, item):
            held = value(scope, collection)
            if isinstance(held, Slots):
                slot = variables.number(f"{name}#", 0, max(0, held.length.high - 1))
                scope.flow.require(scope.path, less(slot, held.length))
                found = containers.select(held, slot)
                return anything(item) if found is None else found
            kind = collection.type
            assert isinstance(kind, CollectionType)
            element = variables.of(item, name)
            scope.flow.require(scope.path, containers.contains(kind, held, element))
            return element
        case _ as never:
            assert_never(never)


def possible(program: Program, state: Shape) -> Bit:
    """Whether some action can be tried in a state, with some choice of its parameters.

    One that ends in a defect or passes a bound counts: it is not that nothing can happen.
    """
    return disj(*(bit for action in program.actions for bit in _tried(action, state)))


def _tried(action: Action, state: Shape) -> Iterator[Bit]:
    """For each choice of parameters, whether it is anything but disabled."""

    def walk(scope: Scope, left: tuple[Parameter, ...]) -> Iterator[Bit]:
        if not left:
            flow = execute(scope, action.body).flow
            yield from (flow.alive, *(ending.when for ending in flow.endings))
            return
        found = elements(scope, left[0].source)
        yield from (ending.when for ending in scope.flow.endings)
        for there, item in found:
            flow = Flow(conj(scope.flow.alive, there), list(scope.flow.endings))
            yield from walk(Scope(flow, {**scope.names, left[0].name: item}), left[1:])

    return walk(Scope(Flow(), {"self": state}), action.parameters)


def judge(
    prop: Property, state: Shape, after: Shape | None = None, move: Move | None = None
) -> Bit:
    """Whether a property is true of a state, or of the step to `after` by `move`.

    One that cannot be evaluated is not true.
    """
    flow = Flow()
    names = {"self": state, "after": after, **({} if move is None else move.arguments)}
    true = value(Scope(flow, names), prop.test)
    return conj(flow.alive, true)
