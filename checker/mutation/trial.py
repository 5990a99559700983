"""Whether anybody notices a mistake: one mutant in one configuration, beside the original.

A mutant is *killed* by a property that is decided otherwise than in the original: one that held
is violated, a hazard is no longer found, a witness is no longer reached, a state without a step
is not where the machine may stop, something is not well defined.  It *survives* where every state
was visited and each property is as it was.  Where a budget ran out before that it is *unknown*.

That an action no longer fires is noted of a survivor, and kills nothing: no run turns red by it.

A mutant is searched once, so that what counts is how soon its search is over, the preparation
included.  The python engine is ready at once, and stops at the first sight of something that
kills; C takes a second to compile without optimisation, and two more with it, which pays in the
search of larger state spaces (`WORTH_COMPILING`, `WORTH_OPTIMISING`; measured on the consumer
group, whose states take 50 µs, 5 µs and 1 µs).  What is seen is not explained or repeated;
`verdict check` does that for the machine itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from checker.engines import native
from checker.engines.findings import WELL_DEFINED
from checker.engines.python import check_program
from checker.engines.python.search import Search
from checker.errors import RequestError
from checker.language.ir import Program
from checker.verdict import Limits, Progress, Result, Silent, Verdict

Fate = Literal["killed", "survived", "unknown"]

WORTH_COMPILING = 5_000
"""Distinct states from which on compiling each mutant takes less time than it saves."""

WORTH_OPTIMISING = 500_000
"""Distinct states from which on the compiler may take its time."""

GROWTH = 10
"""How many times the states of the original a mutant may have."""

SPARE = 1_000
"""States that any mutant may have on top of that: growth says little of very small machines."""


INTERRUPTED = "interrupted"
"""What engines say when Ctrl-C has ended a search."""


@dataclass(frozen=True)
class Subject:
    """A machine in one configuration, and which of its properties are known to be false."""

    name: str
    program: Program
    hazards: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Original:
    """What the machine itself does in a configuration.

    results  by property
    fired    the actions that fired
    """

    configuration: str
    results: Mapping[str, Result]
    fired: frozenset[str]
    distinct: int


@dataclass(frozen=True)
class Judgement:
    """What became of a mutant.

    by      the property that noticed it, in `configuration`
    why     the budget that ran out
    silent  the actions that fire in the original, and not in the mutant that survived
    """

    mutant: str
    fate: Fate
    by: str = ""
    configuration: str = ""
    why: str = ""
    silent: tuple[str, ...] = ()


@dataclass
class _Trial:
    """One search, and what is expected of it; a reporter that ends it when that is not met."""

    program: Program
    expected: Mapping[str, Result] = field(default_factory=dict)
    search: Search | None = None

    def run(self, limits: Limits) -> Search:
        self.search = Search(self.program, limits, self)
        self.search.run()
        return self.search

    def progress(self, now: Progress) -> None:  # noqa: ARG002 - it looks for itself
        if self.noticed(complete=False):
            raise KeyboardInterrupt

    def noticed(self, *, complete: bool) -> str:
        """The first property that is decided, and otherwise than expected."""
        return _different(dict(self.results(complete=complete)), self.expected)

    def results(self, *, complete: bool) -> Iterator[tuple[str, Result]]:
        """What is known of each property by what was seen so far."""
        assert self.search is not None
        found = self.search.found
        unseen: Result = "holds" if complete else "unknown"
        for number, prop in enumerate(self.program.properties):
            if prop.kind == "reachable":
                missed: Result = "violated" if complete else "unknown"
                yield prop.promise.id, "holds" if number in found.seen else missed
            elif prop.kind != "eventually":
                yield prop.promise.id, "violated" if number in found.seen else unseen
        for number, refinement in enumerate(self.program.refinements):
            yield refinement.promise.id, "violated" if number in found.refined else unseen
        yield WELL_DEFINED.id, "violated" if found.defect is not None else unseen

    def fired(self) -> frozenset[str]:
        """The actions that led anywhere."""
        assert self.search is not None
        fired = zip(self.search.compiled.instances, self.search.found.fired, strict=True)
        return frozenset(instance.action.name for instance, count in fired if count)


def _different(results: Mapping[str, Result], expected: Mapping[str, Result]) -> str:
    for identifier, result in results.items():
        known = expected.get(identifier, "unknown")
        if "unknown" not in (result, known) and result != known:
            return identifier
    return ""


def _eventual(program: Program) -> Program | None:
    """The program with those properties only that are about whole runs; None without any."""
    properties = tuple(prop for prop in program.properties if prop.kind == "eventually")
    return replace(program, properties=properties, refinements=()) if properties else None


def _results(verdict: Verdict) -> dict[str, Result]:
    return {finding.id: finding.result for finding in verdict.findings}


# ------------------------------------------------------------ the original


def original(subject: Subject, limits: Limits) -> Original | None:
    """What the machine itself does; None where the time ran out first.

    RequestError where it is not as it is expected to be, or not decided: nothing could then be
    told from its mutants.
    """
    found = _explored(subject, limits)
    if found is None:
        return None
    for identifier, result in found.results.items():
        expected = "violated" if identifier in subject.hazards else "holds"
        if result not in (expected, "unknown"):
            raise RequestError(
                f"{identifier} is not as expected in {subject.name or subject.program.name}",
                hint="`verdict check` shows why; its mutants say something once it is",
            )
    return found


def _explored(subject: Subject, limits: Limits) -> Original | None:
    """The original by the python engine; by C, where that turns out to be worth compiling."""
    compiling = native.compiler() is not None
    few = replace(limits, states=WORTH_COMPILING) if compiling else limits
    trial = _Trial(subject.program)
    search = trial.run(few)
    distinct = len(search.found.parents)
    if search.found.stopped == INTERRUPTED:
        raise KeyboardInterrupt
    if compiling and distinct >= WORTH_COMPILING:
        options = native.Options()
        verdict = native.check_program(
            subject.program, "", subject.hazards, limits, Silent(), options
        )  # fmt: skip
        return _told(subject, verdict)
    if search.found.stopped:
        return None
    results = dict(trial.results(complete=True))
    eventual = _eventual(subject.program)
    if eventual is not None:
        verdict = check_program(eventual, "", subject.hazards, limits, Silent())
        results |= {key: result for key, result in _results(verdict).items() if key not in results}
    return Original(subject.name, results, trial.fired(), distinct)


def _told(subject: Subject, verdict: Verdict) -> Original | None:
    """The original by what the engine for larger state spaces says of it."""
    if verdict.stopped == INTERRUPTED:
        raise KeyboardInterrupt
    fired = frozenset(coverage.action for coverage in verdict.coverage if coverage.fired)
    known = Original(subject.name, _results(verdict), fired, verdict.distinct)
    return None if verdict.stopped else known


# ------------------------------------------------------------ a mutant


def judge(program: Program, beside: Original, seconds: float | None) -> Judgement:
    """What becomes of a mutant in the configuration of an original; `mutant` is left empty."""
    limits = Limits(states=GROWTH * beside.distinct + SPARE, time=seconds)
    if beside.distinct >= WORTH_COMPILING and native.compiler() is not None:
        return _compiled(program, beside, limits)
    began = time.monotonic()
    trial = _Trial(program, beside.results)
    stopped = trial.run(limits).found.stopped
    noticed = trial.noticed(complete=not stopped)
    if noticed:
        return _judgement(beside, noticed, "", frozenset())
    if stopped:
        return _judgement(beside, "", stopped, frozenset())
    eventual = _eventual(program)
    silent = beside.fired - trial.fired()
    if eventual is not None:
        left = None if seconds is None else max(0.01, seconds - (time.monotonic() - began))
        verdict = check_program(eventual, "", frozenset(), replace(limits, time=left), Silent())
        noticed = _different(_results(verdict), beside.results)
        return _judgement(beside, noticed, verdict.stopped, silent)
    return _judgement(beside, "", "", silent)


def _compiled(program: Program, beside: Original, limits: Limits) -> Judgement:
    flags = () if beside.distinct >= WORTH_OPTIMISING else ("-O0",)
    options = native.Options(flags=flags)
    verdict = native.check_program(program, "", frozenset(), limits, Silent(), options)
    fired = {coverage.action for coverage in verdict.coverage if coverage.fired}
    noticed = _different(_results(verdict), beside.results)
    return _judgement(beside, noticed, verdict.stopped, beside.fired - fired)


def _judgement(beside: Original, noticed: str, stopped: str, silent: frozenset[str]) -> Judgement:
    if noticed:
        return Judgement("", "killed", noticed, beside.configuration)
    if stopped == INTERRUPTED:  # not by us: that comes with something noticed
        raise KeyboardInterrupt
    if stopped:
        return Judgement("", "unknown", configuration=beside.configuration, why=stopped)
    return Judgement("", "survived", silent=tuple(sorted(silent)))


__all__ = ["Fate", "Judgement", "Original", "Subject", "judge", "original"]
