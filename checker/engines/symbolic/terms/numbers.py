"""Numbers: Python ints or z3 bit-vectors (Ints, where there are no bounds), with their ranges."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import z3

from checker.engines.symbolic.terms.bits import Bit, Term, _ite, conj, neg

INFINITY: Any = math.inf
"""The end of a range that has none; typed as the integers are that it is compared with."""

FEW = 32
"""Up to so many values a bit-vector becomes an Int by a choice between them."""


@dataclass(frozen=True, eq=False)
class Num:
    """An integer of low … high; `term` is an int exactly where they are equal."""

    term: int | Term
    low: int
    high: int

    @property
    def known(self) -> int | None:
        """Its value, where there is only one that it can have."""
        return self.low if self.low == self.high else None

    @property
    def whole(self) -> bool:
        """Whether it is a z3 Int."""
        return isinstance(self.term, z3.ArithRef)


def number(value: int) -> Num:
    """A known integer."""
    return Num(value, value, value)


def _int(num: Num) -> Term:
    """A number as a z3 Int."""
    if isinstance(num.term, int):
        return z3.IntVal(num.term)
    if num.whole:
        return num.term
    if num.high - num.low >= FEW:
        return z3.BV2Int(num.term, num.low < 0)
    made = z3.IntVal(num.high)
    for value in range(num.low, num.high):
        made = z3.If(_as(num, num.low, num.high) == value, z3.IntVal(value), made)
    return made


def _width(low: int, high: int) -> int:
    if low >= 0:
        return max(1, high.bit_length())
    return max(high.bit_length(), (~low).bit_length()) + 1


def _as(num: Num, low: int, high: int) -> Term:
    """The bit-vector of a number, in the format of a range around its own."""
    width = _width(low, high)
    if isinstance(num.term, int):
        return z3.BitVecVal(num.term, width)
    more = width - num.term.size()
    if more == 0:
        return num.term
    return z3.SignExt(more, num.term) if num.low < 0 else z3.ZeroExt(more, num.term)


def _made(term: Term, held: tuple[int, int], low: int, high: int) -> Num:
    """The number low … high that a bit-vector in the format of the range `held` stands for."""
    if low == high:
        return number(low)
    width = _width(low, high)
    return Num(term if width == _width(*held) else z3.Extract(width - 1, 0, term), low, high)


def narrowed(num: Num, low: int, high: int) -> Num:
    """A number that is known to lie within low … high as well."""
    if num.high < low or high < num.low:  # Nothing gets here: any number will do.
        return number(low)
    low, high = max(num.low, low), min(num.high, high)
    if (low, high) == (num.low, num.high):
        return num
    if num.whole:
        return number(low) if low == high else Num(num.term, low, high)
    return _made(_as(num, num.low, num.high), (num.low, num.high), low, high)


def _around(one: Num, two: Num) -> tuple[int, int]:
    return min(one.low, two.low), max(one.high, two.high)


def pick_num(test: Bit, then: Num, other: Num) -> Num:
    """The one number or the other."""
    if isinstance(test, bool):
        return then if test else other
    low, high = _around(then, other)
    if then is other or low == high:
        return then
    one, two = _alike(then, other)
    if one.eq(two):
        return Num(one, low, high)
    return Num(type(two)(_ite(test, one, two), test.ctx), low, high)


def _alike(one: Num, two: Num) -> tuple[Term, Term]:
    """Two numbers in one format: Ints where one of them is, else as wide as both need."""
    if one.whole or two.whole:
        return _int(one), _int(two)
    low, high = _around(one, two)
    return _as(one, low, high), _as(two, low, high)


def same(one: Num, two: Num) -> Bit:
    """Whether two numbers are equal."""
    if one.high < two.low or two.high < one.low:
        return False
    if one.known is not None and one.known == two.known:
        return True
    left, right = _alike(one, two)
    return True if left.eq(right) else left == right


def less(one: Num, two: Num) -> Bit:
    """Whether the first is below the second."""
    if one.high < two.low:
        return True
    if one.low >= two.high:
        return False
    left, right = _alike(one, two)
    signed = one.whole or two.whole or one.low < 0 or two.low < 0
    return left < right if signed else z3.ULT(left, right)


def at_most(one: Num, two: Num) -> Bit:
    """Whether the first is not above the second."""
    return neg(less(two, one))


def within(num: Num, low: int, high: int) -> Bit:
    """Whether a number lies in low … high."""
    above: Bit = True if high == INFINITY else at_most(num, number(high))
    return conj(at_most(number(low), num), above)


def _computed(one: Num, two: Num, low: int, high: int, make: Callable[[Term, Term], Term]) -> Num:
    """A number low … high that is made from two, in a format that holds all three ranges."""
    if low == high:
        return number(low)
    if one.whole or two.whole:
        return Num(make(_int(one), _int(two)), low, high)
    least, most = _around(one, two)
    held = min(least, low), max(most, high)
    return _made(make(_as(one, *held), _as(two, *held)), held, low, high)


def add(one: Num, two: Num) -> Num:
    """The sum."""
    if two.known == 0 or one.known == 0:
        return one if two.known == 0 else two
    return _computed(one, two, one.low + two.low, one.high + two.high, lambda a, b: a + b)


def subtract(one: Num, two: Num) -> Num:
    """The difference."""
    if two.known == 0:
        return one
    return _computed(one, two, one.low - two.high, one.high - two.low, lambda a, b: a - b)


def multiply(one: Num, two: Num) -> Num:
    """The product."""
    # Nothing times without end is nothing, of which floating point is not so sure.
    corners = [a * b if a and b else 0 for a in (one.low, one.high) for b in (two.low, two.high)]
    return _computed(one, two, min(corners), max(corners), lambda a, b: a * b)


def divide(one: Num, two: Num) -> Num:
    """The quotient, rounded down; the divisor is a positive constant."""
    by = two.low
    if one.whole:
        low, high = (end if abs(end) == INFINITY else end // by for end in (one.low, one.high))
        return Num(one.term / by, low, high)
    if one.low >= 0:
        return _computed(one, two, one.low // by, one.high // by, z3.UDiv)
    exact = subtract(one, remainder(one, two))  # bvsdiv would round towards 0
    return _computed(exact, two, one.low // by, one.high // by, lambda a, b: a / b)


def remainder(one: Num, two: Num) -> Num:
    """What the division leaves, never negative; the divisor is a positive constant."""
    by = two.low
    if one.whole:
        return number(0) if by == 1 else Num(one.term % by, 0, by - 1)
    if one.low // by == one.high // by:
        return subtract(one, number(one.low // by * by))
    division = z3.URem if one.low >= 0 else (lambda a, b: a % b)  # bvsmod: the divisor's sign
    return _computed(one, two, 0, by - 1, division)


def smaller(one: Num, two: Num) -> Num:
    """The lesser of two."""
    least, most = min(one.low, two.low), min(one.high, two.high)
    return narrowed(pick_num(less(two, one), two, one), least, most)


def greater(one: Num, two: Num) -> Num:
    """The greater of two."""
    least, most = max(one.low, two.low), max(one.high, two.high)
    return narrowed(pick_num(less(one, two), two, one), least, most)


def count(bits: Iterable[Bit]) -> Num:
    """How many of the bits are true, added up as a balanced tree."""
    numbers = [pick_num(bit, number(1), number(0)) for bit in bits]
    while len(numbers) > 1:
        halves = [add(*numbers[i : i + 2]) for i in range(0, len(numbers) - 1, 2)]
        numbers = halves + numbers[len(halves) * 2 :]
    return numbers[0] if numbers else number(0)


# ---------------------------------------------------------------- variables


def new_number(name: str, low: int, high: int) -> Num:
    """An unknown number of low … high; `within` of what its bits can say is to be asserted."""
    if high == INFINITY:
        return Num(z3.Int(name), low, high)
    return number(low) if low == high else Num(z3.BitVec(name, _width(low, high)), low, high)


def in_range(num: Num) -> Bit:
    """That a variable's bits are a number of its range, as no comparison would fold away."""
    if isinstance(num.term, int):
        return True
    if num.whole:
        return within(Num(num.term, -INFINITY, INFINITY), num.low, num.high)
    width = num.term.size()
    full = (0, (1 << width) - 1) if num.low >= 0 else (-1 << (width - 1), (1 << (width - 1)) - 1)
    return within(Num(num.term, *full), num.low, num.high)
