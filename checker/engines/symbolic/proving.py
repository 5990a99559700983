"""Proving the properties of a machine: by induction first, and by looking for a way to break it.

    1  induction, with the lemmas of the machine, its counters without bounds
    2  where that fails: k-induction, and the fixed point that Spacer finds, if asked for
    3  where that fails: the shortest violation within so many steps (bounded model checking)
    4  where there is none: the step that induction fails at, with small bounds

A property holds where 1 or 2 shows it, and is violated where 3 finds a run; everything else is
unknown, with what 4 finds to say why.  A budget that runs out leaves unknown what is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from checker.engines import tracing
from checker.engines.findings import WELL_DEFINED
from checker.engines.symbolic import failures, spacer
from checker.engines.symbolic.budget import Budget, Undecided
from checker.engines.symbolic.encoding import encode
from checker.engines.symbolic.induction import Goal, Induction, Shown
from checker.engines.symbolic.kinduction import k_inductive
from checker.engines.symbolic.runs import bounded
from checker.engines.symbolic.unbounded import freed
from checker.language.ir import Action, Program, Property
from checker.proofs import Failure, Proof
from checker.verdict import Limits, Result, Trace

PROVABLE = ("invariant", "step", "terminal")
"""The kinds of property that induction proves."""

FIRST = 2
"""The bounds of counters with which it is asked first what is kept."""

SMALL = (1, 2, 3)
"""The bounds of counters with which a failure is looked for, in this order."""


NO_ACTION = Action("", (), (), "the fields' defaults", None, None, None)
"""The start of a machine that names none."""


@dataclass(frozen=True)
class Attempt:
    """How to go about it.

    steps      how long the runs are among which a violation is looked for
    induction  the greatest k of k-induction; 1 is induction
    pdr        whether Spacer is asked
    free       the counters that get no bounds
    """

    steps: int = 8
    induction: int = 1
    pdr: bool = False
    free: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Subject:
    """A machine to prove something of.

    with_bounds   the machine with another bound for each counter that is freed, where there is
                  such a machine; else the machine itself
    """

    program: Program
    with_bounds: Callable[[int], Program]


def key_of(goal: Goal) -> str:
    """The id of a goal."""
    return WELL_DEFINED.id if goal is None else goal.promise.id


class Proving:
    """The proofs of some properties of a machine, and of the machine's lemmas."""

    def __init__(self, subject: Subject, goals: Sequence[Goal], attempt: Attempt) -> None:
        self._subject = subject
        self._attempt = attempt
        self._budget = Budget(attempt.limits.time, attempt.limits.memory)
        self._free = freed(subject.program, attempt.free)
        self._lemmas = [prop for prop in subject.program.properties if prop.inductive]
        others = [goal for goal in goals if goal is None or not goal.inductive]
        self._goals: list[Goal] = [*self._lemmas, *others]
        self._known: dict[str, Proof] = {}
        self._small: dict[int, Induction] = {}

    def lemmas(self) -> tuple[Proof, ...]:
        """What became of each lemma."""
        return tuple(self.proof(lemma) for lemma in self._lemmas)

    def proof(self, goal: Goal) -> Proof:
        """What became of one of the properties."""
        key = key_of(goal)
        if key not in self._known:
            self._known[key] = self._by_induction(goal) or self._otherwise(goal)
        return self._known[key]

    # -------------------------------------------------------- induction

    @cached_property
    def _shown(self) -> Shown | None:
        """What induction shows of all goals together; None where the budget ran out before.

        What fails with small bounds fails without; and where there are bounds, the solver always
        comes to an answer.  So only what is kept there is asked of the machine without.
        """
        goals = [_of(self._free, goal) for goal in self._goals]
        finite = not self._attempt.free
        try:
            induction = Induction(encode(self._free), _assumed(goals), self._budget, finite=finite)
            if finite:
                return induction.prove(goals)
            small = self._induction(FIRST)
            bounded_goals = [_of(small.encoding.program, goal) for goal in self._goals]
            return induction.prove(goals, small.prove(bounded_goals).failed)
        except Undecided:
            return None

    def _rests_on(self, goal: Goal) -> set[str] | None:
        """The names of the lemmas that a proof of a goal needs in the end; None if there is none.

        A lemma is proved if it, and all that its own proof needs, is kept by every step.
        """
        shown = self._shown
        if shown is None:
            return None
        numbers = {_name(own): number for number, own in enumerate(self._goals)}
        todo = [_name(goal)]
        found: set[str] = set()
        while todo:
            number = numbers[todo.pop()]
            if number in shown.failed:
                return None
            new = shown.needed[number] - found
            found |= new
            todo += new
        return found

    def _by_induction(self, goal: Goal) -> Proof | None:
        needed = self._rests_on(goal) if _is_provable(goal) else None
        if needed is None or self._shown is None:
            return None
        others = [lemma for lemma in self._lemmas if lemma.name in needed and lemma is not goal]
        rests = tuple(lemma.promise.id for lemma in others)
        numbers = [self._goals.index(own) for own in (goal, *others)]
        seconds = sum(self._shown.seconds[number] for number in numbers)
        return replace(self._answer(goal, "holds", how="induction", lemmas=rests), seconds=seconds)

    # -------------------------------------------------------- what else can be tried

    def _otherwise(self, goal: Goal) -> Proof:
        began = time.perf_counter()
        ways = (self._by_k_induction, self._by_spacer, self._by_a_run, self._unknown)
        try:
            proof = next(filter(None, (way(goal) for way in ways)))
        except Undecided as why:
            proof = self._answer(goal, "unknown", why=str(why))
        return replace(proof, seconds=time.perf_counter() - began)

    def _by_k_induction(self, goal: Goal) -> Proof | None:
        if self._attempt.induction == 1 or not _is_provable(goal):
            return None
        proved = [lemma for lemma in self._lemmas if self._rests_on(lemma) is not None]
        names = {lemma.name for lemma in proved}
        known = [prop for prop in self._free.properties if prop.name in names]
        k = k_inductive(
            self._free, _of(self._free, goal), self._attempt.induction, known, self._budget,
            finite=not self._attempt.free,
        )  # fmt: skip
        if k is None:
            return None
        rests = tuple(lemma.promise.id for lemma in proved)
        return self._answer(goal, "holds", how=f"{k}-induction", lemmas=rests)

    def _by_spacer(self, goal: Goal) -> Proof | None:
        if not self._attempt.pdr or not _is_provable(goal):
            return None
        if not spacer.holds(self._free, _of(self._free, goal), self._budget):
            return None
        return self._answer(goal, "holds", how="an invariant that Spacer found")

    def _by_a_run(self, goal: Goal) -> Proof | None:
        trace = bounded(self._subject.program, goal, self._attempt.steps, budget=self._budget)
        if trace is None:
            return None
        found: Result = "holds" if goal is not None and goal.kind == "reachable" else "violated"
        return self._answer(goal, found, how=f"a run of {len(trace.steps)} steps", trace=trace)

    def _unknown(self, goal: Goal) -> Proof:
        """No run breaks it, and induction fails: at what, if that can be found."""
        steps = self._attempt.steps
        if not _is_provable(goal):
            return self._answer(goal, "unknown", why=f"no run of {steps} steps reaches it")
        why = f"no run of {steps} steps breaks it, and induction does not show it"
        failure = next(filter(None, (self._failure(goal, bound) for bound in self._bounds())), None)
        if failure is None and (missing := self._unproved(goal)):
            why += f": it rests on {missing}, which is not proved"
        return self._answer(goal, "unknown", why=why, failure=failure)

    def _unproved(self, goal: Goal) -> str:
        """The ids of the lemmas without a proof that the attempt of one needed."""
        assert self._shown is not None
        needed = self._shown.needed.get(self._goals.index(goal), frozenset())
        missing = [
            lemma
            for lemma in self._lemmas
            if lemma.name in needed and lemma is not goal and self._rests_on(lemma) is None
        ]
        return ", ".join(lemma.promise.id for lemma in missing)

    # -------------------------------------------------------- failures

    def _bounds(self) -> tuple[int, ...]:
        """The bounds to look for a failure with; 0 stands for those of the configuration."""
        return SMALL if self._attempt.free else (0,)

    def _failure(self, goal: Goal, bound: int) -> Failure | None:
        induction = self._induction(bound)
        program = induction.encoding.program
        found = failures.failure(induction, _of(program, goal), self._budget)
        if found is None:
            return None
        before = found.before or program.start
        step = None
        if found.action or found.before is None:
            after = found.after or before
            action = program.action(found.action) if found.action else NO_ACTION
            step = tracing.step(action, found.arguments, before, after)
        return Failure(key_of(goal), found.before, step, program.start, program.settings)

    def _induction(self, bound: int) -> Induction:
        if bound not in self._small:
            subject = self._subject
            program = subject.with_bounds(bound) if bound else subject.program
            goals = [_of(program, goal) for goal in self._goals]
            self._small[bound] = Induction(encode(program), _assumed(goals), self._budget)
        return self._small[bound]

    def _answer(
        self,
        goal: Goal,
        result: Result,
        *,
        how: str = "",
        lemmas: tuple[str, ...] = (),
        trace: Trace | None = None,
        failure: Failure | None = None,
        why: str = "",
    ) -> Proof:
        promise, kind = (WELL_DEFINED, "defect") if goal is None else (goal.promise, goal.kind)
        return Proof(promise, kind, result, how, lemmas, 0.0, trace, failure, why)


def _name(goal: Goal) -> str | None:
    return None if goal is None else goal.name


def _of(program: Program, goal: Goal) -> Goal:
    """The property of the same name of the same machine with other bounds."""
    if goal is None:
        return None
    return next(prop for prop in program.properties if prop.name == goal.name)


def _assumed(goals: Sequence[Goal]) -> list[Property]:
    """What can be assumed of a state: invariants."""
    return [goal for goal in goals if goal is not None and goal.kind == "invariant"]


def _is_provable(goal: Goal) -> bool:
    return goal is None or goal.kind in PROVABLE
