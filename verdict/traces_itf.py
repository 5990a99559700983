"""Traces as ITF JSON, and back without loss.

A document is what Apalache and Quint write: `vars`, `states`, maybe `loop`.  Beside the fields
of the machine, each state has Quint's `mbt::actionTaken` and `mbt::nondetPicks`: the action that
led there ("init" to the first) and what was chosen for its parameters.  Who acted is in the
state's own `#meta`.

The document's `#meta` says, under "verdict", of which machine and configuration the trace is and
which property it is about, so that the file alone is enough to show it, replay it, and find the
command that comes to it again.  What changed in a step is not written: it is the difference
between two states.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from checker import Settings, Snapshot, Trace
from checker.engines import tracing
from checker.errors import TraceError
from checker.language import ir
from checker.language.domains import shown
from checker.verdict import Step
from verdict.values_itf import decode, encode, fields_of

FORMAT = "https://apalache-mc.org/docs/adr/015adr-trace.html"
ACTION = "mbt::actionTaken"
PICKS = "mbt::nondetPicks"
FIRST = "init"
VERSION = 1
"""Of what stands under "verdict"; raised when a reader of the present could not read it."""

Parameters = tuple[ir.Parameter, ...]


@dataclass(frozen=True)
class About:
    """What a trace file says of its trace.

    machine        as the command line names it: `group`, `path/to/file.py:Class`
    settings       as the command line writes them
    property       the id of what the trace is about; with its kind, sentence and result
    """

    machine: str
    configuration: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    property: str = ""
    kind: str = ""
    sentence: str = ""
    result: str = ""
    reproduce: str = ""


ABOUT = ("machine", "configuration", "property", "kind", "sentence", "result", "reproduce")


def document(trace: Trace, program: ir.Program, about: About) -> dict[str, Any]:
    """The trace as an ITF document, JSON data."""
    fields = [name for name, _ in program.state.fields]
    first = _state(program, 0, trace.initial, FIRST, "", {})
    first["#meta"] |= {"start": trace.start} if trace.start else {}
    first[PICKS] = _picks(_start_parameters(program, trace.start), trace.start_arguments)
    states = [first]
    for index, step in enumerate(trace.steps, 1):
        picks = _picks(program.action(step.action).parameters, step.arguments)
        states.append(_state(program, index, step.state, step.action, step.actor, picks))
    found: dict[str, Any] = {
        "#meta": {
            "format": "ITF",
            "format-description": FORMAT,
            "description": f"{about.property}: {about.sentence}" if about.property else "a run",
            "verdict": {
                "version": VERSION,
                **{name: getattr(about, name) for name in ABOUT},
                "class": trace.machine,
                "settings": settings_data(trace.settings),
            },
        },
        "vars": [*fields, ACTION, PICKS],
        "states": states,
    }
    if trace.loop is not None:
        found["loop"] = trace.loop
    return found


def document_text(data: Mapping[str, Any]) -> str:
    """A document as JSON, one line a state."""
    said = {name: json.dumps(value, ensure_ascii=False) for name, value in data.items()}
    states = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in data["states"])
    said["states"] = f"[\n  {states}\n ]"
    members = ",\n ".join(f"{json.dumps(name)}: {text}" for name, text in said.items())
    return f"{{\n {members}\n}}\n"


def settings_data(settings: Settings) -> dict[str, int | bool | str]:
    """Settings as JSON data: numbers and truth values as such, enum members by their names."""
    return {
        name: value if isinstance(value, int) else shown(value)
        for name, value in settings.items().items()
    }


def _state(
    program: ir.Program, index: int, state: Snapshot, action: str, actor: str, picks: Any
) -> dict[str, Any]:
    meta = {"index": index} | ({"actor": actor} if actor else {})
    content = encode(program.state, state)
    return {"#meta": meta, **content, ACTION: action, PICKS: picks}


def _picks(parameters: Parameters, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        each.name: {"tag": "Some", "value": encode(each.type, arguments[each.name])}
        for each in parameters
    }


def _start_parameters(program: ir.Program, name: str) -> Parameters:
    return next((start.parameters for start in program.initials if start.name == name), ())


# ---------------------------------------------------------------- reading


def about(data: Any) -> About:
    """Of what a document says that it is; TraceError where it is no trace of this project's."""
    meta = _member(data, "#meta", dict, "the document")
    if meta.get("format") != "ITF":
        raise TraceError(
            "the document is no ITF trace", hint="save one with `verdict check --save-traces DIR`"
        )
    own = meta.get("verdict")
    if not isinstance(own, dict) or not isinstance(own.get("settings"), dict):
        raise TraceError(
            "the trace does not say of which machine it is",
            hint="only traces that this program has written can be read",
        )
    if own.get("version") != VERSION:
        raise TraceError(
            f"the trace is of version {own.get('version')}, and {VERSION} is understood",
            hint="write it anew with `verdict check --save-traces DIR`",
        )
    named = {name: _member(own, name, str, "#meta.verdict") for name in ABOUT}
    settings = {name: str(value) for name, value in own["settings"].items()}
    return About(settings=settings, **named)


def trace(data: Any, program: ir.Program) -> Trace:
    """The trace of a document; TraceError where it is damaged or not of this machine."""
    rows = _member(data, "states", list, "the document")
    if not rows:
        raise TraceError("the trace has no states", hint="write it anew; this file is damaged")
    states = [_content(program, row, f"state {number}") for number, row in enumerate(rows, 1)]
    start, chosen = _start(program, rows[0])
    steps = [
        _step(program, rows[number], f"state {number + 1}", states[number - 1], states[number])
        for number in range(1, len(rows))
    ]
    return Trace(
        program.name, program.settings, states[0], tuple(steps), start, chosen, _loop(data, rows)
    )


def _content(program: ir.Program, row: Any, where: str) -> Snapshot:
    if not isinstance(row, dict):
        raise TraceError(f"{where} is no object", hint="write the trace anew; this file is damaged")
    own = {name: value for name, value in row.items() if name not in ("#meta", ACTION, PICKS)}
    return Snapshot(program.state.cls, tuple(fields_of(program.state, own, where).items()))


def _start(program: ir.Program, row: Any) -> tuple[str, dict[str, Any]]:
    name = _member(row, "#meta", dict, "state 1").get("start", "")
    known = [start.name for start in program.initials] or [""]
    if name not in known:
        raise TraceError(
            f"state 1: {program.name} has no start called {name!r}",
            hint="the trace is damaged, or of another machine",
        )
    return name, _chosen(_start_parameters(program, name), row, "state 1")


def _step(program: ir.Program, row: Any, where: str, before: Snapshot, after: Snapshot) -> Step:
    name = _member(row, ACTION, str, where)
    action = next((each for each in program.actions if each.name == name), None)
    if action is None:
        raise TraceError(
            f"{where}: {program.name} has no action called {name!r}",
            hint="the trace is damaged, or of another machine",
        )
    return tracing.step(action, _chosen(action.parameters, row, where), before, after)


def _chosen(parameters: Parameters, row: Any, where: str) -> dict[str, Any]:
    picks = _member(row, PICKS, dict, where)
    names = [each.name for each in parameters]
    if set(picks) != set(names):
        raise TraceError(
            f"{where}: the arguments {', '.join(names) or 'none'} are wanted,"
            f" not {', '.join(picks) or 'none'}",
            hint="the trace is damaged, or of another machine",
        )
    found = {}
    for each in parameters:
        value = _member(_member(picks, each.name, dict, where), "value", object, where)
        found[each.name] = decode(each.type, value, f"{where}, argument {each.name}")
    return found


def _loop(data: Any, rows: list[Any]) -> int | None:
    if "loop" not in data:
        return None
    loop = _member(data, "loop", int, "the document")
    if not 0 <= loop < len(rows):
        raise TraceError(f"the trace returns to state {loop + 1}, which it has not")
    return int(loop)


def _member(data: Any, name: str, kind: type, where: str) -> Any:
    if not isinstance(data, dict) or name not in data or not isinstance(data[name], kind):
        raise TraceError(
            f"{where} has no {name} as a trace has it",
            hint="save one with `verdict check --save-traces DIR`",
        )
    return data[name]
