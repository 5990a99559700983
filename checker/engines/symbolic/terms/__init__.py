"""Bits and numbers: what every symbolic value is made of in the end.

A *bit* is a Python bool or a z3 Bool.  A *number* is a Python int or a z3 bit-vector, together
with the least and the greatest value that it can have.  What is known stays a Python value, and
the functions here fold it away, so that a machine walked from a known state with known
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

This is the only package that builds z3 terms.  Where z3's Python interface spends more time on
checks than on the call, it calls the C interface, as that interface does.
"""

from __future__ import annotations

from checker.engines.symbolic.terms.bits import (
    Bit,
    Renaming,
    Term,
    conj,
    disj,
    implies,
    neg,
    new_bit,
    pick,
    same_bit,
)
from checker.engines.symbolic.terms.numbers import (
    FEW,
    INFINITY,
    Num,
    add,
    at_most,
    count,
    divide,
    greater,
    in_range,
    less,
    multiply,
    narrowed,
    new_number,
    number,
    pick_num,
    remainder,
    same,
    smaller,
    subtract,
    within,
)
from checker.engines.symbolic.terms.solver import (
    COMPLETE,
    bit_in,
    check,
    fixed_point,
    frame,
    int_in,
    memory,
    new_solver,
    reason,
    version,
)
from checker.engines.symbolic.terms.unbounded import (
    combined,
    every,
    is_among,
    no_numbers,
    pick_numbers,
    same_numbers,
    some_number,
    some_numbers,
    with_number,
)

__all__ = [
    "COMPLETE",
    "FEW",
    "INFINITY",
    "Bit",
    "Num",
    "Renaming",
    "Term",
    "add",
    "at_most",
    "bit_in",
    "check",
    "combined",
    "conj",
    "count",
    "disj",
    "divide",
    "every",
    "fixed_point",
    "frame",
    "greater",
    "implies",
    "in_range",
    "int_in",
    "is_among",
    "less",
    "memory",
    "multiply",
    "narrowed",
    "neg",
    "new_bit",
    "new_number",
    "new_solver",
    "no_numbers",
    "number",
    "pick",
    "pick_num",
    "pick_numbers",
    "reason",
    "remainder",
    "same",
    "same_bit",
    "same_numbers",
    "smaller",
    "some_number",
    "some_numbers",
    "subtract",
    "version",
    "with_number",
    "within",
]
