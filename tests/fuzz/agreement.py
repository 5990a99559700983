"""What an engine's verdict must say, given what the reference found."""

from __future__ import annotations

from collections.abc import Iterator

from checker import Finding, Limits, Verdict
from checker.engines.tracing import replayed
from checker.language.evaluator import Evaluator
from checker.language.ir import Program
from checker.verdict import Result
from tests.fuzz.reference import Known


def limits(known: Known) -> Limits:
    """The limits within which an engine sees what the reference saw."""
    return Limits(depth=None if known.complete else known.depth)


def disagreements(program: Program, known: Known, verdict: Verdict) -> Iterator[str]:
    """Everything in which a verdict is not what the reference found."""
    bounds = {name: count for name, count in verdict.bounds.items() if count}
    fired = {one.action: one.fired for one in verdict.coverage if one.fired}
    fresh = sum(one.fresh for one in verdict.coverage)
    starts = sum(1 for length in known.levels.values() if length == 1)
    for what, expected, found in (
        ("distinct", len(known.levels), verdict.distinct),
        ("generated", known.generated, verdict.generated),
        ("depth", known.depth, verdict.depth),
        ("complete", known.complete, verdict.complete),
        ("bounds", dict(known.bounds), bounds),
        ("fired", dict(known.fired), fired),
        ("fresh", len(known.levels) - starts, fresh),
    ):
        if expected != found:
            yield f"{what}: {found}, and the reference has {expected}"
    for finding in verdict.findings:
        if finding.kind != "eventually":  # which the reference does not decide
            yield from _about(program, known, finding)


def eventual(verdict: Verdict) -> dict[str, Result]:
    """What a verdict says of what happens eventually."""
    return {one.id: one.result for one in verdict.findings if one.kind == "eventually"}


def _about(program: Program, known: Known, finding: Finding) -> Iterator[str]:
    expected, length = _expected(known, finding)
    if finding.result != expected:
        yield f"{finding.id}: {finding.result}, and the reference has {expected}"
    elif length:
        assert finding.trace is not None
        if finding.trace.length != length:
            yield f"{finding.id}: a trace of {finding.trace.length} states, where {length} do"
        replayed(Evaluator(program), finding.trace)


def _expected(known: Known, finding: Finding) -> tuple[Result, int | None]:
    """The result, and the states on a shortest trace (0 where there is none)."""
    if finding.kind == "defect":
        length = known.undefined
        found: Result = "violated"
    else:
        length = known.broken.get(finding.id)
        found = "holds" if finding.kind == "reachable" else "violated"
    if length is not None:
        return found, length
    if not known.complete:
        return "unknown", None
    return ("violated" if finding.kind == "reachable" else "holds"), None
