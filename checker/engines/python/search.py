"""Breadth first over packed states: the explicit-state engine.

Every state is visited once, in order of its distance from the starts, so that the first trace
to anything is a shortest one.  For each state its parent is kept; which action led where is
found again, by the reference evaluator, only for the traces that are shown.

A search ends when nothing is left to visit, or when a budget runs out, or when it is
interrupted; in the last two cases what was not decided is `unknown`.  A property is decided by
its first violation (or witness); the search goes on for the others and for the counts.

The step from states to findings is `findings`; this module only collects `Observations`.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass, field

from checker.engines.findings import sought
from checker.engines.python.compiler import Compiled, State
from checker.engines.python.refining import Refining
from checker.engines.python.runtime import Signal
from checker.engines.python.watches import KNOWN_LIMIT, Watch, reads_of, watches
from checker.engines.tracing import Disagreement
from checker.language.evaluator import BoundReached, Defect, Evaluator
from checker.language.ir import Program
from checker.verdict import FOUND, Limits, Progress, Reporter

CHECK_EVERY = 256
"""States between two looks at the clock and the memory."""

REPORT_EVERY = 0.2
"""Seconds between two reports of progress."""


@dataclass
class Seen:
    """Where something was first seen: the state, and the one after it where it is a step.

    What cannot be evaluated is seen, too: `findings` asks the reference evaluator why.

    started  whether the state was reached; not where a start itself has a defect
    """

    state: State
    after: State | None = None
    defect: Defect | None = None
    started: bool = True


@dataclass
class Observations:
    """What a search saw.

    parents   the state from which each was first reached; the starts have themselves
    seen      by number of the property: where it was first violated, or witnessed
    refined   by number of the refinement: the first start or step that is none of the spec's
    """

    parents: dict[State, State] = field(default_factory=dict)
    generated: int = 0
    depth: int = 0
    seconds: float = 0.0
    stopped: str = ""
    fired: list[int] = field(default_factory=list)
    fresh: list[int] = field(default_factory=list)
    bounds: Tally[str] = field(default_factory=Tally)
    seen: dict[int, Seen] = field(default_factory=dict)
    refined: dict[int, Seen] = field(default_factory=dict)
    defect: Seen | None = None


class OutOfBudget(Exception):  # noqa: N818 - an outcome
    """A limit was reached."""


class Search:
    """One search of a program."""

    def __init__(self, program: Program, limits: Limits, reporter: Reporter) -> None:
        self.program = program
        self.compiled = Compiled(program)
        self.evaluator = Evaluator(program)
        self.found = Observations()
        self._limits = limits
        self._sought = sought(program, limits)
        self._reporter = reporter
        self._began = time.perf_counter()
        self._reported = self._began
        count = len(self.compiled.instances)
        self.found.fired, self.found.fresh = [0] * count, [0] * count
        readings = enumerate(self.compiled.mappings())
        self._readings = [Refining(number, self.compiled, one) for number, one in readings]
        self._of_states = watches(self.compiled, "invariant", "reachable")
        self._of_steps = watches(self.compiled, "step")
        self._of_ends = watches(self.compiled, "terminal")
        self._ends: dict[tuple[int, tuple[int, ...], State], str | None] = {}
        self._reads = {
            action.name: reads_of(self.compiled.layouts, self.compiled.layout, action.body)
            for action in self.program.actions
        }
        self._of_actions: dict[str, list[int]] = {}
        for number, prop in enumerate(self.program.properties):
            if prop.kind == "step" and prop.on is not None:
                self._of_actions.setdefault(prop.on, []).append(number)

    def run(self) -> Observations:
        """Search until nothing is left, the budget is spent, or an interruption."""
        self._began = self._reported = time.perf_counter()
        try:
            self._explore(self._starts())
        except OutOfBudget as limit:
            self.found.stopped = str(limit)
        except KeyboardInterrupt:
            self.found.stopped = "interrupted"
        self.found.seconds = time.perf_counter() - self._began
        return self.found

    # -------------------------------------------------------- the loop

    def _explore(self, level: list[State]) -> None:
        found, parents = self.found, self.found.parents
        fired, fresh = found.fired, found.fresh
        successors = self.compiled.named("successors")
        broken = self.compiled.broken
        every = (
            CHECK_EVERY
            if self._limits.states is None
            else min(CHECK_EVERY, 1 + self._limits.states // 64)
        )
        countdown = every
        while level:
            found.depth += 1
            upcoming: list[State] = []
            for state in level:
                states: list[State] = []
                which: list[int] = []
                try:
                    successors(state, states, which)
                    ended = not states
                except Signal:
                    del broken[:]
                    states, which, ended = self._carefully(state)
                found.generated += len(states)
                if broken:
                    self._broken_steps()
                if self._of_steps or self._readings:
                    self._check_steps(state, states)
                for after, instance in zip(states, which, strict=True):
                    fired[instance] += 1
                    if after not in parents:
                        parents[after] = state
                        fresh[instance] += 1
                        upcoming.append(after)
                        if self._of_states:
                            self._check_state(after)
                if ended and self._of_ends:
                    self._check_end(state)
                countdown -= 1
                if countdown <= 0:
                    countdown = every
                    self._look(len(upcoming))
            self._look(len(upcoming))
            level = upcoming
            if level and self._limits.depth is not None and found.depth >= self._limits.depth:
                raise OutOfBudget(f"depth {self._limits.depth}")

    def _look(self, queued: int) -> None:
        """Compare with the limits, and report."""
        now = time.perf_counter()
        limits, distinct = self._limits, len(self.found.parents)
        if limits.states is not None and distinct > limits.states:
            raise OutOfBudget(f"{limits.states:,} states")
        if limits.time is not None and now - self._began >= limits.time:
            raise OutOfBudget(f"{limits.time:g} seconds")
        if limits.memory is not None and memory_in_use() >= limits.memory:
            raise OutOfBudget(f"{limits.memory:,} bytes of memory")
        if self._sought and self.found.seen.keys() >= self._sought:
            raise OutOfBudget(FOUND)
        if now - self._reported >= REPORT_EVERY:
            self._reported = now
            found = self.found
            self._reporter.progress(
                Progress(distinct, found.generated, found.depth, queued, now - self._began)
            )

    # -------------------------------------------------------- starts, bounds and defects

    def _starts(self) -> list[State]:
        """The initial states; they are checked as any others."""
        level = []
        pack = self.compiled.layout.pack
        for outcome in self.evaluator.starts():
            if outcome.bound is not None:
                self.found.bounds[outcome.bound] += 1
            elif outcome.defect is not None:
                start = pack(self.program.start)
                defect = Seen(start, defect=outcome.defect, started=False)
                self.found.defect = self.found.defect or defect
            else:
                assert outcome.state is not None, "an outcome that is none"
                state = pack(outcome.state)
                self.found.generated += 1
                if state not in self.found.parents:
                    self.found.parents[state] = state
                    level.append(state)
                    self._check_state(state)
                    self._check_start(state)
        return level

    def _carefully(self, state: State) -> tuple[list[State], list[int], bool]:
        """The successors of a state some action of which passes a bound or has a defect."""
        states, which, quiet = [], [], True
        attempts = self.compiled.named("attempts")(state)
        bounds = self.found.bounds.copy()
        while True:
            try:
                instance, function, given = next(attempts)
            except StopIteration:
                break
            except Signal:
                self.found.bounds = bounds
                return self._by_evaluator(state)
            try:
                after = function(state, *given)
            except Signal:
                quiet = False
                self._unfinished(state, instance, given)
                continue
            if after is not None:
                states.append(after)
                which.append(instance)
                self._careful_step(state, after, instance, given)
        return states, which, quiet and not states

    def _careful_step(
        self, state: State, after: State, instance: int, given: tuple[int, ...]
    ) -> None:
        """Step properties of single actions, which the compiled driver could not finish."""
        for number in self._of_actions.get(self.compiled.instances[instance].action.name, ()):
            if number in self.found.seen:
                continue
            codes = self.compiled.codes(instance, given)
            try:
                good = bool(self.compiled.predicate(number)(state, after, *codes))
            except Signal:
                good = False
            if not good:
                arguments = self.compiled.arguments(instance, given)
                self._check_one_step(number, state, after, arguments)

    def _check_one_step(
        self, number: int, state: State, after: State, arguments: Mapping[str, object]
    ) -> None:
        unpack = self.compiled.layout.unpack
        prop = self.program.properties[number]
        try:
            good = self.evaluator.holds(prop, unpack(state), unpack(after), arguments)
        except (BoundReached, Defect):
            good = False
        if not good:
            self.found.seen.setdefault(number, Seen(state, after))

    def _unfinished(self, state: State, instance: int, given: tuple[int, ...]) -> None:
        """Count the bound, or note the defect, because of which an action cannot be finished.

        Which of them it is depends on what the action reads: of the same bits the evaluator is
        asked once.
        """
        key = instance, given, state & self._reads[self.compiled.instances[instance].action.name]
        if key not in self._ends:
            if len(self._ends) >= KNOWN_LIMIT:
                self._ends.clear()
            self._ends[key] = self._end(state, instance, given)
        bound = self._ends[key]
        if bound is not None:
            self.found.bounds[bound] += 1

    def _end(self, state: State, instance: int, given: tuple[int, ...]) -> str | None:
        """The bound that an action passes, by the evaluator; None for a defect, which is noted."""
        action = self.compiled.instances[instance].action
        before = self.compiled.layout.unpack(state)
        arguments = self.compiled.arguments(instance, given)
        try:
            self.evaluator.run(action, before, arguments)
        except BoundReached as reached:
            return reached.bound
        except Defect as defect:
            self.found.defect = self.found.defect or Seen(state, defect=defect)
            return None
        raise Disagreement(
            f"{action.name}({arguments}) in {before}: the engine could not finish it and "
            "the evaluator could"
        )

    def _by_evaluator(self, state: State) -> tuple[list[State], list[int], bool]:
        """All successors by the reference evaluator: a choice itself could not be computed."""
        states, which, quiet = [], [], True
        unpacked = self.compiled.layout.unpack(state)
        first = {i.action.name: i.number for i in reversed(self.compiled.instances)}
        for outcome in self.evaluator.outcomes(unpacked):
            name = outcome.action.name
            if outcome.state is not None:
                after = self.compiled.layout.pack(outcome.state)
                states.append(after)
                which.append(first[name])
                for number in self._of_actions.get(name, ()):
                    self._check_one_step(number, state, after, outcome.arguments)
            elif outcome.bound is not None:
                quiet = False
                self.found.bounds[outcome.bound] += 1
            else:
                assert outcome.defect is not None, "an outcome that is none"
                quiet = False
                self.found.defect = self.found.defect or Seen(state, defect=outcome.defect)
        return states, which, quiet and not states

    # -------------------------------------------------------- properties

    def _check_state(self, state: State) -> None:
        for watch in self._of_states:
            if (key := state & watch.mask) in watch.known:
                continue
            try:
                if bool(watch.predicate(state)) is not watch.wanted:
                    watch.remember(key)
                    continue
            except Signal:
                if watch.wanted:  # what cannot be evaluated is no witness
                    continue
            self._note(watch, Seen(state))

    def _note(self, watch: Watch, seen: Seen) -> None:
        """Write down the first sight, and look for it no longer."""
        self.found.seen.setdefault(watch.number, seen)
        self._of_states = [other for other in self._of_states if other is not watch]
        self._of_steps = [other for other in self._of_steps if other is not watch]
        self._of_ends = [other for other in self._of_ends if other is not watch]

    def _check_steps(self, state: State, states: list[State]) -> None:
        for watch in self._of_steps:
            mask, known = watch.mask, watch.known
            before = state & mask
            for after in states:
                if (pair := (before, after & mask)) in known:
                    continue
                try:
                    if watch.predicate(state, after):
                        watch.remember(pair)
                        continue
                except Signal:
                    pass  # the property itself fails
                self._note(watch, Seen(state, after))
                break
        for refining in self._readings:
            refused = refining.refused(state, states)
            if refused is not None:
                self.found.refined.setdefault(refining.number, Seen(state, refused))
                self._readings = [other for other in self._readings if other is not refining]

    def _check_start(self, state: State) -> None:
        for refining in self._readings:
            if not refining.starts(state):
                self.found.refined.setdefault(refining.number, Seen(state))

    def _broken_steps(self) -> None:
        for number, state, after in self.compiled.broken:
            self.found.seen.setdefault(number, Seen(state, after))
        del self.compiled.broken[:]

    def _check_end(self, state: State) -> None:
        for watch in self._of_ends:
            try:
                if watch.predicate(state):
                    continue
            except Signal:
                pass  # the property itself fails
            self._note(watch, Seen(state))


def memory_in_use() -> int:
    """Bytes that this process holds at present (at its peak, where that cannot be told)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - read often
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
