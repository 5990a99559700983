"""What has no bounds: numbers for a quantifier to bind, and sets of integers."""

from __future__ import annotations

from collections.abc import Callable

import z3

from checker.engines.symbolic.terms.bits import Bit, Term, _term, implies
from checker.engines.symbolic.terms.numbers import INFINITY, Num, _int, in_range


def some_number(name: str, low: int) -> Num:
    """A number of low … without end, unlike any other: for a quantifier to bind."""
    return Num(z3.FreshInt(name), low, INFINITY)


def every(num: Num, bit: Bit) -> Bit:
    """Whether a bit is true whatever the number is, within its range."""
    if isinstance(bit, bool):
        return bit
    return z3.ForAll([num.term], implies(in_range(num), bit))


def no_numbers() -> Term:
    """The set of integers that has none."""
    return z3.K(z3.IntSort(), z3.BoolVal(False))  # noqa: FBT003 - z3's own way to say it


def some_numbers(name: str) -> Term:
    """An unknown set of integers."""
    return z3.Array(name, z3.IntSort(), z3.BoolSort())


def is_among(numbers: Term, num: Num) -> Bit:
    """Whether a number is in a set."""
    return z3.Select(numbers, _int(num))


def with_number(numbers: Term, num: Num, bit: Bit) -> Term:
    """A set in which a number is, or is not."""
    return z3.Store(numbers, _int(num), bit)


def combined(make: Callable[[Bit, Bit], Bit], one: Term, two: Term) -> Term:
    """The set of the numbers of which it is true, given whether each is in two others."""
    num = z3.FreshInt("each")
    return z3.Lambda([num], _term(make(z3.Select(one, num), z3.Select(two, num))))


def same_numbers(one: Term, two: Term) -> Bit:
    """Whether two sets are equal."""
    return True if one.eq(two) else one == two


def pick_numbers(test: Bit, then: Term, other: Term) -> Term:
    """The one set or the other."""
    if isinstance(test, bool):
        return then if test else other
    return then if then.eq(other) else z3.If(test, then, other)
