"""The solver, what it is asked, and what its models say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import z3

from checker.engines.symbolic.terms.bits import Bit, Term, _term
from checker.engines.symbolic.terms.numbers import Num


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
