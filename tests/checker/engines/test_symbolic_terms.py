"""Bits, numbers and shapes by themselves, against Python's own arithmetic and order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from enum import Enum, auto
from functools import partial
from typing import Any

import pytest
import z3

from checker.engines.symbolic import terms
from checker.engines.symbolic.shapes import below, equal, merge
from checker.engines.symbolic.terms import Num, number
from checker.engines.symbolic.values import Reading, Variables, anything, lift, read
from checker.language.domains import Index
from checker.language.types import (
    BOOL,
    BagType,
    EnumType,
    IndexType,
    IntType,
    MapType,
    OptionType,
    RecordType,
    SeqType,
    SetType,
    Type,
    UnionType,
    contains,
)
from checker.language.values import Bag, Map, Record, Seq, Set, freeze, order

RANGES = [(0, 0), (0, 1), (0, 3), (2, 5), (-3, 2), (-4, -1), (-1, 0)]

PAIRS = list(itertools.product(RANGES, RANGES))

BINARY: dict[str, tuple[Callable[[Num, Num], Num], Callable[[int, int], int]]] = {
    "add": (terms.add, lambda a, b: a + b),
    "subtract": (terms.subtract, lambda a, b: a - b),
    "multiply": (terms.multiply, lambda a, b: a * b),
    "smaller": (terms.smaller, min),
    "greater": (terms.greater, max),
}
COMPARED: dict[str, tuple[Callable[[Num, Num], terms.Bit], Callable[[int, int], bool]]] = {
    "same": (terms.same, lambda a, b: a == b),
    "less": (terms.less, lambda a, b: a < b),
    "at most": (terms.at_most, lambda a, b: a <= b),
}


def never(formula: terms.Bit) -> bool:
    """Whether a formula is true of no values of its variables."""
    if isinstance(formula, bool):
        return not formula
    solver = z3.Solver()
    solver.add(formula)
    return bool(solver.check() == z3.unsat)


def unknown(name: str, low: int, high: int) -> tuple[Num, terms.Bit]:
    made = terms.new_number(name, low, high)
    return made, terms.in_range(made)


def results(
    operation: Callable[[Num, Num], Any], one: tuple[int, int], two: tuple[int, int]
) -> Iterator[tuple[int, int, Any, terms.Bit]]:
    """The operation on each pair of values: both known, either, or none; and what must hold."""
    a, a_fact = unknown("a", *one)
    b, b_fact = unknown("b", *two)
    for x, y in itertools.product(range(one[0], one[1] + 1), range(two[0], two[1] + 1)):
        is_x = terms.conj(a_fact, terms.same(a, number(x)))
        is_y = terms.conj(b_fact, terms.same(b, number(y)))
        yield x, y, operation(number(x), number(y)), True
        yield x, y, operation(a, number(y)), is_x
        yield x, y, operation(number(x), b), is_y
        yield x, y, operation(a, b), terms.conj(is_x, is_y)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_arithmetic_is_mathematical(name: str, one: tuple[int, int], two: tuple[int, int]) -> None:
    symbolic, plain = BINARY[name]
    wrong: list[terms.Bit] = []
    for x, y, found, given in results(symbolic, one, two):
        assert found.low <= plain(x, y) <= found.high
        assert (found.known is not None) == isinstance(found.term, int)
        wrong.append(terms.conj(given, terms.neg(terms.same(found, number(plain(x, y))))))
    assert never(terms.disj(*wrong))


@pytest.mark.parametrize("name", COMPARED)
@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_comparisons_are_mathematical(
    name: str, one: tuple[int, int], two: tuple[int, int]
) -> None:
    symbolic, plain = COMPARED[name]
    found = results(symbolic, one, two)
    wrong = [terms.conj(g, terms.neg(terms.same_bit(bit, plain(x, y)))) for x, y, bit, g in found]
    assert never(terms.disj(*wrong))


@pytest.mark.parametrize("by", [1, 2, 3, 5])
@pytest.mark.parametrize("held", [*RANGES, (-9, 9), (3, 4)])
def test_division_rounds_down(held: tuple[int, int], by: int) -> None:
    a, fact = unknown("a", *held)
    for x in range(held[0], held[1] + 1):
        for one, given in ((number(x), True), (a, terms.conj(fact, terms.same(a, number(x))))):
            quotient, rest = terms.divide(one, number(by)), terms.remainder(one, number(by))
            assert quotient.low <= x // by <= quotient.high
            assert 0 <= rest.low <= x % by <= rest.high < by
            right = (terms.same(quotient, number(x // by)), terms.same(rest, number(x % by)))
            assert never(terms.conj(given, terms.neg(terms.conj(*right))))


def test_a_narrowed_number_is_the_same_where_it_fits() -> None:
    a, fact = unknown("a", -4, 9)
    for low, high in ((-4, 9), (0, 7), (-1, 2), (3, 3), (5, 20)):
        small = terms.narrowed(a, low, high)
        assert (small.low, small.high) == (low, min(high, 9))
        inside = terms.conj(fact, terms.within(a, low, high))
        assert never(terms.conj(inside, terms.neg(terms.same(a, small))))
    assert terms.narrowed(a, 20, 30).known == 20


def test_bits_fold() -> None:
    p, q = terms.new_bit("p"), terms.new_bit("q")
    assert terms.conj() is True
    assert terms.disj() is False
    assert terms.conj(p, True, p) is p
    assert terms.conj(p, False) is False
    assert terms.disj(p, True) is True
    assert terms.same_bit(terms.neg(terms.neg(p)), p) is True
    assert terms.pick(True, p, q) is p
    assert terms.pick(p, q, q) is q
    for a, b, test in itertools.product((p, True, False), (q, True, False), (p, q, True, False)):
        picked = terms.disj(terms.conj(test, a), terms.conj(terms.neg(test), b))
        assert never(terms.neg(terms.same_bit(terms.pick(test, a, b), picked)))
        apart = terms.disj(terms.conj(a, terms.neg(b)), terms.conj(b, terms.neg(a)))
        assert never(terms.same_bit(terms.same_bit(a, b), apart))


# ---------------------------------------------------------------- shapes


class Place(Index):
    """Somewhere."""


class Tone(Enum):
    """Something."""

    LOW = auto()
    HIGH = auto()


class One(Record):
    """A record."""

    place: Place
    tone: Tone


class Two(Record):
    """Another."""

    value: int | None


PLACE, TONE, INT = IndexType(Place, 2), EnumType(Tone), IntType(-1, 1)
ONE = RecordType(One, (("place", PLACE), ("tone", TONE)))
TWO = RecordType(Two, (("value", OptionType(INT)),))


def sequences(kind: Type, most: int) -> Iterator[tuple[Any, ...]]:
    for length in range(most + 1):
        yield from itertools.product(values(kind), repeat=length)


def values(kind: Type) -> list[Any]:
    """Every value of a type, dense or not."""
    match kind:
        case SeqType(item, most):
            return [freeze(Seq(items)) for items in sequences(item, most)]
        case BagType(item, most):
            return list(dict.fromkeys(freeze(Bag(items)) for items in sequences(item, most)))
        case SetType(item, most):
            return list(dict.fromkeys(freeze(Set(items)) for items in sequences(item, most)))
        case MapType(key, item):
            keys = list(key.universe())
            rows = itertools.product(values(item), repeat=len(keys))
            return [freeze(Map(dict(zip(keys, row, strict=True)))) for row in rows]
        case OptionType(item):
            return [None, *values(item)]
        case _:
            return list(kind.universe())


WIDE = SeqType(TONE, 2)
TYPES: list[Type] = [
    BOOL,
    INT,
    TONE,
    PLACE,
    OptionType(INT),
    ONE,
    UnionType((ONE, TWO)),
    OptionType(UnionType((ONE, TWO))),
    MapType(PLACE, OptionType(TONE)),
    MapType(BOOL, INT),
    SetType(INT, 3),
    SetType(ONE, 4),
    WIDE,
    SetType(WIDE, 2),
    BagType(PLACE, 3),
    OptionType(BagType(WIDE, 1)),
]


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_known_values_are_compared_as_python_does(kind: Type) -> None:
    known = [(value, lift(kind, value)) for value in values(kind)]
    assert len(known) > 1
    reading = Reading(bool, lambda num: int(num.term))
    for (x, one), (y, two) in itertools.product(known, known):
        assert equal(one, two) is (x == y)
        assert below(one, two) is (order(x) < order(y))
        assert read(kind, merge(True, one, two), reading) == x
        assert read(kind, one, reading) == x
    assert contains(kind, read(kind, anything(kind), reading))


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_an_unknown_is_exactly_the_values_of_its_type(kind: Type) -> None:
    """All models of an unknown, compared by meaning, are all values of the type, once each."""
    variables = Variables()
    shape = variables.of(kind, "x")
    solver = terms.new_solver()
    solver.add(z3.And(*variables.facts, True))
    found = []
    while terms.check(solver):
        model = solver.model()
        reading = Reading(partial(terms.bit_in, model), partial(terms.int_in, model))
        found.append(read(kind, shape, reading))
        solver.add(terms.neg(equal(shape, lift(kind, found[-1]))))
    assert sorted(found, key=order) == sorted(values(kind), key=order)


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_unknown_values_are_compared_as_known_ones(kind: Type) -> None:
    """The order of two unknowns, and of their merge, is that of the values they are."""
    variables = Variables()
    x, y, test = variables.of(kind, "x"), variables.of(kind, "y"), variables.bit("test")
    either, is_below, is_equal = merge(test, x, y), below(x, y), equal(x, y)
    facts = terms.conj(*variables.facts)
    known = [(value, lift(kind, value)) for value in values(kind)]
    solver = terms.new_solver()
    solver.add(facts)
    for (a, one), (b, two) in itertools.islice(itertools.product(known, known), 0, 400, 3):
        given = terms.conj(equal(x, one), equal(y, two))
        right = terms.conj(
            terms.same_bit(is_below, order(a) < order(b)),
            terms.same_bit(is_equal, a == b),
            equal(either, merge(test, one, two)),
        )
        solver.push()
        solver.add(given)
        assert terms.check(solver) is True
        solver.add(terms.neg(right))
        assert terms.check(solver) is False
        solver.pop()
