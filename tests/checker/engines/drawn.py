"""Random expressions and statements, of every node, operator and type, for Hypothesis to draw.

Expressions are well typed, as lowering makes them, and otherwise anything: they fail, pass
bounds, and compute what nobody reads.  Names that are bound are new, so that nothing is captured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any

from hypothesis import strategies as st

from checker.language.domains import Index
from checker.language.ir import (
    Apply,
    Assert,
    Assign,
    At,
    Between,
    Bind,
    Choose,
    Const,
    Domain,
    Elements,
    Expr,
    Fit,
    Fold,
    For,
    Get,
    If,
    Inject,
    IsA,
    Let,
    Listed,
    Make,
    Op,
    Project,
    Reduce,
    Require,
    Some,
    Source,
    Stmt,
    Table,
    Undefined,
    Unwrap,
    Var,
)
from checker.language.machine import Part, Snapshot
from checker.language.types import (
    BOOL,
    HELD,
    INTEGER,
    BagType,
    CollectionType,
    EnumType,
    IndexType,
    IntType,
    MapType,
    OptionType,
    PartType,
    RecordType,
    SeqType,
    SetType,
    Type,
    UnionType,
)
from checker.language.values import Map, Record, freeze


class Place(Index):
    """Somewhere."""


class Tone(Enum):
    """Something."""

    LOW = auto()
    MIDDLE = auto()
    HIGH = auto()


class Near(Record):
    """A record."""

    place: Place
    tone: Tone


class Far(Record):
    """Another."""

    value: int | None


class Nowhere(Record):
    """A third, with nothing."""


INT = IntType(-2, 2)
COUNT = IntType(0, 2, "Count")
TONE, PLACE, MAYBE = EnumType(Tone), IndexType(Place, 2), OptionType(INT)
NEAR = RecordType(Near, (("place", PLACE), ("tone", TONE)))
FAR = RecordType(Far, (("value", MAYBE),))
NOWHERE = RecordType(Nowhere, ())
SHORT, LONG = UnionType((NEAR, FAR)), UnionType((NEAR, FAR, NOWHERE))
ROW = SeqType(INT, 2, "Row")
FEW, MANY = SetType(TONE, 3), SetType(ROW, 2)
HEAP = BagType(LONG, 2, "Heap")
TABLE = MapType(TONE, MAYBE)

STATE: dict[str, Type] = {
    "b": BOOL, "i": INT, "c": COUNT, "t": TONE, "p": PLACE, "m": MAYBE, "n": NEAR, "f": FAR,
    "s": SHORT, "l": LONG, "row": ROW, "few": FEW, "many": MANY, "heap": HEAP, "table": TABLE,
}  # fmt: skip
COLLECTIONS = [ROW, FEW, MANY, HEAP]
KINDS = [INTEGER, *STATE.values()]
DEPTH = 4

Names = Sequence[Expr]
"""What may be read: variables, or places of the state."""


def values(kind: Type) -> st.SearchStrategy[Any]:
    """Values of a type."""
    match kind:
        case IntType(low, high):
            return st.integers(-3 if low is None else low, 3 if high is None else high)
        case CollectionType(item, most):
            form = HELD[type(kind)]
            return st.lists(values(item), max_size=most).map(lambda items: freeze(form(items)))
        case MapType(key, item):
            keys = list(key.universe())
            rows = st.lists(values(item), min_size=len(keys), max_size=len(keys))
            return rows.map(lambda row: freeze(Map(dict(zip(keys, row, strict=True)))))
        case _:
            return st.sampled_from(list(kind.universe()))


class Drawing:
    """Draws expressions; a name that is bound is new, so that nothing is captured."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw
        self._names = 0
        self.locals: set[str] = set()

    def name(self) -> str:
        self._names += 1
        return f"x{self._names}"

    def of(self, kind: Type, names: Names, depth: int) -> Expr:
        """An expression of a type over some names."""
        if depth == 0 or self.one_of(range(6)) == 0:
            leaves = [
                leaf
                for leaf in names
                if leaf.type == kind or (kind == INTEGER and isinstance(leaf.type, IntType))
            ]
            chosen: Expr | None = self.one_of([None, *leaves])
            return chosen or Const(kind, None, self._draw(values(kind)))
        way: Way = self.one_of([*_WAYS.get(kind, []), _choose, _bind])
        return way(self, kind, names, depth - 1)

    def one_of(self, options: Sequence[Any]) -> Any:
        return self._draw(st.sampled_from(options))

    def apply(self, op: Op, kind: Type, names: Names, depth: int, *of: Type) -> Expr:
        return Apply(kind, None, op, tuple(self.of(own, names, depth) for own in of))

    def source(self, names: Names, depth: int) -> Source:
        which = self.one_of(["domain", "elements", "between"])
        if which == "domain":
            return Domain(self.one_of([TONE, PLACE, INT]))
        if which == "between":
            ends = (self.of(INT, names, depth), self.of(INT, names, depth))
            return Between(*ends, -2, 2, INT)
        kind = self.one_of(COLLECTIONS)
        return Elements(self.of(kind, names, depth), kind.item)

    def reduce(self, fold: Fold, kind: Type, body: Type, names: Names, depth: int) -> Expr:
        source, name = self.source(names, depth), self.name()
        inner = [*names, Var(source.item, None, name)]
        where = self.of(BOOL, inner, depth) if self.one_of([True, False]) else None
        default = None
        if fold in (Fold.MIN, Fold.MAX) and self.one_of([True, False]):
            default = self.of(INTEGER, names, depth)
        return Reduce(kind, None, fold, name, source, where, self.of(body, inner, depth), default)


Way = Callable[[Drawing, Type, Names, int], Expr]


def _choose(to: Drawing, kind: Type, names: Names, depth: int) -> Expr:
    test, then = to.of(BOOL, names, depth), to.of(kind, names, depth)
    return Choose(kind, None, test, then, to.of(kind, names, depth))


def _bind(to: Drawing, kind: Type, names: Names, depth: int) -> Expr:
    own, name = to.one_of(list(STATE.values())), to.name()
    held = to.of(own, names, depth)
    return Bind(kind, None, name, held, to.of(kind, [*names, Var(own, None, name)], depth))


def _undefined(_: Drawing, kind: Type, __: Names, ___: int) -> Expr:
    return Undefined(kind, None, "never")


def _ops(of: tuple[Type, ...], *ops: Op) -> Way:
    return lambda to, kind, names, depth: to.apply(to.one_of(list(ops)), kind, names, depth, *of)


def _by_constant(to: Drawing, kind: Type, names: Names, depth: int) -> Expr:
    by = Const(INTEGER, None, to.one_of([1, 2, 3]))
    return Apply(kind, None, to.one_of([Op.DIV, Op.MOD]), (to.of(INTEGER, names, depth), by))


def _same(to: Drawing, kind: Type, names: Names, depth: int) -> Expr:
    own = to.one_of(KINDS)
    return to.apply(to.one_of([Op.EQ, Op.NE]), kind, names, depth, own, own)


def _collected(op: Op) -> Way:
    def way(to: Drawing, kind: Type, names: Names, depth: int) -> Expr:
        own = to.one_of(COLLECTIONS)
        item = () if op is Op.LEN else (own.item,)
        return to.apply(op, kind, names, depth, own, *item)

    return way


def _fold(fold: Fold, body: Type) -> Way:
    return lambda to, kind, names, depth: to.reduce(fold, kind, body, names, depth)


def _fit(to: Drawing, kind: Type, names: Names, depth: int) -> Expr:
    inner = INTEGER if isinstance(kind, IntType) else kind
    return Fit(kind, None, to.of(inner, names, depth))


def _get(record: Type, name: str) -> Way:
    return lambda to, kind, names, depth: Get(kind, None, to.of(record, names, depth), name)


def _at(base: Type, key: Type) -> Way:
    return lambda to, kind, names, depth: At(
        kind, None, to.of(base, names, depth), to.of(key, names, depth)
    )


def _over(node: type[Expr], own: Type) -> Way:
    return lambda to, kind, names, depth: node(kind, None, to.of(own, names, depth))  # type: ignore[call-arg]


def _is_a(to: Drawing, kind: Type, names: Names, depth: int) -> Expr:
    own = to.one_of([SHORT, LONG])
    return IsA(kind, None, to.of(own, names, depth), to.one_of(list(own.options)))


def _make(to: Drawing, kind: Type, names: Names, depth: int) -> Expr:
    assert isinstance(kind, RecordType)
    return Make(kind, None, tuple(to.of(own, names, depth) for _, own in kind.fields))


def _listed(to: Drawing, kind: Type, names: Names, depth: int) -> Expr:
    assert isinstance(kind, CollectionType)
    count = to.one_of([0, 1, 2, 3])
    return Listed(kind, None, tuple(to.of(kind.item, names, depth) for _ in range(count)))


def _table(to: Drawing, kind: Type, names: Names, depth: int) -> Expr:
    assert isinstance(kind, MapType)
    name = to.name()
    return Table(kind, None, name, to.of(kind.value, [*names, Var(kind.key, None, name)], depth))


def _ways_of_sets(kind: CollectionType) -> list[Way]:
    return [
        _ops((kind, kind), Op.UNION, Op.INTERSECT, Op.DIFFERENCE),
        _ops((kind, kind.item), Op.INSERT, Op.DISCARD, Op.REMOVE),
        _fold(Fold.SET, kind.item),
        _fold(Fold.FLAT, kind),
        _listed,
        _fit,
    ]


_WAYS: dict[Type, list[Way]] = {
    BOOL: [
        _ops((BOOL,), Op.NOT), _ops((BOOL, BOOL), Op.AND, Op.OR), _same,
        _ops((INTEGER, INTEGER), Op.LT, Op.LE), _ops((PLACE, PLACE), Op.LT, Op.LE),
        _collected(Op.CONTAINS), _ops((FEW, FEW), Op.SUBSET), _ops((MANY, MANY), Op.SUBSET),
        _is_a, _fold(Fold.ANY, BOOL), _fold(Fold.ALL, BOOL), _undefined,
    ],
    INTEGER: [
        _ops((INTEGER, INTEGER), Op.ADD, Op.SUB, Op.MUL, Op.MIN, Op.MAX), _by_constant,
        _ops((PLACE,), Op.ORDINAL), _ops((BOOL,), Op.ORDINAL), _ops((HEAP, LONG), Op.COUNT),
        _collected(Op.LEN), _fold(Fold.SUM, INTEGER), _fold(Fold.MIN, INTEGER),
        _fold(Fold.MAX, INTEGER),
    ],
    INT: [_fit, _over(Unwrap, MAYBE), _at(ROW, INTEGER)],
    COUNT: [_fit],
    TONE: [_get(NEAR, "tone")],
    PLACE: [_get(NEAR, "place"), _ops((INTEGER,), Op.INDEX)],
    MAYBE: [_get(FAR, "value"), _over(Some, INT), _at(TABLE, TONE)],
    NEAR: [_make, _over(Project, SHORT), _over(Project, LONG)],
    FAR: [_make, _over(Project, LONG)],
    SHORT: [_over(Inject, NEAR), _over(Inject, FAR), _over(Project, LONG)],
    LONG: [_over(Inject, SHORT), _over(Inject, NOWHERE)],
    ROW: [
        _ops((ROW, INT), Op.APPEND), _ops((ROW,), Op.REST, Op.FRONT), _listed, _fit,
        _ops((ROW, INTEGER), Op.PREFIX), _ops((ROW, ROW), Op.CONCAT), _fold(Fold.SEQ, INT),
    ],
    FEW: _ways_of_sets(FEW),
    MANY: _ways_of_sets(MANY),
    HEAP: [_ops((HEAP, LONG), Op.INSERT, Op.REMOVE), _fold(Fold.BAG, LONG), _listed, _fit],
    TABLE: [_table],
}  # fmt: skip


@st.composite
def cases(draw: Callable[[st.SearchStrategy[Any]], Any]) -> tuple[Expr, dict[str, Any]]:
    """An expression of some type, and values of its variables."""
    kind = draw(st.sampled_from(KINDS))
    expr = Drawing(draw).of(kind, [Var(own, None, name) for name, own in STATE.items()], DEPTH)
    return expr, {name: draw(values(own)) for name, own in STATE.items()}


class Whole(Part):
    """The state that statements change."""


WHOLE = PartType(Whole, tuple(STATE.items()))
SELF = Var(WHOLE, None, "self")
FIELDS: dict[str, Expr] = {name: Get(kind, None, SELF, name) for name, kind in STATE.items()}


def _place(to: Drawing, names: Names) -> Expr:
    """A field, or a slot of one."""
    base: Expr = to.one_of(list(FIELDS.values()))
    whole: bool = to.one_of([True, False])
    if base.type == TABLE and not whole:
        return At(MAYBE, None, base, to.of(TONE, names, 1))
    if base.type == ROW and not whole:
        return At(INT, None, base, to.of(INTEGER, names, 1))
    return base


def _statements(to: Drawing, names: Names, depth: int) -> tuple[Stmt, ...]:
    """A few statements; a local is read only after it has its value, in the same block."""
    body: list[Stmt] = []
    for _ in range(to.one_of(range(1, 4))):
        kinds = ["assign", "assign", "require", "assert", "let", "again"]
        match to.one_of(kinds + ["if", "for"] * 2 if depth > 0 else kinds):
            case "assign":
                place = _place(to, names)
                body.append(Assign(None, place, to.of(place.type, names, 2)))
            case "require":
                body.append(Require(None, to.of(BOOL, names, 2)))
            case "assert":
                body.append(Assert(None, to.of(BOOL, names, 2), "no"))
            case "let":
                local = Var(to.one_of(list(STATE.values())), None, to.name())
                body.append(Let(None, local.name, to.of(local.type, names, 2)))
                names = [*names, local]
                to.locals.add(local.name)
            case "again":
                locals_ = [n for n in names if isinstance(n, Var) and n.name in to.locals]
                if locals_:
                    local = to.one_of(locals_)
                    body.append(Let(None, local.name, to.of(local.type, names, 2)))
            case "if":
                test, then = to.of(BOOL, names, 2), _statements(to, names, depth - 1)
                body.append(If(None, test, then, _statements(to, names, depth - 1)))
            case _:
                source, name = to.source(names, 1), to.name()
                inside = [*names, Var(source.item, None, name)]
                body.append(For(None, name, source, _statements(to, inside, depth - 1)))
    return tuple(body)


@st.composite
def bodies(draw: Callable[[st.SearchStrategy[Any]], Any]) -> tuple[tuple[Stmt, ...], Snapshot]:
    """Statements over a state, and a state."""
    body = _statements(Drawing(draw), list(FIELDS.values()), 2)
    return body, Snapshot(Whole, tuple((name, draw(values(k))) for name, k in STATE.items()))
