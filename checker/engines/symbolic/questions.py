"""What is asked of the last state or the last step of a run, one question for each kind.

    invariant    a state in which it is false, or cannot be evaluated
    step         a step, of its action where it names one, of which that is so
    reachable    a state in which it is true
    terminal     a state in which no action is possible and it is false
    (a defect)   a state in which some action, with some choice of its parameters, is a defect
    (refinement) a start, or a step, that is none of the specification

What is found is confirmed by the reference evaluator, claim by claim.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from checker.engines.symbolic.encoding import Move, judge, possible
from checker.engines.symbolic.refining import is_no_start, is_no_step
from checker.engines.symbolic.replay import Replay
from checker.engines.symbolic.terms import Bit, conj, disj, neg
from checker.engines.symbolic.unrolling import Taken, Unrolling
from checker.errors import RequestError
from checker.language.ir import Property, Refinement

Run = Sequence[Taken]


@dataclass(frozen=True)
class Question:
    """A formula over a state or over a step, and how its answer is confirmed.

    of_states   whether the formula is about the last state, and not about the last step
    of_starts   whether it is about the first state alone
    """

    formula: Bit
    confirm: Callable[[Replay, Run], None]
    of_states: bool = True
    of_starts: bool = False

    def place(self, last: int) -> int | None:
        """The step that it is asked of in a run of `last` steps; None if it is not asked there."""
        if self.of_starts:
            return 0 if last == 0 else None
        if self.of_states:
            return last
        return last - 1 if last > 0 else None


def asked(unrolling: Unrolling, prop: Property | Refinement | None) -> list[Question]:
    """The questions whether a property is violated; of a refinement there are two."""
    if not isinstance(prop, Refinement):
        return [ask(unrolling, prop)]
    encoding = unrolling.encoding

    def start(replay: Replay, run: Run) -> None:
        replay.refined(prop, None, run[-1].state)

    def step(replay: Replay, run: Run) -> None:
        replay.refined(prop, run[-2].state, run[-1].state)

    return [
        Question(is_no_start(prop, encoding.state), start, of_starts=True),
        Question(is_no_step(prop, encoding.state, encoding.after), step, of_states=False),
    ]


def ask(unrolling: Unrolling, prop: Property | None) -> Question:
    """The question whether a property is violated (a witness is found; there is a defect).

    RequestError for a kind that runs of bounded length do not decide.
    """
    if prop is None:
        return _defect(unrolling)
    if prop.kind not in _QUESTIONS:
        known = ", ".join(_QUESTIONS)
        raise RequestError(
            f"{prop.name} is of the kind {prop.kind!r}, which bounded runs do not decide",
            hint=f"the kinds that they do decide are {known}",
        )
    return _QUESTIONS[prop.kind](unrolling, prop)


def _invariant(unrolling: Unrolling, prop: Property) -> Question:
    encoding = unrolling.encoding

    def confirm(replay: Replay, run: Run) -> None:
        replay.judged(prop, run[-1].state, expected=False)

    return Question(neg(judge(prop, encoding.state)), confirm)


def _reachable(unrolling: Unrolling, prop: Property) -> Question:
    encoding = unrolling.encoding

    def confirm(replay: Replay, run: Run) -> None:
        replay.judged(prop, run[-1].state, expected=True)

    return Question(judge(prop, encoding.state), confirm)


def _terminal(unrolling: Unrolling, prop: Property) -> Question:
    encoding = unrolling.encoding

    def confirm(replay: Replay, run: Run) -> None:
        replay.stuck(run[-1].state)
        replay.judged(prop, run[-1].state, expected=False)

    stuck = neg(possible(encoding.program, encoding.state))
    return Question(conj(stuck, neg(judge(prop, encoding.state))), confirm)


def _step(unrolling: Unrolling, prop: Property) -> Question:
    encoding = unrolling.encoding

    def violated(move: Move) -> Bit:
        return neg(judge(prop, encoding.state, encoding.after, move))

    def confirm(replay: Replay, run: Run) -> None:
        replay.judged(prop, run[-2].state, run[-1], expected=False)

    moves = [move for move in encoding.actions if prop.on in (None, move.name)]
    formula = disj(*(conj(unrolling.taken(move), violated(move)) for move in moves))
    return Question(formula, confirm, of_states=False)


def _defect(unrolling: Unrolling) -> Question:
    moves = [move for move in unrolling.encoding.actions if move.defect is not False]

    def confirm(replay: Replay, run: Run) -> None:
        last = len(run) - 1
        move = next(move for move in moves if unrolling.true(move.defect, last))
        replay.defect(run[-1].state, move.name, unrolling.arguments(move, last))

    return Question(disj(*(move.defect for move in moves)), confirm)


_QUESTIONS: Mapping[str, Callable[[Unrolling, Property], Question]] = {
    "invariant": _invariant,
    "step": _step,
    "reachable": _reachable,
    "terminal": _terminal,
}

ASKED = tuple(_QUESTIONS)
"""The kinds of property that runs of bounded length decide."""
