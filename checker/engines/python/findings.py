"""From what a search saw to a Verdict: traces, reasons, and what remained unknown."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

from checker.engines.explain import explain
from checker.engines.python.compiler import State
from checker.engines.python.search import Observations, Search, Seen
from checker.engines.tracing import Disagreement, trace_of
from checker.language.evaluator import BoundReached, Defect, bound_name
from checker.language.ir import Program, Property, Refinement
from checker.language.machine import Promise, Snapshot
from checker.language.text import arguments_text, value_text
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
from checker.verdict import Coverage, Finding, Reason, Result, Trace, Verdict

ENGINE = "python"

WELL_DEFINED = Promise(
    "well-defined",
    "No step leaves the range of a type, reads what is not there, or fails an assertion.",
    guards="a machine whose meaning depends on what an engine does with nonsense",
)
"""The property that every machine has."""

NO_LIVENESS = "this engine does not decide what happens eventually"


class Findings:
    """Builds the findings of one search."""

    def __init__(self, search: Search, configuration: str, hazards: frozenset[str]) -> None:
        self._search = search
        self._program: Program = search.program
        self._found: Observations = search.found
        self._configuration = configuration
        self._hazards = hazards

    def verdict(self) -> Verdict:
        """The verdict."""
        found, program = self._found, self._program
        bounds = dict.fromkeys(sorted(named_bounds(program.state)), 0) | dict(found.bounds)
        return Verdict(
            machine=program.name,
            configuration=self._configuration,
            settings=program.settings,
            engine=ENGINE,
            findings=tuple(self._all()),
            distinct=len(found.parents),
            generated=found.generated,
            depth=found.depth,
            seconds=found.seconds,
            complete=not found.stopped,
            coverage=self._coverage(),
            bounds=bounds,
            stopped=found.stopped,
            versions={"python": platform.python_version()},
        )

    def _all(self) -> list[Finding]:
        properties = [self._property(n, p) for n, p in enumerate(self._program.properties)]
        refined = [self._refinement(n, r) for n, r in enumerate(self._program.refinements)]
        return [*properties, *refined, self._defect()]

    def _coverage(self) -> tuple[Coverage, ...]:
        fired = dict.fromkeys((a.name for a in self._program.actions if not a.impossible), (0, 0))
        for instance in self._search.compiled.instances:
            name = instance.action.name
            if name in fired:
                count, fresh = fired[name]
                number = instance.number
                fired[name] = (count + self._found.fired[number], fresh + self._found.fresh[number])
        return tuple(Coverage(name, *counts) for name, counts in fired.items())

    # -------------------------------------------------------- findings

    def _finding(
        self, promise: Promise, kind: str, result: Result, trace: Trace | None = None,
        reason: Reason | None = None, why: str = "",
    ) -> Finding:  # fmt: skip
        expected: Result = "violated" if promise.id in self._hazards else "holds"
        return Finding(promise, kind, result, expected, trace, reason, why)

    def _undecided(self, promise: Promise, kind: str) -> Finding:
        """What was not violated: it holds where everything was visited."""
        if self._found.stopped:
            return self._finding(promise, kind, "unknown", why=self._found.stopped)
        return self._finding(promise, kind, "holds")

    def _property(self, number: int, prop: Property) -> Finding:
        seen = self._found.seen.get(number)
        if prop.kind == "eventually":
            return self._finding(prop.promise, prop.kind, "unknown", why=NO_LIVENESS)
        if prop.kind == "reachable":
            return self._witness(prop, seen)
        if seen is None:
            return self._undecided(prop.promise, prop.kind)
        return self._violation(prop, seen)

    def _witness(self, prop: Property, seen: Seen | None) -> Finding:
        if seen is not None:
            return self._finding(prop.promise, prop.kind, "holds", self._trace(seen))
        if self._found.stopped:
            return self._finding(prop.promise, prop.kind, "unknown", why=self._found.stopped)
        reason = Reason("", (), prop.span, "no reachable state satisfies it")
        return self._finding(prop.promise, prop.kind, "violated", reason=reason)

    def _violation(self, prop: Property, seen: Seen) -> Finding:
        state = self._unpack(seen.state)
        after = None if seen.after is None else self._unpack(seen.after)
        arguments = self._arguments(prop, state, after)
        trace = self._trace(seen, prop.on, arguments)
        if seen.problem:
            span = seen.defect.span if seen.defect is not None else prop.span
            reason = Reason("", (), span, f"the property itself fails: {seen.problem}")
        else:
            env: dict[str, Any] = {"self": state, **(arguments or {})}
            if after is not None:
                env["after"] = after
            if self._search.evaluator.holds(prop, state, after, arguments):
                raise Disagreement(f"{prop.name} holds for the evaluator in {state}")
            reason = explain(prop, env)
        return self._finding(prop.promise, prop.kind, "violated", trace, reason)

    def _arguments(
        self, prop: Property, state: Snapshot, after: Snapshot | None
    ) -> Mapping[str, Any] | None:
        """For a step property of one action: arguments with which the step violates it."""
        if prop.on is None or after is None:
            return None
        evaluator = self._search.evaluator
        action = self._program.action(prop.on)
        for arguments in evaluator.choices(action, state):
            try:
                if evaluator.run(action, state, arguments) != after:
                    continue
                if not evaluator.holds(prop, state, after, arguments):
                    return arguments
            except (BoundReached, Defect):
                continue
        raise Disagreement(f"{prop.name} holds for the evaluator from {state} to {after}")

    def _refinement(self, number: int, refinement: Refinement) -> Finding:
        seen = self._found.refined.get(number)
        if seen is None:
            return self._undecided(refinement.promise, "refines")
        evaluator = self._search.evaluator
        values = []
        for label, state in (("before", seen.state), ("after", seen.after)):
            if state is not None and not seen.problem:
                abstract = evaluator.abstract(refinement, self._unpack(state))
                values.append((f"{refinement.spec.name} {label}", abstract))
        what = "the start" if seen.after is None else "the last step"
        name = refinement.spec.name
        problem = seen.problem or f"{what} is none of {name}, as the mapping reads it"
        reason = Reason("", tuple(values), refinement.span, problem)
        return self._finding(refinement.promise, "refines", "violated", self._trace(seen), reason)

    def _defect(self) -> Finding:
        seen = self._found.defect
        if seen is None or seen.defect is None:
            return self._undecided(WELL_DEFINED, "defect")
        span = seen.defect.span
        reason = Reason(self._attempt(seen), (), span, seen.defect.message)
        trace = self._trace(seen) if seen.state in self._found.parents else None
        return self._finding(WELL_DEFINED, "defect", "violated", trace, reason)

    def _attempt(self, seen: Seen) -> str:
        """The action that has the defect in that state."""
        state = self._unpack(seen.state)
        evaluator = self._search.evaluator
        for action in (*self._program.actions, *self._program.initials):
            try:
                for arguments in evaluator.choices(action, state):
                    try:
                        evaluator.run(action, state, arguments)
                    except Defect as defect:
                        if seen.defect is not None and defect.message == seen.defect.message:
                            return f"{action.name}({arguments_text(arguments)})"
                    except BoundReached:
                        continue
            except Defect:
                return f"a choice of {action.name}"
        return value_text(state)

    # -------------------------------------------------------- traces

    def _unpack(self, state: State) -> Snapshot:
        found: Snapshot = self._search.compiled.layout.unpack(state)
        return found

    def _trace(
        self, seen: Seen, action: str | None = None, arguments: Mapping[str, Any] | None = None
    ) -> Trace:
        states = [seen.state]
        parents = self._found.parents
        while parents[states[-1]] != states[-1]:
            states.append(parents[states[-1]])
        states.reverse()
        if seen.after is not None:
            states.append(seen.after)
        unpacked = [self._unpack(state) for state in states]
        return trace_of(self._search.evaluator, unpacked, arguments, action)


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
