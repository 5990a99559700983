"""Proofs as text and as JSON: what is proved, by what, of which machine, under which assumptions.

The JSON of a machine is one object, on one line:

    machine, class, configuration, settings    as for a search
    engine         "z3"                          versions     of it
    free           counters without bounds       assumptions  what the proofs suppose, in sentences
    seconds        of everything                 exit_status
    properties     [{"id", "kind", "sentence", "result", "expected", "how", "lemmas", "seconds",
                     "why", "trace", "failure"}]
    lemmas         the same of each lemma

`trace` is an ITF document, where a violation or a witness was found.  `failure` is where induction
fails: {"goal", "action", "arguments", "before", "after", "settings"}, `before` being a list of the
places in which that state differs from the start, and `after` of those that the step changes.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from checker import Failure, Proof, Proofs
from checker.engines.tracing import changes
from checker.language.lowering import lower
from checker.language.text import arguments_text, value_text
from verdict.output import PLAIN_WIDTH
from verdict.render_trace import INDENT, broken, change_pair, field_lines, trace_lines
from verdict.run import Run, settings_text
from verdict.traces_itf import About, document, settings_data
from verdict.words import HOLDS, REACHED, UNKNOWN, VIOLATED, Wording


def assumptions(proofs: Proofs) -> list[str]:
    """What the proofs of a machine suppose, a sentence each."""
    sizes = proofs.settings.sizes
    finite = ", ".join(f"{name}={sizes[name]}" for name in sizes if name not in proofs.free)
    said = []
    if proofs.free:
        said.append(
            f"{', '.join(proofs.free)}: without bounds; what holds, holds for any number of them"
        )
    if finite:
        said.append(f"{finite}: as they are here; of other numbers nothing is said")
    variants = " ".join(
        f"{name}={getattr(value, 'name', value)}"
        for name, value in proofs.settings.variants.items()
    )
    if variants:
        said.append(f"the design: {variants}")
    if all(proof.id != "well-defined" for proof in proofs.proofs):
        said.append("a step that is a defect is no step; `--property well-defined` asks for those")
    return said


# ---------------------------------------------------------------- text


def text_pieces(run: Run, proofs: Proofs, width: int = PLAIN_WIDTH) -> Iterator[RenderableType]:
    """What became of a machine's proofs, piece by piece."""
    title = run.target + (f", {proofs.configuration}" if proofs.configuration else "")
    solver = " ".join(("z3", proofs.versions.get("z3", "")))
    yield Text.assemble((title, "bold"), (f"  (proofs by {solver})", "dim"))
    yield Text()
    for proof in proofs.proofs:
        yield from _proof(proof, width)
    if proofs.lemmas:
        yield Text("\n  lemmas", "dim")
        for lemma in proofs.lemmas:
            yield from _line(lemma, width)
    for proof in (*proofs.proofs, *proofs.lemmas):
        yield from _shown(proof, width)
    yield Text("\n  assumptions", "dim")
    for sentence in assumptions(proofs):
        yield from broken(Text("    "), sentence, "", width)
    yield Text(f"\n  {proofs.seconds:.1f} s\n")


def _wording(proof: Proof) -> Wording:
    if proof.result == "holds":
        return REACHED if proof.kind == "reachable" else HOLDS
    return VIOLATED if proof.result == "violated" else UNKNOWN


def _proof(proof: Proof, width: int) -> Iterator[Text]:
    yield from _line(proof, width)
    told = proof.why or f"{'proved by ' if proof.result == 'holds' else ''}{proof.how}"
    if proof.kind == "reachable" and proof.result == "holds":
        told = proof.how
    yield from broken(Text("      "), f"{told}, {proof.seconds:.1f} s", "dim", width)
    if proof.lemmas:
        yield from broken(Text("      rests on "), ", ".join(proof.lemmas), "dim", width)


def _line(proof: Proof, width: int) -> Iterator[Text]:
    words = _wording(proof)
    head = Text.assemble((f"  {words.mark} ", words.style), (proof.id, "bold"), "  ")
    said = "" if proof.result == "holds" else f"  {words.text}"
    yield from broken(head, f"{proof.promise.sentence}{said}", "", width)


def _shown(proof: Proof, width: int) -> Iterator[Text]:
    """The run that decides a property, or the step that its induction fails at."""
    if proof.trace is not None:
        what = "is reached" if proof.result == "holds" else "is violated"
        steps = len(proof.trace.steps)
        yield Text(f"\n  {proof.id} {what}, by a shortest run, of {steps} steps:", "bold")
        yield from trace_lines(proof.trace, width)
    if proof.failure is not None:
        yield from _failure(proof.failure, width)


def _failure(failure: Failure, width: int) -> Iterator[Text]:
    yield Text(f"\n  {failure.goal} is not kept:", "bold")
    if failure.before is not None:
        yield Text("    in this state (all else is as at the start),", "dim")
        places = [(c.path, value_text(c.after)) for c in changes(failure.usual, failure.before)]
        yield from field_lines(places, width)
        if not places:
            yield Text(f"{INDENT}the start itself")
    if failure.step is None:
        yield Text("    the machine can go no further")
        return
    call = f"{failure.step.action}({arguments_text(failure.step.arguments)})"
    yield Text.assemble(("    the step ", "dim"), (call, "bold"), f", by {failure.step.actor}")
    yield from field_lines(map(change_pair, failure.step.changes), width)
    told = (
        "If a run reaches that state, the machine is wrong; if none does, a lemma has to say why."
    )
    yield from broken(Text("    "), told, "dim", width)


# ---------------------------------------------------------------- JSON


def as_json(run: Run, proofs: Proofs) -> str:
    """The proofs of a machine as one line of JSON."""
    found = {
        "machine": run.target,
        "class": proofs.machine,
        "configuration": proofs.configuration,
        "settings": settings_data(proofs.settings),
        "engine": "z3",
        "versions": dict(proofs.versions),
        "free": list(proofs.free),
        "assumptions": assumptions(proofs),
        "seconds": round(proofs.seconds, 6),
        "properties": [_data(run, proof) for proof in proofs.proofs],
        "lemmas": [_data(run, proof) for proof in proofs.lemmas],
        "exit_status": proofs.exit_status,
    }
    return json.dumps(found, ensure_ascii=False) + "\n"


def _data(run: Run, proof: Proof) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": proof.id,
        "kind": proof.kind,
        "sentence": proof.promise.sentence,
        "result": proof.result,
        "expected": "holds",
        "how": proof.how,
        "lemmas": list(proof.lemmas),
        "seconds": round(proof.seconds, 6),
        "why": proof.why,
    }
    if proof.trace is not None:
        found["trace"] = document(proof.trace, lower(run.machine()), _about(run, proof))
    if proof.failure is not None:
        found["failure"] = _failure_data(proof.failure)
    return found


def _about(run: Run, proof: Proof) -> About:
    return About(
        machine=run.target,
        configuration=run.configuration,
        settings=settings_text(run.machine()),
        property=proof.id,
        kind=proof.kind,
        sentence=proof.promise.sentence,
        result=proof.result,
        reproduce=shlex.join(["verdict", "prove", *run.words, "--property", proof.id]),
    )


def _failure_data(failure: Failure) -> dict[str, Any]:
    step, before = failure.step, failure.before
    places = [] if before is None else changes(failure.usual, before)
    return {
        "goal": failure.goal,
        "action": "" if step is None else step.action,
        "arguments": {}
        if step is None
        else {name: value_text(value) for name, value in step.arguments.items()},
        "before": None
        if before is None
        else [{"path": c.path, "value": value_text(c.after)} for c in places],
        "after": []
        if step is None
        else [
            {"path": c.path, "before": value_text(c.before), "after": value_text(c.after)}
            for c in step.changes
        ],
        "settings": settings_data(failure.settings),
    }
