"""Runs of a machine as one formula: a start, then step after step, in one incremental solver.

The encoding speaks of one state and the next.  Each step of a run has variables of its own for
the state, for the choice of an action and for its parameters; the formula of the step is the
encoding's with those in place of its own (`at`).  What has been asserted for the steps before
stays in the solver, with everything it has learnt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from checker.engines.symbolic import terms
from checker.engines.symbolic.budget import Budget, Undecided
from checker.engines.symbolic.encoding import Encoding, Move
from checker.engines.symbolic.shapes import Shape, equal
from checker.engines.symbolic.terms import Bit, Num, Term, conj, disj, neg, number, same
from checker.engines.symbolic.values import Reading, Variables, read
from checker.language.machine import Snapshot


@dataclass(frozen=True)
class Taken:
    """A start or step as a model has it: the move, what was chosen, and the state after it."""

    move: Move
    arguments: Mapping[str, Any]
    state: Snapshot


class Unrolling:
    """The runs of a machine with as many steps as `extend` has been called.

    budget     what all questions together may take; None is no limit
    anywhere   whether a run may begin in any state, and not only in a start
    finite     whether the machine has bounds
    """

    def __init__(
        self,
        encoding: Encoding,
        budget: Budget | None = None,
        *,
        anywhere: bool = False,
        finite: bool = True,
    ) -> None:
        self.encoding = encoding
        self.length = 0
        self._budget = budget or Budget()
        self._solver = terms.new_solver(finite=finite)
        self._model: Any = None
        self._names: list[terms.Renaming] = []
        self._start = _Choice("start", encoding.starts, encoding.state)
        self._step = _Choice("step", encoding.actions, encoding.after)
        self._chosen = (*self._start.variables, *self._step.variables)
        self._add(conj(anywhere or self._start.formula, encoding.facts[0]), 0)

    @property
    def clauses(self) -> tuple[Bit, Bit]:
        """That a state is a start, and that one state leads to the next."""
        return self._start.formula, self._step.formula

    @property
    def choices(self) -> tuple[Term, ...]:
        """The unknowns of which both are made, beside those of the states."""
        return self._chosen

    def extend(self) -> None:
        """One more step at the end of the run."""
        self._add(conj(self._step.formula, self.encoding.facts[1]), self.length)
        self.length += 1

    def add(self, formula: Bit, step: int) -> None:
        """Ask only for runs of which a formula over the state number `step` is true.

        In a formula over a step, that is the state before it.
        """
        self._add(formula, step)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Forget afterwards what is added while the block runs."""
        self._solver.push()
        try:
            yield
        finally:
            self._solver.pop()

    def found(self) -> bool:
        """Whether there is a run of which everything that was added is true.

        Undecided where the time is up or the solver gives up.
        """
        answer = self._budget.ask(self._solver)
        if answer is None:
            raise Undecided(terms.reason(self._solver))
        self._model = self._solver.model() if answer else None
        return answer

    def new_state(self) -> None:
        """Ask only for runs whose last state is none of those before it."""
        last = self.encoding.state
        for step in range(self.length):
            self._solver.add(self._between(neg(equal(last, self.encoding.after)), step))

    def state(self, step: int) -> Snapshot:
        """The state number `step` of the run that was found."""
        made = read(self.encoding.program.state, self.encoding.state, self._reading(step))
        assert isinstance(made, Snapshot)
        return made

    def run(self, steps: int | None = None) -> tuple[Taken, ...]:
        """The run that was found, its start and then its steps (the first `steps` of them)."""
        last = self.length if steps is None else steps
        return (
            self._taken(self._start, 0, 0),
            *(self._taken(self._step, step, step + 1) for step in range(last)),
        )

    def taken(self, move: Move) -> Bit:
        """That a step is one of this move: a formula over a step."""
        return self._step.is_of(move)

    def true(self, formula: Bit, step: int) -> bool:
        """Whether a formula over the state (or step) number `step` is true of the run found."""
        return self._reading(step).bit(formula)

    def _taken(self, choice: _Choice, step: int, after: int) -> Taken:
        reading = self._reading(step)
        move = choice.moves[reading.number(choice.selector)]
        return Taken(move, self.arguments(move, step), self.state(after))

    def arguments(self, move: Move, step: int) -> dict[str, Any]:
        """What was chosen for the parameters of a move from the state number `step`."""
        reading = self._reading(step)
        parameters = () if move.action is None else move.action.parameters
        return {p.name: read(p.type, move.arguments[p.name], reading) for p in parameters}

    def _reading(self, step: int) -> Reading:
        def bit(one: Bit) -> bool:
            return terms.bit_in(self._model, self._at(one, step))

        def num(one: Num) -> int:
            if isinstance(one.term, int):
                return one.term
            return terms.int_in(self._model, replace(one, term=self._at(one.term, step)))

        return Reading(bit, num)

    def _between(self, formula: Bit, step: int) -> Term:
        """A formula over two states, for the last of the run and one before it."""
        if isinstance(formula, bool):
            return formula
        before, after = self.encoding.variables
        last = [(variable, f"{variable}@{self.length}") for variable in before]
        then = [(a, f"{b}@{step}") for b, a in zip(before, after, strict=True)]
        return terms.Renaming([*last, *then])(formula)

    def _add(self, formula: Bit, step: int) -> None:
        self._solver.add(self._at(formula, step))

    def _at(self, term: Term, step: int) -> Term:
        """A formula of the encoding, for one step of the run."""
        if isinstance(term, bool):
            return term
        while len(self._names) <= step:
            self._names.append(self._renaming(len(self._names)))
        return self._names[step](term)

    def _renaming(self, step: int) -> terms.Renaming:
        before, after = self.encoding.variables
        own = [(variable, f"{variable}@{step}") for variable in (*before, *self._chosen)]
        then = [(a, f"{b}@{step + 1}") for b, a in zip(before, after, strict=True)]
        return terms.Renaming([*own, *then])


class _Choice:
    """One of several moves, from one state to the next."""

    def __init__(self, name: str, moves: tuple[Move, ...], after: Shape) -> None:
        variables = Variables()
        self.moves = moves
        self.selector = variables.number(name, 0, max(0, len(moves) - 1))
        self.variables = (*variables.made, *(v for move in moves for v in move.variables))
        taken = (conj(self.is_of(m), m.enabled, equal(after, m.after)) for m in moves)
        self.formula = conj(disj(*taken), *variables.facts)

    def is_of(self, move: Move) -> Bit:
        """That the move is the one that is taken."""
        return same(self.selector, number(self.moves.index(move)))
