"""The intermediate representation: a configured machine as a small typed tree.

Everything that a backend must understand is on this page: one node for each kind of expression,
statement and source of iteration, and one table of operators (`Op`).  All sizes are known, all
names are resolved, calls are inlined, variants are constants.  Backends are walkers over it.

State is one struct.  A *place* is a path from a root variable ("self") through fields and keys:
`At(Get(Var("self"), "rm"), Var("r"))`.  Reading a place is an expression; `Assign` writes one.
All values are immutable: adding to a set is assigning a new set to the place.

An action is its parameters, then a list of statements.  `Require` that fails means the action
is not possible with these parameters, wherever it stands.  `Fail` (and every partial operation:
an index outside a sequence, None used as a value, a value outside the type it is stored in) is
a defect of the machine, reported with its trace.  Where a value passes a *bound* (a Counter or
a capacity with a name), the step is not explored, and the bound is counted as reached.

Integers in flight (`INTEGER`) are mathematical; the ranges of types are checked where a value
is stored in a place or built into a record, set, sequence, bag, map or option (`Fit`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from checker.errors import Span
from checker.language.domains import Settings
from checker.language.marks import Promise
from checker.language.types import PartType, RecordType, Type


class Op(Enum):
    """The operators.  Their meaning is `evaluator.OPERATORS`; operands are of equal type unless
    said otherwise.
    """

    NOT = "not"
    AND = "and"  # two operands; the second is evaluated only where the first is true
    OR = "or"  # two operands; the second is evaluated only where the first is false
    EQ = "=="
    NE = "!="
    LT = "<"  # integers, or indices of a domain that is not symmetric
    LE = "<="
    ADD = "+"
    SUB = "-"
    MUL = "*"
    DIV = "//"  # floors; the divisor is a positive constant
    MOD = "%"  # never negative; the divisor is a positive constant
    MIN = "min"  # two integers
    MAX = "max"
    ORDINAL = "int"  # of an index or a bool: its number
    INDEX = "index"  # of an integer: the index of the node's type with that number; partial
    LEN = "len"  # of a set, sequence or bag
    CONTAINS = "contains"  # collection, item
    COUNT = "count"  # bag, item
    SUBSET = "subset"  # two sets
    UNION = "union"  # two sets
    INTERSECT = "intersect"
    DIFFERENCE = "difference"
    INSERT = "insert"  # set or bag, item
    DISCARD = "discard"  # set, item
    REMOVE = "remove"  # set or bag, item; partial
    APPEND = "append"  # sequence, item
    REST = "rest"  # sequence without its first element; partial
    FRONT = "front"  # sequence without its last element; partial
    PREFIX = "prefix"  # sequence, integer: its first elements; partial below 0
    CONCAT = "concat"  # two sequences


class Fold(Enum):
    """How a comprehension puts its bodies together."""

    ANY = "any"
    ALL = "all"
    SUM = "sum"
    MIN = "min"  # partial where there is nothing, unless a default is given
    MAX = "max"
    SET = "set"  # the bodies are elements
    FLAT = "flat"  # the bodies are sets, united
    SEQ = "seq"  # the bodies are elements, in the order of the source
    BAG = "bag"


@dataclass(frozen=True)
class Node:
    """Part of the tree, with the place in the source that it was read from."""


# ---------------------------------------------------------------- expressions


@dataclass(frozen=True)
class Expr(Node):
    """An expression; evaluating it changes nothing."""

    type: Type
    span: Span | None


@dataclass(frozen=True)
class Const(Expr):
    """A value, as CPython holds it (frozen)."""

    value: Any


@dataclass(frozen=True)
class Var(Expr):
    """A root ("self", "after", "spec"), parameter, local, or variable of a comprehension."""

    name: str


@dataclass(frozen=True)
class Get(Expr):
    """The field `name` of a record or part."""

    base: Expr
    name: str


@dataclass(frozen=True)
class At(Expr):
    """The value of a map at a key, or the element of a sequence at an index (partial)."""

    base: Expr
    key: Expr


@dataclass(frozen=True)
class Apply(Expr):
    """An operator on its operands."""

    op: Op
    args: tuple[Expr, ...]


@dataclass(frozen=True)
class Choose(Expr):
    """`then` where `test` is true, else `other`; only that one is evaluated."""

    test: Expr
    then: Expr
    other: Expr


@dataclass(frozen=True)
class Bind(Expr):
    """`body` with `name` standing for `value`."""

    name: str
    value: Expr
    body: Expr


@dataclass(frozen=True)
class Make(Expr):
    """A record of `type` from its fields' values, in order."""

    args: tuple[Expr, ...]


@dataclass(frozen=True)
class Table(Expr):
    """A map of `type` whose value at each key is `body`, with `name` standing for the key."""

    name: str
    body: Expr


@dataclass(frozen=True)
class Listed(Expr):
    """A set, sequence or bag of `type` with the elements written out."""

    items: tuple[Expr, ...]


@dataclass(frozen=True)
class Reduce(Expr):
    """Fold `body` over `source`, where `where` (if any) holds, with `name` for the element.

    `default` is the result of MIN and MAX over nothing.
    """

    fold: Fold
    name: str
    source: Source
    where: Expr | None
    body: Expr
    default: Expr | None = None


@dataclass(frozen=True)
class Some(Expr):
    """A value as a `T | None`."""

    value: Expr


@dataclass(frozen=True)
class Unwrap(Expr):
    """The value in a `T | None`; a defect where there is none."""

    value: Expr


@dataclass(frozen=True)
class Inject(Expr):
    """A record, or a narrower union, as one of a union."""

    value: Expr


@dataclass(frozen=True)
class IsA(Expr):
    """Whether a union's value is of the given record."""

    value: Expr
    option: RecordType


@dataclass(frozen=True)
class Project(Expr):
    """A union's value as the record that it is; a defect where it is another."""

    value: Expr


@dataclass(frozen=True)
class Fit(Expr):
    """A value brought to a narrower type: an integer into its range, a collection into its
    capacity.  Outside: past a named bound the step is not explored; else it is a defect.
    """

    value: Expr


@dataclass(frozen=True)
class Undefined(Expr):
    """A defect when it is evaluated: a branch of which the source says it is never taken."""

    message: str


# ---------------------------------------------------------------- what is iterated


@dataclass(frozen=True)
class Domain(Node):
    """Every value of a type that has `choices`, in the order of its `universe`."""

    item: Type

    @property
    def size(self) -> int:
        """How many values there are."""
        return self.item.choices or 0


@dataclass(frozen=True)
class Elements(Node):
    """The elements of a set or bag (each distinct one once, in order), or of a sequence."""

    collection: Expr
    item: Type


@dataclass(frozen=True)
class Between(Node):
    """The integers from `start` up to but not including `stop`.

    They are known to lie within `least` … `most`-1 in every state, so that a backend may unroll.
    """

    start: Expr
    stop: Expr
    least: int
    most: int
    item: Type


Source = Domain | Elements | Between


# ---------------------------------------------------------------- statements


@dataclass(frozen=True)
class Stmt(Node):
    """A statement; a list of them is executed in order."""

    span: Span | None


@dataclass(frozen=True)
class Require(Stmt):
    """The action is possible only where `test` holds."""

    test: Expr


@dataclass(frozen=True)
class Assert(Stmt):
    """A defect where `test` does not hold."""

    test: Expr
    message: str


@dataclass(frozen=True)
class Let(Stmt):
    """Give a local its value, for the first time or again.  Its type never changes."""

    name: str
    value: Expr


@dataclass(frozen=True)
class Assign(Stmt):
    """Write a place: a path of Get and At from a root variable that may be written."""

    place: Expr
    value: Expr


@dataclass(frozen=True)
class If(Stmt):
    """One of two lists of statements."""

    test: Expr
    then: tuple[Stmt, ...]
    other: tuple[Stmt, ...]


@dataclass(frozen=True)
class For(Stmt):
    """Statements once for each element of a source, which is read once, before the first."""

    name: str
    source: Source
    body: tuple[Stmt, ...]


# ---------------------------------------------------------------- a whole machine


@dataclass(frozen=True)
class Parameter:
    """A parameter of an action: chosen among `source`, in which earlier parameters may occur.

    Choices from a collection of the state are its distinct elements.
    """

    name: str
    type: Type
    source: Source


@dataclass(frozen=True)
class Action:
    """An action or a start: its parameters and its statements.

    `actor` is a parameter's name or a word, for traces.  `body` does not repeat a guard that
    has become a parameter's source.  An action that a design variant rules out is `impossible`.
    `fair` ("weak", "strong") is owed to each value of the parameter `party`, or to the whole.
    """

    name: str
    parameters: tuple[Parameter, ...]
    body: tuple[Stmt, ...]
    sentence: str
    actor: str | None
    fair: str | None
    span: Span | None
    impossible: bool = False
    party: str | None = None


@dataclass(frozen=True)
class Property:
    """An invariant, witness or terminal predicate over "self"; with `kind` "step" also over
    "after", of the steps of the action `on` (all, where None), whose parameters may occur in it.

    `leads_from` is the antecedent of an "eventually"; with `again` it is to be true again and
    again.  An invariant that is `inductive` is a lemma: proofs by induction may assume it.
    """

    kind: str
    promise: Promise
    name: str
    test: Expr
    span: Span | None
    on: str | None = None
    leads_from: Expr | None = None
    again: bool = False
    inductive: bool = False


@dataclass(frozen=True)
class Refinement:
    """How states of this machine are read as states of `spec`: `body` assigns "spec" from
    "self".
    """

    promise: Promise
    name: str
    spec: Program
    body: tuple[Stmt, ...]
    span: Span | None


@dataclass(frozen=True)
class Program:
    """A configured machine.

    `start` is the state of the fields' defaults (a machine.Snapshot).  Each of `initials`, with
    each choice of its parameters that its guards admit, makes an initial state of it; where
    there are none, `start` itself is the one initial state.
    """

    name: str
    settings: Settings
    state: PartType
    start: Any
    initials: tuple[Action, ...]
    actions: tuple[Action, ...]
    properties: tuple[Property, ...]
    refinements: tuple[Refinement, ...]

    def action(self, name: str) -> Action:
        """The action of that name; KeyError where there is none."""
        for action in (*self.actions, *self.initials):
            if action.name == name:
                return action
        raise KeyError(name)


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below a node, in the order in which they are evaluated."""
    for field in fields(node):
        value = getattr(node, field.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Node))


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    for child in children(node):
        yield from walk(child)
