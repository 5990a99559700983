"""k-induction: what is true in k states one after the other is true in the next.

    the first k states of every run make it true          (bounded model checking)
    k states in a row of which it is true, all of them different, are followed by one of which it
    is true, too

For k = 1 that is induction.  A greater k sees through steps that would need a lemma: what leads
from a good state to a bad one in a few steps, none of which a run takes.  That the states differ
(the simple-path constraint) costs nothing, because the shortest run to a bad state repeats none;
and with it k-induction is complete for a machine with finitely many states: some k is enough.
"""

from __future__ import annotations

from collections.abc import Sequence

from checker.engines.symbolic.budget import Budget
from checker.engines.symbolic.encoding import encode, judge
from checker.engines.symbolic.questions import ask
from checker.engines.symbolic.terms import neg
from checker.engines.symbolic.unrolling import Unrolling
from checker.language.ir import Program, Property


def k_inductive(
    program: Program,
    prop: Property | None,
    most: int,
    lemmas: Sequence[Property],
    budget: Budget,
    *,
    finite: bool,
) -> int | None:
    """The least k up to `most` for which a property is k-inductive; None if there is none.

    `lemmas` are true of every reachable state.  Undecided where the budget runs out, or the
    solver gives up.
    """
    encoding = encode(program)
    first = Unrolling(encoding, budget, finite=finite)
    later = Unrolling(encoding, budget, anywhere=True, finite=finite)
    question = ask(first, prop)
    wrong = ask(later, prop).formula
    known = [judge(lemma, encoding.state) for lemma in lemmas]
    # A property of steps is about the step before the last state.
    back = 0 if question.of_states else 1
    for run in (first, later):
        if back:
            run.extend()
    for formula in known:
        later.add(formula, 0)
    for k in range(1, most + 1):
        with first.asking():
            first.add(question.formula, first.length - back)
            if first.found():
                return None
        later.add(neg(wrong), later.length - back)
        later.extend()
        for formula in known:
            later.add(formula, later.length)
        with later.asking():
            later.add(wrong, later.length - back)
            if not later.found():
                return k
        later.new_state()  # not before: a step that is wrong may lead back
        first.extend()
    return None
