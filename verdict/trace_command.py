"""`verdict trace`: look at a saved trace, and hold it against the model again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer
from rich.text import Text

import checker
from checker.language.evaluator import BoundReached, Defect, Evaluator
from checker.language.lowering import lower
from diagrams import Diagram, sequence
from verdict import options
from verdict.output import console, replaced
from verdict.render_trace import trace_lines
from verdict.saved import Loaded, load
from verdict.traces_itf import document, document_text
from verdict.words import plural, settings_texts

app = typer.Typer(help="Show or replay a saved trace.", rich_markup_mode=None)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A trace that was saved as ITF JSON.")]


class Shown(Enum):
    """How a trace is written."""

    TEXT = "text"
    JSON = "json"
    SEQUENCE = "sequence"
    MERMAID = "mermaid"
    DOT = "dot"


DRAWN: Mapping[Shown, Callable[[Diagram], str]] = MappingProxyType(
    {
        Shown.SEQUENCE: lambda diagram: diagram.text,
        Shown.MERMAID: lambda diagram: diagram.mermaid,
        Shown.DOT: lambda diagram: diagram.dot,
    }
)
"""How each form is had of a sequence diagram."""

ShownAs = Annotated[Shown, typer.Option("--format", "-f", help="How it is written.")]


@app.callback(invoke_without_command=True)
def _root(context: typer.Context) -> None:
    options.show_help(context)


@app.command()
def show(
    file: File,
    format: ShownAs = Shown.TEXT,  # noqa: A002 - the option's name
    output: options.Output = None,
) -> None:
    """Who did what, and what changed."""
    loaded = load(file)
    with replaced(output) as stream:
        if format is Shown.JSON:
            data = document(loaded.trace, lower(loaded.machine), loaded.about)
            stream.write(document_text(data))
            return
        if format is not Shown.TEXT:
            stream.write(DRAWN[format](sequence(loaded.trace)))
            return
        printer = console(stream, plain=output is not None)
        for line in [_title(loaded), *trace_lines(loaded.trace, printer.width)]:
            printer.print(line, soft_wrap=True)


@app.command()
def replay(file: File) -> None:
    """Hold a trace against the model.  Each step must be one that the machine can take."""
    loaded = load(file)
    checker.replay(loaded.machine, loaded.trace)
    about = loaded.about
    where = f"{about.machine}/{about.configuration}" if about.configuration else about.machine
    steps = plural(len(loaded.trace.steps), "step")
    print(f"{file}: {where} can take these {steps}{_judged(loaded)}")


def _judged(loaded: Loaded) -> str:
    """What the property that the trace is about says of its end; nothing where it cannot."""
    program = lower(loaded.machine)
    trace, wanted = loaded.trace, loaded.about.property
    prop = next((each for each in program.properties if each.promise.id == wanted), None)
    if prop is None:
        return ""
    states = [trace.initial, *(step.state for step in trace.steps)]
    evaluator = Evaluator(program)
    try:
        if prop.kind == "step":
            good = evaluator.holds(prop, states[-2], states[-1], trace.steps[-1].arguments)
        else:
            good = evaluator.holds(prop, states[-1])
    except (Defect, BoundReached) as failure:
        return f"; at the end {wanted} cannot be evaluated: {failure}"
    where = "of the last step" if prop.kind == "step" else "of the last state"
    return f"; {wanted} is {'true' if good else 'false'} {where}"


def _title(loaded: Loaded) -> Text:
    about = loaded.about
    title = Text.assemble((about.machine, "bold"))
    if about.configuration:
        title.append(f", {about.configuration}", "bold")
    title.append(f"  {settings_texts(type(loaded.machine), loaded.trace.settings)[0]}")
    if about.property:
        title.append(f"\n{about.property}: ", "bold").append(about.sentence)
    return title
