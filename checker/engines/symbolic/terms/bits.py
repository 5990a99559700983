"""Bits: Python bools or z3 Bools, folded where they are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


def new_bit(name: str) -> Bit:
    """An unknown bit."""
    return z3.Bool(name)


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
