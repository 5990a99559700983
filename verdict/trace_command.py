"""`verdict trace`: look at a saved trace, and hold it against the model again."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

import checker
from checker.language.lowering import lower
from verdict import options
from verdict.output import console, replaced
from verdict.render_trace import trace_lines
from verdict.saved import Loaded, load
from verdict.traces_itf import document
from verdict.words import plural

app = typer.Typer(help="Show or replay a saved trace.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A trace that was saved as ITF JSON.")]


class Shown(Enum):
    """How a trace is written."""

    TEXT = "text"
    JSON = "json"
    PYTHON = "python"


ShownAs = Annotated[Shown, typer.Option("--format", "-f", help="How it is written.")]


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
            stream.write(json.dumps(data, ensure_ascii=False, indent=1) + "\n")
            return
        printer = console(stream, plain=output is not None)
        for line in [_title(loaded), *trace_lines(loaded.trace, printer.width)]:
            printer.print(line, soft_wrap=True)


@app.command()
def replay(file: File) -> None:
    """Hold a trace against the model: each step must be one that the machine can take."""
    loaded = load(file)
    checker.replay(loaded.machine, loaded.trace)
    about = loaded.about
    where = f"{about.machine}/{about.configuration}" if about.configuration else about.machine
    steps = plural(len(loaded.trace.steps), "step")
    print(f"{file}: {where} can take these {steps}")


def _title(loaded: Loaded) -> Text:
    about = loaded.about
    title = Text.assemble((about.machine, "bold"))
    if about.configuration:
        title.append(f", {about.configuration}", "bold")
    title.append(f"  {loaded.trace.settings}")
    if about.property:
        title.append(f"\n{about.property}: ", "bold").append(about.sentence)
    return title
