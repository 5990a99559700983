"""The command line: the one place that parses arguments and exits.

    verdict list                      machines, configurations, properties, hazards
    verdict check  [MACHINE] [K=V …]  exhaustive; all default configurations without MACHINE
    verdict simulate MACHINE [K=V …]  random walks at sizes no one can exhaust
    verdict trace show|replay FILE
    verdict diagram MACHINE [--by FIELD]
    verdict bench                     the engines beside other programs that explore the same
    verdict mutate MACHINE            mistakes in its actions that no property notices

Results go to stdout, progress to stderr.  Exit status: 0 every property is as expected, or random
walks found nothing that is not; 1 a property is not as expected; 2 the request or the machine is
wrong; 3 the budget ran out first, or Ctrl-C came.  What is wrong is said in one line that names
what to do; a stack trace is a fault of this program.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from checker.errors import OutputError, RequestError, VerdictError
from verdict import (
    bench_command,
    diagram_command,
    list_command,
    mutate_command,
    options,
    trace_command,
)
from verdict.options import Format, limits
from verdict.output import console, folder
from verdict.progress import display
from verdict.render_text import TextStyle, Traces
from verdict.results import Wanted, carry_out
from verdict.run import Order, Run, exit_status, plan, split
from verdict.workers import cores

ANY_USAGE: Any = typer.BadParameter.__mro__[2]
"""What typer raises for a command line that it cannot read; it has had several homes."""

INTERRUPTED = 130
"""What typer makes of a Ctrl-C that nobody else has caught; by its version, or typer.Abort."""

app = typer.Typer(
    name="verdict",
    help="Executable, machine-checked specifications: which promises hold, and the shortest way "
    "to break those that do not.",
    epilog="A MACHINE is a name from `verdict list`, with /CONFIGURATION where one is meant, or "
    "path/to/file.py:Class.  K=V sets a size, a bound or a variant by its own name.  The exit "
    "status is 0 where everything is as expected, 1 where a property is not, 2 where the request "
    "or the machine is wrong, 3 where a budget ran out first.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # helps speak of rm[*], which is no markup
)
app.command("list")(list_command.list_machines)
app.command("bench")(bench_command.bench)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"verdict {installed('verdict-kafka')}")
        raise typer.Exit
    options.show_help(context)


@app.command()
def check(
    words: options.Words = None,
    config: options.Config = "",
    hazard: options.Hazards = None,
    prop: options.Properties = None,
    format: options.Style = Format.TEXT,  # noqa: A002 - the option's name
    output: options.Output = None,
    max_states: options.MaxStates = None,
    max_memory: options.MaxMemory = None,
    timeout: options.Timeout = None,
    workers: options.Workers = None,
    engine: options.EngineName = options.Engine.AUTO,
    threads: options.Threads = 1,
    symmetry: options.Symmetry = False,
    fingerprints: options.Fingerprints = False,
    checkpoint: options.Checkpoint = None,
    save_traces: options.SaveTraces = None,
    traces: options.Traces = None,
    quiet: options.Quiet = False,
) -> None:
    """Explore every reachable state.  Without MACHINE, of every machine's configurations."""
    only = frozenset(prop) if prop else None
    budget = limits(max_states, max_memory, timeout)
    order = Order(
        limits=budget,
        only=only,
        engine=engine.value,
        threads=threads,
        symmetry=symmetry,
        fingerprints=fingerprints,
        checkpoints=checkpoint,
    )
    hazards = frozenset(hazard or ())
    runs = plan(words or [], configuration=config, hazards=hazards, only=only)
    brief = not split(words or [])[0]
    style = TextStyle(
        _traces(runs, traces, brief=brief), brief, max(len(r.title) for r in runs) + 1
    )
    wanted = Wanted(format, output, style, folder(save_traces) if save_traces else None)
    progress = display(console(sys.stderr), quiet=quiet)
    outcomes = carry_out(runs, order, wanted, progress, jobs=workers or cores())
    raise typer.Exit(exit_status(outcomes))


@app.command()
def simulate(
    words: options.OneMachine,
    config: options.Config = "",
    hazard: options.Hazards = None,
    prop: options.Properties = None,
    runs: Annotated[int, typer.Option(min=1, metavar="N", help="How many walks.")] = 1000,
    depth: Annotated[int, typer.Option(min=1, metavar="N", help="How long each may be.")] = 100,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="The same seed walks the same ways.")
    ] = None,
    format: options.Style = Format.TEXT,  # noqa: A002 - the option's name
    output: options.Output = None,
    max_states: options.MaxStates = None,
    max_memory: options.MaxMemory = None,
    timeout: options.Timeout = None,
    workers: options.Workers = None,
    save_traces: options.SaveTraces = None,
    traces: options.Traces = None,
    quiet: options.Quiet = False,
) -> None:
    """Walk at random, at sizes that no one can exhaust."""
    if not split(words)[0]:
        raise RequestError("no machine is named", hint="`verdict list` shows them")
    chosen = int.from_bytes(os.urandom(4)) if seed is None else seed
    order = Order(
        limits=limits(max_states, max_memory, timeout),
        only=frozenset(prop) if prop else None,
        simulate=runs,
        depth=depth,
        seed=chosen,
    )
    planned = plan(words, configuration=config, hazards=frozenset(hazard or ()))
    style = TextStyle(_traces(planned, traces, brief=False))
    wanted = Wanted(format, output, style, folder(save_traces) if save_traces else None)
    progress = display(console(sys.stderr), quiet=quiet)
    outcomes = carry_out(planned, order, wanted, progress, jobs=workers or cores())
    raise typer.Exit(exit_status(outcomes))


app.command("diagram")(diagram_command.diagram)
app.command("mutate")(mutate_command.mutate)
app.add_typer(trace_command.app, name="trace")


def _traces(runs: Sequence[Run], asked: bool | None, *, brief: bool) -> Traces:
    """Which traces of hazards to show: what was asked, or what a reader can take in."""
    if asked is not None:
        return Traces.EACH if asked else Traces.NONE
    if brief or len({run.target for run in runs}) > 1:
        return Traces.NONE
    return Traces.EACH if len(runs) == 1 else Traces.SHORTEST


def main() -> None:
    """Run the command line; always exits."""
    status = _status()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _mute()
    except OSError as error:
        _mute()
        status = _wrong(OutputError(f"the standard output cannot be written: {error.strerror}"))
    sys.exit(status)


def _status() -> int:
    try:
        status = int(app(standalone_mode=False) or 0)
    except VerdictError as error:
        return _wrong(error)
    except ANY_USAGE as error:
        said, _, meant = error.format_message().rstrip(".").partition(". Did you mean ")
        hint = f"did you mean {meant}" if meant else "`verdict --help` shows what can be asked"
        return _wrong(RequestError(said, hint=hint))
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except BrokenPipeError:
        _mute()
        return 3
    except Exception:  # noqa: BLE001 - status 1 would say that a property is violated
        print("verdict: this is a fault of verdict itself; please report it", file=sys.stderr)
        traceback.print_exc()
        return 2
    else:
        return _interrupted() if status == INTERRUPTED else status


def _interrupted() -> int:
    print("verdict: interrupted", file=sys.stderr)
    return 3


def _wrong(error: VerdictError) -> int:
    print(f"verdict: {error}", file=sys.stderr)
    return 2


def _mute() -> None:
    """Nobody reads stdout any more: let the interpreter's last flush go nowhere."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
