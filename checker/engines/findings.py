"""From what a search saw to a Verdict: traces, reasons, and what remained unknown.

Every engine tells the same story, `Observed`: counts, and where each property was first seen to
fail (or a witness was found), as the states that lead there.  Here each sight is repeated by
the reference evaluator, and explained; a sight that the evaluator does not share is a fault of
the checker, and is shown as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from checker.engines.explain import explain
from checker.engines.liveness.confirm import never
from checker.engines.tracing import Disagreement, trace_of, trace_through
from checker.language.evaluator import BoundReached, Defect, Evaluator, bound_name
from checker.language.ir import Program, Property, Refinement
from checker.language.machine import Snapshot
from checker.language.marks import Promise
from checker.language.text import arguments_text
from checker.language.types import (
    CollectionType,
    IntType,
    MapType,
    OptionType,
    SetType,
    StructType,
    Type,
    UnionType,
)
from checker.verdict import Coverage, Finding, Limits, Reason, Result, Step, Trace, Verdict

WELL_DEFINED = Promise(
    "well-defined",
    "No step leaves the range of a type, reads what is not there, or fails an assertion.",
    guards="a machine whose meaning depends on what an engine does with nonsense",
)
"""The property that every machine has."""

NO_LIVENESS = "this engine does not decide what happens eventually"

WALKED = "random walks prove nothing"


Taken = tuple[str, Mapping[str, Any]]
"""What was done in a step: the action's name, and its arguments."""


@dataclass(frozen=True)
class Sight:
    """Where something was first seen: a run to a state and, where it is about a step, the next.

    run     the states from a start; for a defect of a start itself, only what it starts from
    defect  the defect that was met in trying an action there
    loop    the number of the state to which a run for ever returns with its last
    taken   what was done between the states, and last in the step that it is about or the attempt
            that has the defect; empty where the engine does not know
    """

    run: tuple[Snapshot, ...]
    after: Snapshot | None = None
    defect: Defect | None = None
    started: bool = True
    loop: int | None = None
    taken: tuple[Taken, ...] = ()


@dataclass(frozen=True)
class Observed:
    """What an engine saw.

    seen, refined  by number of the property or refinement
    stopped        why the search ended before everything was visited; empty where it did not
    eventual       by number of each property of what happens eventually that was decided: the
                   run that violates it, or None
    undecided      why the others were not
    walks          how many random walks were taken, where it was no exhaustive search
    """

    engine: str
    distinct: int
    generated: int
    depth: int
    seconds: float
    stopped: str
    coverage: tuple[Coverage, ...]
    bounds: Mapping[str, int]
    seen: Mapping[int, Sight]
    refined: Mapping[int, Sight]
    defect: Sight | None
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    collision: float = 0.0
    memory: int = 0
    seed: int | None = None
    walks: int | None = None
    eventual: Mapping[int, Sight | None] = field(default_factory=dict)
    undecided: str = NO_LIVENESS

    @property
    def open(self) -> str:
        """Why what was not seen need not hold; empty where everything was visited."""
        return self.stopped or ("" if self.walks is None else WALKED)


class Findings:
    """Builds the findings of one search."""

    def __init__(
        self, evaluator: Evaluator, found: Observed, configuration: str, hazards: frozenset[str]
    ) -> None:
        self._evaluator = evaluator
        self._program: Program = evaluator.program
        self._found = found
        self._configuration = configuration
        self._hazards = hazards
        self._steps: dict[tuple[Snapshot, Snapshot], Step] = {}

    def verdict(self) -> Verdict:
        """The verdict."""
        found, program = self._found, self._program
        bounds = dict.fromkeys(sorted(named_bounds(program.state)), 0) | dict(found.bounds)
        return Verdict(
            machine=program.name,
            configuration=self._configuration,
            settings=program.settings,
            engine=found.engine,
            findings=tuple(self._all()),
            distinct=found.distinct,
            generated=found.generated,
            depth=found.depth,
            seconds=found.seconds,
            complete=not found.open,
            coverage=found.coverage,
            bounds=bounds,
            stopped=found.stopped,
            seed=found.seed,
            walks=found.walks,
            versions=found.versions,
            notes=found.notes,
            collision=found.collision,
            memory=found.memory,
        )

    def _all(self) -> list[Finding]:
        properties = [self._property(n, p) for n, p in enumerate(self._program.properties)]
        refined = [self._refinement(n, r) for n, r in enumerate(self._program.refinements)]
        return [*properties, *refined, self._defect()]

    # -------------------------------------------------------- findings

    def _finding(
        self,
        promise: Promise,
        kind: str,
        result: Result,
        trace: Trace | None = None,
        reason: Reason | None = None,
        why: str = "",
    ) -> Finding:
        expected: Result = "violated" if promise.id in self._hazards else "holds"
        return Finding(promise, kind, result, expected, trace, reason, why)

    def _undecided(self, promise: Promise, kind: str) -> Finding:
        """What was not violated: it holds where everything was visited."""
        if self._found.open:
            return self._finding(promise, kind, "unknown", why=self._found.open)
        return self._finding(promise, kind, "holds")

    def _property(self, number: int, prop: Property) -> Finding:
        sight = self._found.seen.get(number)
        if prop.kind == "eventually":
            return self._eventually(number, prop)
        if prop.kind == "reachable":
            return self._witness(prop, sight)
        if sight is None:
            return self._undecided(prop.promise, prop.kind)
        return self._violation(prop, sight)

    def _eventually(self, number: int, prop: Property) -> Finding:
        found = self._found
        if number not in found.eventual:
            why = found.open or found.undecided
            return self._finding(prop.promise, prop.kind, "unknown", why=why)
        sight = found.eventual[number]
        if sight is None:
            return self._finding(prop.promise, prop.kind, "holds")
        trace = replace(self._trace(sight), loop=sight.loop)
        reason = never(self._evaluator, prop, sight.run, sight.loop)
        return self._finding(prop.promise, prop.kind, "violated", trace, reason)

    def _witness(self, prop: Property, sight: Sight | None) -> Finding:
        if sight is not None:
            return self._finding(prop.promise, prop.kind, "holds", self._trace(sight))
        if self._found.open:
            return self._finding(prop.promise, prop.kind, "unknown", why=self._found.open)
        reason = Reason("", (), prop.span, "no reachable state satisfies it")
        return self._finding(prop.promise, prop.kind, "violated", reason=reason)

    def _violation(self, prop: Property, sight: Sight) -> Finding:
        state, after = sight.run[-1], sight.after
        arguments = self._arguments(prop, sight)
        trace = self._trace(sight, prop.on, arguments)
        reason = self._reason(prop, state, after, arguments)
        return self._finding(prop.promise, prop.kind, "violated", trace, reason)

    def _reason(
        self,
        prop: Property,
        state: Snapshot,
        after: Snapshot | None,
        arguments: Mapping[str, Any] | None,
    ) -> Reason:
        env: dict[str, Any] = {"self": state, **(arguments or {})}
        if after is not None:
            env["after"] = after
        try:
            good = self._evaluator.holds(prop, state, after, arguments)
        except Defect as defect:
            span = defect.span or prop.span
            return Reason("", (), span, f"the property itself fails: {defect.message}")
        except BoundReached as reached:
            problem = f"the property itself fails: {reached.bound} is passed"
            return Reason("", (), prop.span, problem)
        if good:
            raise Disagreement(f"{prop.name} holds for the evaluator in {state}")
        return explain(prop, env)

    def _arguments(self, prop: Property, sight: Sight) -> Mapping[str, Any] | None:
        """For a step property of one action: arguments with which the step violates it."""
        state, after = sight.run[-1], sight.after
        if prop.on is None or after is None:
            return None
        if sight.taken:
            return sight.taken[-1][1]
        for outcome in self._evaluator.outcomes(state):
            if outcome.action.name != prop.on or outcome.state != after:
                continue
            try:
                if not self._evaluator.holds(prop, state, after, outcome.arguments):
                    return outcome.arguments
            except (BoundReached, Defect):
                return outcome.arguments
        raise Disagreement(f"{prop.name} holds for the evaluator from {state} to {after}")

    def _refinement(self, number: int, refinement: Refinement) -> Finding:
        sight = self._found.refined.get(number)
        if sight is None:
            return self._undecided(refinement.promise, "refines")
        name = refinement.spec.name
        what = "the start" if sight.after is None else "the last step"
        problem = f"{what} is none of {name}, as the mapping reads it"
        values: list[tuple[str, Any]] = []
        span = refinement.span
        for label, state in (("before", sight.run[-1]), ("after", sight.after)):
            if state is None:
                continue
            try:
                abstract = self._evaluator.abstract(refinement, state)
            except Defect as defect:
                problem = f"the mapping cannot be computed in this state: {defect.message}"
                values, span = [], defect.span or span
                break
            except BoundReached as reached:
                problem = f"the mapping cannot be computed in this state: {reached.bound} is passed"
                values = []
                break
            values.append((f"{name} {label}", abstract))
        reason = Reason("", tuple(values), span, problem)
        return self._finding(refinement.promise, "refines", "violated", self._trace(sight), reason)

    def _defect(self) -> Finding:
        sight = self._found.defect
        if sight is None or sight.defect is None:
            return self._undecided(WELL_DEFINED, "defect")
        reason = Reason(self._attempt(sight), (), sight.defect.span, sight.defect.message)
        trace = self._trace(sight) if sight.started else None
        return self._finding(WELL_DEFINED, "defect", "violated", trace, reason)

    def _attempt(self, sight: Sight) -> str:
        """The action that has the defect in that state."""
        state = sight.run[-1]
        if sight.taken:
            action, arguments = sight.taken[-1]
            return f"{action}({arguments_text(arguments)})"
        tried = self._evaluator.outcomes(state) if sight.started else self._evaluator.starts()
        for outcome in tried:
            if outcome.defect is not None and str(outcome.defect) == str(sight.defect):
                words = [arguments_text(outcome.arguments)] if outcome.arguments else []
                if len(outcome.arguments) < len(outcome.action.parameters):
                    words.append("…")  # what a parameter is chosen from cannot be computed
                return f"{outcome.action.name}({', '.join(words)})"
        raise Disagreement(f"{sight.defect} is no defect for the evaluator in {state}")

    def _trace(
        self, sight: Sight, action: str | None = None, arguments: Mapping[str, Any] | None = None
    ) -> Trace:
        states = list(sight.run) if sight.after is None else [*sight.run, sight.after]
        if sight.taken:
            return trace_through(self._evaluator, states, sight.taken)
        return trace_of(self._evaluator, states, arguments, action, self._steps)


def sought(program: Program, limits: Limits) -> frozenset[int]:
    """The numbers of the properties that are enough to have seen; none where all is wanted."""
    ids = enumerate(prop.promise.id for prop in program.properties)
    return frozenset(number for number, identifier in ids if identifier in limits.until)


def named_bounds(kind: Type) -> set[str]:
    """The counters and capacities that values of a type are bounded by."""
    match kind:
        case IntType(bound=bound):
            return {bound} if bound else set()
        case StructType(fields=fields):
            return set().union(*(named_bounds(own) for _, own in fields))
        case OptionType(item):
            return named_bounds(item)
        case UnionType(options):
            return set().union(*map(named_bounds, options))
        case MapType(key, value):
            return named_bounds(key) | named_bounds(value)
        case CollectionType(item):
            short = isinstance(kind, SetType) and kind.bits is not None
            return named_bounds(item) | (set() if short else {bound_name(kind)})
        case _:
            return set()
