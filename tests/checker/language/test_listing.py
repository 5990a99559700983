"""The IR as text: a machine with one of each construct, and all of them covered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated, Self

import pytest

from checker import (
    Bag,
    Capacity,
    Counter,
    Index,
    Machine,
    Map,
    Part,
    Range,
    Record,
    Seq,
    Set,
    action,
    eventually,
    initial,
    invariant,
    refines,
    require,
    step,
)
from checker.language import ir
from checker.language.configuring import settle
from checker.language.listing import listing, text, type_text
from checker.language.lowering import lower
from checker.language.resolving import state_type
from checker.language.types import BOOL, INTEGER, BagType, IntType, MapType, SeqType, SetType


class Node(Index):
    """A node."""


class Light(Enum):
    """A light."""

    ON = auto()
    OFF = auto()


class Ping(Record):
    """A question."""

    at: Node


class Pong(Record):
    """An answer."""


class Pair(Record):
    """Two nodes."""

    first: Node
    second: Node


Clock = Annotated[int, Counter("Ticks")]


class Box(Part):
    """A part."""

    light: Light = Light.OFF
    queue: Annotated[Seq[Ping | Pong], Capacity("Queue")]


class Far(Machine):
    """What it looks like from far away."""

    lit: bool = False

    @action
    def light(self) -> None:
        """It lights up."""
        self.lit = True


class House(Machine):
    """A machine with one of each."""

    boxes: Map[Node, Box]
    clock: Clock = 0
    best: Node | None
    bag: Annotated[Bag[Annotated[int, Range(0, 3)]], Capacity(2)]
    seen: Set[Node]

    @initial
    def chosen(self, n: Node) -> None:
        """Any node may be the best."""
        self.best = n

    @action(fair="weak", by="n")
    def ask(self, n: Node, m: Ping | Pong) -> None:
        """A question is put, or an answer."""
        require(n not in self.seen)
        box = self.boxes[n]
        match m:
            case Ping(at):
                require(at == n)
                box.queue.append(m)
            case Pong():
                box.light = Light.ON
        self.clock = self.clock + 1
        for other in Node:
            if other != n:
                self.seen.discard(other)
        assert self.clock > 0, "time stands still"

    @action
    def idle(self) -> None:
        """Nothing."""

    @invariant
    def fine(self) -> bool:
        """All is fine."""
        return self.clock <= 3 and not any(self.boxes[n].light is Light.ON for n in self.seen)

    @step(on=ask)
    def grows(self, after: Self) -> bool:
        """Time goes on."""
        return after.clock > self.clock

    @eventually(after=fine)
    def done(self) -> bool:
        """All is seen."""
        return len(self.seen) == len(Node)

    @refines(Far)
    def as_far(self, spec: Far) -> None:
        """Seen from far away."""
        spec.lit = any(self.boxes[n].light is Light.ON for n in Node)


WANTED = """\
machine House  with Node=2 Queue=1 Ticks=3

enum Light: ON, OFF

record Ping
    at: Node(2)

record Pong

part Box
    light: Light
    queue: Seq[Ping | Pong; Queue=1]

state
    boxes: Map[Node(2), Box] = each((light=OFF, queue=[]))
    clock: 0..Ticks=3 = 0
    best: Node(2) | None = None
    bag: Bag[0..3; 2] = {}
    seen: Set[Node(2)] = {}

initial chosen(n in Node(2))  by n
    self.best = n
"""


def test_a_whole_machine() -> None:
    said = listing(lower(House(Node=2, Queue=1, Ticks=3)))
    assert said.startswith(WANTED)
    for line in (
        "action ask(n in Node(2), m in Ping | Pong)  by n  weakly fair to n",
        "    require n not in self.seen",
        "    if m is Ping:",
        "        require (m as Ping).at == n",
        "        self.boxes[key].queue = fit(self.boxes[key].queue append (m as Ping))",
        "    elif m is Pong:",
        "        self.boxes[key].light = ON",
        "    for other in Node(2):",
        "        if other != n:",
        "            self.seen = self.seen discard other",
        "    assert 0 < self.clock, ",
        "action idle()",
        "    nothing",
        "invariant fine  [fine]",
        "    self.clock <= 3",
        "    and not any(self.boxes[n].light == ON for n in self.seen)",
        "step grows  on ask  [grows]",
        "eventually done  [done]",
        "    after ",
        "refines Far by as_far  [as_far]",
        "    spec.lit = any(self.boxes[n].light == ON for n in Node(2))",
    ):
        assert f"\n{line}" in said, line


X, Y = ir.Var(INTEGER, None, "x"), ir.Var(INTEGER, None, "y")
B = ir.Var(BOOL, None, "b")
DIGIT = IntType(0, 9)
SETS, SEQS, BAGS = SetType(DIGIT, 10), SeqType(DIGIT, 3, "Long"), BagType(DIGIT, 2)


def apply(op: ir.Op, *operands: ir.Expr) -> ir.Apply:
    return ir.Apply(BOOL, None, op, operands)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (apply(ir.Op.ADD, X, apply(ir.Op.MUL, X, Y)), "x + (x * y)"),
        (apply(ir.Op.NOT, apply(ir.Op.EQ, X, Y)), "x != y"),
        (apply(ir.Op.NOT, apply(ir.Op.NE, X, Y)), "x == y"),
        (apply(ir.Op.NOT, apply(ir.Op.CONTAINS, X, Y)), "y not in x"),
        (apply(ir.Op.NOT, apply(ir.Op.LT, X, Y)), "not (x < y)"),
        (apply(ir.Op.AND, B, apply(ir.Op.NOT, apply(ir.Op.EQ, X, Y))), "b and (x != y)"),
        (apply(ir.Op.AND, apply(ir.Op.NOT, B), B), "not b and b"),
        (apply(ir.Op.AND, B, apply(ir.Op.AND, B, apply(ir.Op.OR, B, B))), "b and b and (b or b)"),
        (apply(ir.Op.SUB, X, apply(ir.Op.SUB, X, Y)), "x - (x - y)"),
        (apply(ir.Op.CONTAINS, X, Y), "y in x"),
        (apply(ir.Op.MIN, X, Y), "min(x, y)"),
        (ir.Apply(DIGIT, None, ir.Op.INDEX, (X,)), "0..9(x)"),
        (ir.Choose(INTEGER, None, B, X, Y), "x if b else y"),
        (apply(ir.Op.ADD, ir.Choose(INTEGER, None, B, X, Y), Y), "(x if b else y) + y"),
        (ir.Bind(INTEGER, None, "z", X, Y), "let z = x in y"),
        (ir.Table(MapType(DIGIT, BOOL), None, "k", B), "{k: b for k in 0..9}"),
        (ir.Listed(SETS, None, (X, Y)), "{x, y}"),
        (ir.Listed(SEQS, None, (X,)), "[x]"),
        (ir.Listed(BAGS, None, (X,)), "Bag(x)"),
        (ir.Unwrap(INTEGER, None, X), "x!"),
        (ir.Some(INTEGER, None, X), "x"),
        (ir.Inject(INTEGER, None, X), "x"),
        (ir.Project(DIGIT, None, X), "x as 0..9"),
        (ir.Get(INTEGER, None, ir.Project(DIGIT, None, X), "f"), "(x as 0..9).f"),
        (ir.Fit(DIGIT, None, X), "fit(x)"),
        (ir.Undefined(DIGIT, None, "never"), "undefined(never)"),
        (ir.Const(DIGIT, None, 3), "3"),
    ],
)
def test_expressions(expression: ir.Expr, wanted: str) -> None:
    assert text(expression) == wanted


@pytest.mark.parametrize(
    ("fold", "wanted"),
    [
        (ir.Fold.SUM, "sum(x for x in range(x, y) if b)"),
        (ir.Fold.SET, "{x for x in range(x, y) if b}"),
        (ir.Fold.SEQ, "[x for x in range(x, y) if b]"),
        (ir.Fold.MIN, "min((x for x in range(x, y) if b), default=y)"),
    ],
)
def test_folds(fold: ir.Fold, wanted: str) -> None:
    source = ir.Between(X, Y, 0, 9, DIGIT)
    default = Y if fold is ir.Fold.MIN else None
    assert text(ir.Reduce(DIGIT, None, fold, "x", source, B, X, default)) == wanted


def test_types_say_their_sizes() -> None:
    assert type_text(SEQS) == "Seq[0..9; Long=3]"
    assert type_text(SETS) == "Set[0..9]"
    assert type_text(IntType(0, 4, "Epoch")) == "0..Epoch=4"
    assert type_text(INTEGER) == "int"


@dataclass(frozen=True)
class Strange(ir.Expr):
    """A node that no backend knows."""


@dataclass(frozen=True)
class Odd(ir.Stmt):
    """A statement that no backend knows."""


def test_what_is_not_of_the_ir_is_refused() -> None:
    with pytest.raises(TypeError, match="Strange is no expression"):
        text(Strange(BOOL, None))
    program = lower(Far())
    strange = ir.Action("odd", (), (Odd(None),), "", None, None, None)
    with pytest.raises(TypeError, match="Odd is no statement"):
        listing(
            ir.Program(
                program.name, program.settings, program.state, program.start, (), (strange,), (), ()
            )
        )


def test_a_capacity_with_a_name_is_asked_for_however_small_the_domains() -> None:
    class Talk(Machine):
        """How many answers there are depends on how many nodes there are."""

        at: Map[Node, bool]
        said: Annotated[Set[Pair], Capacity("Said")]

    small, large = (state_type(Talk, settle(Talk, {"Node": n, "Said": 3})) for n in (1, 9))
    said = [type_text(dict(kind.fields)["said"]) for kind in (small, large)]
    assert said == ["Set[Pair]", "Set[Pair; Said=3]"]
