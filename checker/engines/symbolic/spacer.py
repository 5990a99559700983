"""An invariant that is found, not given: property-directed reachability by z3's Spacer.

The machine becomes Horn clauses over a relation `reached` that is unknown:

    a start                                        is reached
    what a step leads to, from what is reached,    is reached, too
    what is reached and breaks the property        is wrong

Spacer looks for a relation that satisfies the first two and makes the third empty: an inductive
invariant that implies the property.  It finds one where the machine is small enough or its reasons
are simple; else it says so, or runs out of time, and nothing is known.
"""

from __future__ import annotations

from checker.engines.symbolic import terms
from checker.engines.symbolic.budget import Budget
from checker.engines.symbolic.encoding import encode
from checker.engines.symbolic.questions import ask
from checker.engines.symbolic.terms import conj
from checker.engines.symbolic.unrolling import Unrolling
from checker.language.ir import Program, Property


def holds(program: Program, prop: Property | None, budget: Budget) -> bool | None:
    """Whether a property holds of every reachable state or step; None where Spacer cannot tell."""
    budget.check()
    encoding = encode(program)
    unrolling = Unrolling(encoding, budget)
    question = ask(unrolling, prop)
    start, step = unrolling.clauses
    before, after = encoding.variables
    known = conj(encoding.facts[0], encoding.facts[1])
    wrong = conj(known, question.formula, question.of_states or step)
    found = terms.fixed_point(
        before, after, unrolling.choices, conj(start, encoding.facts[0]), conj(step, known), wrong,
        seconds=budget.left,
    )  # fmt: skip
    return None if found is None else not found
