"""Bits and numbers: what every symbolic value is made of in the end.

A *bit* is a Python bool or a z3 Bool.  A *number* is a Python int or a z3 bit-vector, together
with the least and the greatest value that it can have.  What is known stays a Python value, and
the functions of this module fold it away, so that a machine walked from a known state with known
parameters makes no z3 terms at all, and a loop over a domain leaves only what depends on the
state.

Integers in flight are mathematical: the bit-vector of a number is as wide as its range needs
(unsigned where nothing is below 0, two's complement else), and the result of an operation is as
wide as the range of its results.  Nothing can wrap around, and a comparison that the ranges
decide is decided here.  Narrowing to the range of a type is the caller's assertion that the
value lies within it.

Bit-vectors rather than z3's Int, under z3's solver for finite domains: what is asked of a machine
within bounds is propositional search.  Measured on one machine (seconds; all states to 6 steps of
two-phase commit with 4 resource managers; six properties of the replication example to 9 steps):

    bit-vectors, QF_FD    4.7    3.9        Int, QF_LIA      15     92
    bit-vectors, QF_BV    4.7    4.4        Int, default     22     75
    bit-vectors, default  12     24

A number without bounds (a counter that was freed: `unbounded`) is a z3 Int, and so is what is
computed with one; its range ends at an infinity.  Wherever a bit-vector meets an Int it becomes
one, by its values one by one where they are few.  Questions with Ints in them, or with quantifiers
and sets without bounds, are for z3's general solver, which may not come to an answer.

This is the only module that builds z3 terms.  Where z3's Python interface spends more time on
checks than on the call, it calls the C interface, as that interface does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from checker.errors import RequestError

try:
    import z3
except ImportError as missing:
    raise RequestError(
        "the symbolic engine needs z3, which is not installed here",
        hint="install the extra: pip install 'verdict-kafka[z3]'",
    ) from missing

Term: TypeAlias = Any
"""A z3 expression; z3 ships without types."""

Bit: TypeAlias = bool | Term
"""A truth value, known or not."""


# ---------------------------------------------------------------- bits


def _gate(make: Callable[..., Any], operands: list[Term]) -> Term:
    """An and/or gate, made without the coercions that cost z3's own And and Or most of a call."""
    context = operands[0].ctx
    return z3.BoolRef(make(context.ref(), len(operands), _array(operands)), context)


def _array(operands: list[Term]) -> Any:
    return (z3.Ast * len(operands))(*(operand.as_ast() for operand in operands))


def conj(*bits: Bit) -> Bit:
    """Whether all of them are true."""
    return _fold(bits, neutral=True, make=z3.Z3_mk_and)


def disj(*bits: Bit) -> Bit:
    """Whether one of them is true."""
    return _fold(bits, neutral=False, make=z3.Z3_mk_or)


def _fold(bits: Iterable[Bit], *, neutral: bool, make: Callable[..., Any]) -> Bit:
    kept: dict[int, Term] = {}
    for bit in bits:
        if bit is neutral:
            continue
        if isinstance(bit, bool):
            return bit
        kept[bit.get_id()] = bit
    if not kept:
        return neutral
    return next(iter(kept.values())) if len(kept) == 1 else _gate(make, list(kept.values()))


def neg(bit: Bit) -> Bit:
    """Whether it is false."""
    if isinstance(bit, bool):
        return not bit
    if z3.is_not(bit):
        return bit.arg(0)
    return z3.BoolRef(z3.Z3_mk_not(bit.ctx.ref(), bit.as_ast()), bit.ctx)


def implies(condition: Bit, bit: Bit) -> Bit:
    """Whether it is true, should the condition be."""
    return disj(neg(condition), bit)


def pick(test: Bit, then: Bit, other: Bit) -> Bit:
    """The one bit or the other."""
    if isinstance(test, bool):
        return then if test else other
    if then is other:
        return then
    if isinstance(then, bool):
        return disj(test, other) if then else conj(neg(test), other)
    if isinstance(other, bool):
        return disj(neg(test), then) if other else conj(test, then)
    if then.eq(other):
        return then
    return z3.BoolRef(_ite(test, then, other), test.ctx)


def same_bit(one: Bit, two: Bit) -> Bit:
    """Whether two bits are equal."""
    if isinstance(one, bool):
        return two if one else neg(two)
    if isinstance(two, bool):
        return one if two else neg(one)
    return True if one.eq(two) else one == two


def _ite(test: Term, then: Term, other: Term) -> Any:
    return z3.Z3_mk_ite(test.ctx.ref(), test.as_ast(), then.as_ast(), other.as_ast())


# ---------------------------------------------------------------- numbers


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


def new_bit(name: str) -> Bit:
    """An unknown bit."""
    return z3.Bool(name)


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


# ---------------------------------------------------------------- without bounds


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


def _term(bit: Bit) -> Term:
    return z3.BoolVal(bit) if isinstance(bit, bool) else bit


class Renaming:
    """Other variables, of the same sorts, in place of some."""

    def __init__(self, names: Iterable[tuple[Term, str]]) -> None:
        self._pairs = [(old, z3.Const(name, old.sort())) for old, name in names]
        self._by_id = {old.get_id(): new for old, new in self._pairs}
        # z3's own `substitute` makes these anew, with checks, at every call.
        self._old = _array([old for old, _ in self._pairs])
        self._new = _array([new for _, new in self._pairs])

    def __call__(self, term: Term) -> Term:
        """A term with the other variables."""
        if (variable := self._by_id.get(term.get_id())) is not None:
            return variable
        context = term.ctx
        made = z3.Z3_substitute(
            context.ref(), term.as_ast(), len(self._pairs), self._old, self._new
        )
        return type(term)(made, context)


# ---------------------------------------------------------------- the solver


def memory() -> int:
    """The bytes that z3 has taken in this process."""
    return int(z3.Z3_get_estimated_alloc_size())


def version() -> str:
    """Which z3 this is."""
    return str(z3.get_version_string())


def new_solver(*, finite: bool = True) -> Any:
    """z3's solver for finite domains, or its general one."""
    solver = z3.SolverFor("QF_FD") if finite else z3.Solver()
    solver.set("core.minimize", True)  # noqa: FBT003 - z3's own way to say it
    return solver


def check(solver: Any, *assumed: Term) -> bool | None:
    """Whether what was asserted, and what is assumed, can be true; None where the solver does
    not know.
    """
    try:
        answer = solver.check(*assumed)
    except z3.Z3Exception as failed:  # it has no other way to say that memory has run out
        if "memory" not in str(failed):
            raise
        return None
    return None if answer == z3.unknown else bool(answer == z3.sat)


@contextmanager
def frame(solver: Any, formula: Bit) -> Iterator[None]:
    """Assert a formula while the block runs."""
    solver.push()
    try:
        solver.add(formula)
        yield
    finally:
        solver.pop()


def reason(solver: Any) -> str:
    """Why the solver does not know."""
    return str(solver.reason_unknown())


def fixed_point(
    before: Iterable[Term],
    after: Iterable[Term],
    chosen: Iterable[Term],
    start: Bit,
    step: Bit,
    wrong: Bit,
    *,
    seconds: float | None,
) -> bool | None:
    """Whether steps lead from a start to what is wrong, as Spacer finds; None where it cannot tell.

    before, after   the variables of a state, and of the next in the same order
    """
    states, following = list(before), list(after)
    solver = z3.Fixedpoint()
    options = {"engine": "spacer"} | ({} if seconds is None else {"timeout": int(seconds * 1000)})
    solver.set(**options)
    reached = z3.Function("reached", *(state.sort() for state in states), z3.BoolSort())
    error = z3.Function("error", z3.BoolSort())
    for relation in (reached, error):
        solver.register_relation(relation)
    solver.declare_var(*states, *following, *chosen)
    solver.rule(reached(*states), [_term(start)])
    solver.rule(reached(*following), [reached(*states), _term(step)])
    solver.rule(error(), [reached(*states), _term(wrong)])
    try:
        answer = solver.query(error())
    except z3.Z3Exception:  # what it has no theory for, it refuses
        return None
    return None if answer == z3.unknown else bool(answer == z3.sat)


COMPLETE = True
"""A model is asked about variables that it leaves open, too."""


def bit_in(model: Any, bit: Bit) -> bool:
    """What a bit is in a model; what the model leaves open is false."""
    if isinstance(bit, bool):
        return bit
    return bool(z3.Z3_get_bool_value(bit.ctx.ref(), _evaluated(model, bit)) == z3.Z3_L_TRUE)


def int_in(model: Any, num: Num) -> int:
    """What a number is in a model."""
    if isinstance(num.term, int):
        return num.term
    bits = int(z3.Z3_get_numeral_string(num.term.ctx.ref(), _evaluated(model, num.term)))
    if num.whole:
        return bits
    width: int = num.term.size()
    return bits - (1 << width) if num.low < 0 and bits >> (width - 1) else bits


def _evaluated(model: Any, term: Term) -> Any:
    """A term's value, for the next call alone: z3's own `eval` makes an object that lasts, which
    takes most of the time where every variable of every state of a run is read.
    """
    found = (z3.Ast * 1)()
    said = z3.Z3_model_eval(term.ctx.ref(), model.model, term.as_ast(), COMPLETE, found)
    assert said, f"the model does not say what {term} is"
    return found[0]
