"""The options that the commands share, and how their values are read."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from checker import Limits

SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[kmgt]?)(?:i?b)?", re.IGNORECASE)
UNITS = ("", "k", "m", "g", "t")


class Format(Enum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    GITHUB = "github"


class Engine(Enum):
    """What explores."""

    AUTO = "auto"
    NATIVE = "native"
    PYTHON = "python"
    ALL = "all"


def memory(text: str) -> int:
    """`512M` or `2G` in bytes; RequestError for anything else."""
    match = SIZE.fullmatch(text.strip())
    size = float(match["number"]) * 1024 ** UNITS.index(match["unit"].lower()) if match else 0
    if size < 1:
        from checker.errors import RequestError

        raise RequestError(f"--max-memory={text} is no amount", hint="write 512M or 2G")
    return int(size)


def limits(states: int | None, size: str | None, seconds: float | None) -> Limits:
    """The budget of each run."""
    from checker import Limits

    return Limits(states=states, memory=memory(size) if size else None, time=seconds)


def show_help(context: typer.Context) -> None:
    """Say what can be asked where no command is given, which is no request."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MACHINE|K=V",
        help="Machines, by name, name/configuration or path/to/file.py:Class; then sizes, bounds "
        "and variants by their own names.",
        show_default=False,
    ),
]
OneMachine = Annotated[
    list[str],
    typer.Argument(metavar="MACHINE|K=V", help="A machine, and its settings."),
]
Config = Annotated[
    str, typer.Option("--config", metavar="NAME", help="One of the machine's configurations.")
]
Hazards = Annotated[
    list[str] | None,
    typer.Option("--hazard", metavar="ID", help="A property that is expected to be false."),
]
Properties = Annotated[
    list[str] | None,
    typer.Option("--property", "-p", metavar="ID", help="Only this property; repeatable."),
]
Style = Annotated[Format, typer.Option("--format", "-f", help="How results are written.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write results there, whole or not at all."
    ),
]
MaxStates = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Stop each run after so many states.")
]
MaxMemory = Annotated[
    str | None, typer.Option(metavar="SIZE", help="Stop each run at so much memory: 512M, 2G.")
]
Timeout = Annotated[
    float | None, typer.Option(min=0.001, metavar="SECONDS", help="Stop each run after that time.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", "-j", min=1, metavar="N", help="Runs side by side; as many as cores if unset."
    ),
]
EngineName = Annotated[
    Engine,
    typer.Option(
        "--engine",
        help="What explores: generated C, generated Python, or C where it compiles; `all` compares "
        "them with z3, up to a depth.",
    ),
]
Threads = Annotated[
    int, typer.Option(min=1, metavar="N", help="Threads of the native engine, in each run.")
]
Symmetry = Annotated[
    bool,
    typer.Option(
        "--symmetry", help="Visit one state of those that differ in symmetric names alone."
    ),
]
Fingerprints = Annotated[
    bool, typer.Option("--fingerprints", help="Keep 64 bits of each state instead of all of it.")
]
Checkpoint = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Put searches down there every minute, and take them up from there."
    ),
]
SaveTraces = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Save each trace there, as ITF JSON and as a pytest file."),
]
Traces = Annotated[
    bool | None,
    typer.Option(
        "--traces/--no-traces",
        help="The trace of each hazard, or of none; unless given, those of one machine.",
        show_default=False,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
