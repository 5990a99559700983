"""The command line: the one place that parses arguments and exits.

    verdict list                      machines, configurations, properties, hazards
    verdict check  [MACHINE] [K=V …]  exhaustive; all default configurations without MACHINE
    verdict prove MACHINE [K=V …]     what holds whatever the bounds are, by induction
    verdict simulate MACHINE [K=V …]  random walks at sizes no one can exhaust
    verdict trace show|replay FILE
    verdict diagram MACHINE [--by FIELD]
    verdict museum [ENTRY]            known bugs and hazards: the shortest trace, and the fix
    verdict bench [broker|memory]     the engines, or the broker, beside others that do the same
    verdict mutate MACHINE            mistakes in its actions that no property notices
    verdict broker --data-dir DIR     a broker on Kafka's wire protocol
    verdict history FILE              what clients did, searched for what must not happen
    verdict conform load|crash|suite  a broker held against that, by clients at work on it

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
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verdict import options

if TYPE_CHECKING:
    from checker.errors import VerdictError

ANY_USAGE: Any = typer.BadParameter.__mro__[2]
"""What typer raises for a command line that it cannot read; it has had several homes."""

INTERRUPTED = 130
"""What typer makes of a Ctrl-C that nobody else has caught; by its version, or typer.Abort."""

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "list": "list_command:list_machines",
        "check": "check_command:check",
        "prove": "prove_command:prove",
        "simulate": "simulate_command:simulate",
        "trace": "trace_command:app",
        "diagram": "diagram_command:diagram",
        "mutate": "mutate_command:mutate",
        "museum": "museum_command:museum",
        "bench": "bench_command:bench",
        "broker": "broker_command:broker",
        "history": "history_command:history",
        "conform": "conform_command:app",
    }
)
"""Where each command is.  Only the one that is asked for is loaded: others' libraries are slow."""


def application(words: Sequence[str]) -> typer.Typer:
    """The command line that reads `words`: with the command they name, or with all."""
    app = typer.Typer(
        name="verdict",
        help="Executable, machine-checked specifications: which promises hold, and the shortest "
        "way to break those that do not.",
        epilog="A MACHINE is a name from `verdict list`, with /CONFIGURATION where one is meant, "
        "or path/to/file.py:Class.  K=V sets a size, a bound or a variant by its own name.  The "
        "exit status is 0 where everything is as expected, 1 where a property is not, 2 where the "
        "request or the machine is wrong, 3 where a budget ran out first.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # helps speak of rm[*], which is no markup
    )
    app.callback(invoke_without_command=True)(_root)
    asked = next((word for word in words if not word.startswith("-")), "")
    for name in [asked] if asked in COMMANDS else COMMANDS:
        module, _, found = COMMANDS[name].partition(":")
        command = getattr(import_module(f"verdict.{module}"), found)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Say which version this is.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"verdict {installed('verdict-kafka')}")
        raise typer.Exit
    options.show_help(context)


def main() -> None:
    """Run the command line; always exits."""
    status = _status()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _mute()
    except OSError as error:
        from checker.errors import OutputError

        _mute()
        status = _wrong(OutputError(f"the standard output cannot be written: {error.strerror}"))
    sys.exit(status)


def _status() -> int:
    try:
        status = int(application(sys.argv[1:])(standalone_mode=False) or 0)
    except ANY_USAGE as error:
        from checker.errors import RequestError

        said, _, meant = error.format_message().rstrip(".").partition(". Did you mean ")
        hint = f"did you mean {meant}" if meant else "`verdict --help` shows what can be asked"
        return _wrong(RequestError(said, hint=hint))
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except BrokenPipeError:
        _mute()
        return 3
    except Exception as error:  # noqa: BLE001 - status 1 would say that a property is violated
        # Loaded here: who asks for the broker has no need of the checker.
        from checker.errors import VerdictError

        if isinstance(error, VerdictError):
            return _wrong(error)
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
