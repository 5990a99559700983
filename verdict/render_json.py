"""The verdict as JSON: one object a run, one line each (JSON Lines where there are several).

    machine        as the command line names it         class      the Python class
    configuration  its name, or ""                       settings   {"RM": 3, "quorum": "ALL"}
    engine, seed, versions                              what searched
    distinct, generated, depth, seconds                 counts; depth in states
    complete       whether every state within the bounds was visited
    stopped        what ended the search before that, or ""
    walks          how many random walks were taken; null for an exhaustive search
    notes          what else is to be known of how it was searched, a sentence each
    collision      how likely it is, at most, that a state was taken for another
    memory         bytes that the states took in the end; 0 where it is not known
    bounds         {"Epoch": 12}: steps past each bound that were not explored
    coverage       [{"action", "fired", "fresh"}]: successors, and how many were new
    exit_status    0 as expected, 1 violated, 2 cannot be run, 3 not decided
    error          what is wrong, where the run could not be made; else absent
    reproduce      the command that comes to the same result
    properties     [{"id", "kind", "sentence", "source", "guards", "result", "expected",
                     "as_expected", "why", "vacuous", "reason", "trace", "reproduce"}]

`result` and `expected` are "holds", "violated" or "unknown".  A violated property has `trace`, an
ITF document (`traces_itf`), as has a witness that was found, and `reason`: the conjunct that is
false, where it stands and the values in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from checker import Finding, Trace, Verdict
from checker.language import ir
from checker.language.lowering import lower
from checker.language.text import value_text
from checker.verdict import Reason
from verdict.render_trace import relative
from verdict.run import Order, Outcome, reproduces
from verdict.saved import about_finding
from verdict.traces_itf import document, settings_data

Document = Callable[[Finding, Trace], dict[str, Any]]


def outcome_line(outcome: Outcome, order: Order) -> str:
    """One run as one line of JSON."""
    return json.dumps(outcome_data(outcome, order), ensure_ascii=False) + "\n"


def outcome_data(outcome: Outcome, order: Order) -> dict[str, Any]:
    """One run as JSON data."""
    run = outcome.run
    found: dict[str, Any] = {"machine": run.target, "configuration": run.configuration}
    if outcome.verdict is not None:
        found |= _verdict_data(outcome, outcome.verdict, order)
    else:
        found |= {"settings": dict(run.settings), "properties": []}
        found |= {"stopped": outcome.lost} if outcome.lost else {"error": str(outcome.error)}
    return found | {"exit_status": outcome.exit_status, "reproduce": reproduces(run, order)}


def _verdict_data(outcome: Outcome, verdict: Verdict, order: Order) -> dict[str, Any]:
    program = lower(outcome.run.machine())
    return {
        "class": verdict.machine,
        "settings": settings_data(verdict.settings),
        "engine": verdict.engine,
        "seed": verdict.seed,
        "walks": verdict.walks,
        "versions": dict(verdict.versions),
        "notes": list(verdict.notes),
        "collision": verdict.collision,
        "memory": verdict.memory,
        "distinct": verdict.distinct,
        "generated": verdict.generated,
        "depth": verdict.depth,
        "seconds": round(verdict.seconds, 6),
        "complete": verdict.complete,
        "stopped": verdict.stopped,
        "bounds": dict(verdict.bounds),
        "coverage": [
            {"action": each.action, "fired": each.fired, "fresh": each.fresh}
            for each in verdict.coverage
        ],
        "properties": [
            finding_data(finding, outcome, order, program) for finding in verdict.findings
        ],
    }


def finding_data(
    finding: Finding, outcome: Outcome, order: Order, program: ir.Program
) -> dict[str, Any]:
    """One property as JSON data."""
    found: dict[str, Any] = {
        "id": finding.id,
        "kind": finding.kind,
        "sentence": finding.promise.sentence,
        "source": finding.promise.source,
        "guards": finding.promise.guards,
        "result": finding.result,
        "expected": finding.expected,
        "as_expected": finding.as_expected,
        "why": finding.why,
        "vacuous": list(finding.vacuous),
    }
    if finding.reason is not None:
        found["reason"] = reason_data(finding.reason)
    if finding.trace is not None:
        about = about_finding(finding, outcome.run, order)
        found["trace"] = document(finding.trace, program, about)
    if finding.result == "violated":
        found["reproduce"] = reproduces(outcome.run, order, finding.id)
    return found


def reason_data(reason: Reason) -> dict[str, Any]:
    """Why a property fails, as JSON data."""
    found: dict[str, Any] = {
        "text": reason.text,
        "problem": reason.problem,
        "values": {name: value_text(value) for name, value in reason.values},
    }
    if reason.span is not None:
        found |= {"file": relative(reason.span.file), "line": reason.span.line}
    return found
