"""Whether what holds was ever put to the test.

"Whoever has committed stays so" holds, too, where nobody ever commits.  A property says *if*
something *then* something else in these forms:

    not a or b                           a is its condition
    all(body for x in xs if a)           that a is true of some x, and the condition of the body
    body if a else True                  a
    p and q                              each its own
    what holds after a leads to p        a

For each condition a probe is searched for along with the properties: a state, or a step, in
which it is true.  A property that holds, some condition of which was true in none although
everything was visited, is reported as vacuous in that condition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from checker.language.ir import (
    Apply,
    Bind,
    Choose,
    Const,
    Expr,
    Fold,
    Op,
    Program,
    Property,
    Reduce,
)
from checker.language.marks import Promise
from checker.language.types import BOOL
from checker.verdict import Verdict


@dataclass(frozen=True)
class Probe:
    """A condition of a property: whose, how it is written, and what finds it true."""

    of: str
    text: str
    prop: Property


def with_probes(program: Program) -> tuple[Program, tuple[Probe, ...]]:
    """A program that also searches for the conditions of its properties, and what they are."""
    probes = tuple(probe for prop in program.properties for probe in _probes(prop))
    extended = (*program.properties, *(probe.prop for probe in probes))
    return replace(program, properties=extended), probes


def without_probes(verdict: Verdict, probes: tuple[Probe, ...]) -> Verdict:
    """The verdict on the properties alone, which says of each what it was never asked."""
    told = {probe.prop.promise.id for probe in probes}
    results = {finding.id: finding.result for finding in verdict.findings}
    missed: dict[str, tuple[str, ...]] = {}
    for probe in probes:
        never = "holds" if probe.prop.kind == "step" else "violated"
        if verdict.complete and results[probe.prop.promise.id] == never:
            missed[probe.of] = (*missed.get(probe.of, ()), probe.text)
    return replace(
        verdict,
        findings=tuple(
            replace(finding, vacuous=missed.get(finding.id, ()))
            if finding.result == "holds" else finding
            for finding in verdict.findings if finding.id not in told
        ),
    )  # fmt: skip


def _probes(prop: Property) -> Iterator[Probe]:
    if prop.kind not in ("invariant", "step", "terminal", "eventually"):
        return
    found = list(conditions(prop.test)) if prop.kind != "eventually" else []
    if prop.leads_from is not None:
        found.append(_never(prop.leads_from))
    for number, condition in enumerate(found):
        step = prop.kind == "step"
        test = condition.test
        probe = replace(
            prop,
            kind="step" if step else "reachable",
            promise=Promise(f"{prop.promise.id}, condition {number}", "It is put to the test."),
            test=Apply(BOOL, test.span, Op.NOT, (test,)) if step else test,
            leads_from=None,
        )
        yield Probe(prop.promise.id, condition.otherwise, probe)


@dataclass(frozen=True)
class Condition:
    """When a property says anything, and how it is put where that is never."""

    test: Expr
    otherwise: str


def conditions(test: Expr) -> Iterator[Condition]:
    """The conditions of a property, each of which is to be true some time."""
    match test:
        case Apply(op=Op.AND, args=(left, right)):
            yield from conditions(left)
            yield from conditions(right)
        case Apply(op=Op.OR, args=(Apply(op=Op.NOT, args=(condition,)) as negation, then)):
            always = f"{_written(negation)} is always true{_line(negation)}"
            yield from _below(Condition(condition, always), then)
        case Choose(test=condition, then=then, other=Const(value=True)):
            yield from _below(_never(condition), then)
        case Bind(name=name, value=value, body=body):
            for inner in conditions(body):
                bound = Bind(BOOL, inner.test.span, name, value, inner.test)
                yield replace(inner, test=bound)
        case Reduce(fold=Fold.ALL, name=name, source=source, where=where, body=body):
            for inner in conditions(body) if where is None else _below(_never(where), body):
                some = Reduce(BOOL, inner.test.span, Fold.ANY, name, source, None, inner.test)
                yield replace(inner, test=some)
        case _:
            return


def _below(condition: Condition, then: Expr) -> Iterator[Condition]:
    """A condition; or, where what follows from it has conditions in turn, it with each."""
    inner = list(conditions(then))
    if not inner:
        yield condition
    for one in inner:
        both = Apply(BOOL, one.test.span, Op.AND, (condition.test, one.test))
        yield replace(one, test=both)


def _never(test: Expr) -> Condition:
    return Condition(test, f"{_written(test)} is never true{_line(test)}")


def _written(test: Expr) -> str:
    return test.span.code() if test.span else "its condition"


def _line(test: Expr) -> str:
    return f", line {test.span.line}" if test.span else ""
