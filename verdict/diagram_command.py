"""`verdict diagram`: the states that one field of a machine takes, and what leads where."""

from __future__ import annotations

import sys
from enum import Enum
from typing import Annotated

import typer

from checker.errors import RequestError
from checker.language.machine import settings_of
from checker.language.resolving import state_type
from checker.language.types import EnumType
from diagrams import Diagram, available, state_diagram
from diagrams.paths import bind
from verdict import options
from verdict.options import limits
from verdict.output import replaced, replaced_bytes
from verdict.run import Run, plan


class Drawn(Enum):
    """What a diagram is written as."""

    DOT = "dot"
    MERMAID = "mermaid"
    TEXT = "text"
    SVG = "svg"
    PNG = "png"


DrawnAs = Annotated[
    Drawn | None,
    typer.Option(
        "--format",
        "-f",
        help="How it is written; what the name of FILE ends in, or else DOT.",
        show_default=False,
    ),
]


def diagram(
    words: options.OneMachine,
    by: Annotated[
        str, typer.Option(metavar="FIELD", help="A field: coordinator.state, rm[*], rm[rm-0].")
    ] = "",
    config: options.Config = "",
    format: DrawnAs = None,  # noqa: A002 - the option's name
    output: options.Output = None,
    loops: Annotated[bool, typer.Option("--loops", help="Steps that change nothing, too.")] = False,
    counts: Annotated[bool, typer.Option("--counts", help="How many steps an arrow is.")] = False,
    messages: Annotated[
        bool, typer.Option("--messages", help="The kinds of the messages that a step takes.")
    ] = False,
    max_states: options.MaxStates = None,
    timeout: options.Timeout = None,
) -> None:
    """Draw what a field of the machine goes through.  What is drawn is the explored graph."""
    run = _one(plan(words, configuration=config))
    ending = output.suffix.lstrip(".") if output is not None else ""
    known = {"mmd": Drawn.MERMAID, "md": Drawn.MERMAID, "txt": Drawn.TEXT}
    known |= {each.value: each for each in Drawn}
    form = format or known.get(ending, Drawn.DOT)
    path = by or _first_enum(run)
    if not by:
        print(f"verdict: --by {path}", file=sys.stderr)
    drawn = state_diagram(
        run.machine(),
        path,
        limits=limits(max_states, None, timeout),
        loops=loops,
        counts=counts,
        messages=messages,
    )
    if form is Drawn.PNG:
        with replaced_bytes(output) as stream:
            stream.write(drawn.png())
    else:
        with replaced(output) as text:
            text.write(_text(drawn, form))


def _one(runs: list[Run]) -> Run:
    """The configuration to draw: the first of those that come into question."""
    if len({run.target for run in runs}) != 1:
        raise RequestError("one machine is drawn at a time", hint="name one machine")
    return runs[0]


def _first_enum(run: Run) -> str:
    """The first field that holds an enum: most often the state that people speak of."""
    machine = run.machine()
    state = state_type(type(machine), settings_of(machine))
    for path in available(state):
        if isinstance(bind(path, state).type, EnumType):
            return path
    raise RequestError(
        f"no field of {run.target} is an enum", hint=f"give --by: {', '.join(available(state))}"
    )


def _text(drawn: Diagram, form: Drawn) -> str:
    match form:
        case Drawn.MERMAID:
            return drawn.mermaid
        case Drawn.TEXT:
            return drawn.text
        case Drawn.SVG:
            return drawn.svg()
        case _:
            return drawn.dot if drawn.dot.endswith("\n") else f"{drawn.dot}\n"
