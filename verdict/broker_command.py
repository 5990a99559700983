"""`verdict broker`: run the broker until it is told to stop.

It starts in a moment: what only other ways of asking need is imported there.

SIGTERM and Ctrl-C stop it in order: logs are flushed and closed, so that the next start need not
look through them.  What the broker has to say goes to stderr.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broker.log.directory import DirectoryError
from broker.server import properties
from broker.server.configuration import Configuration, parse_assignments
from broker.server.listeners import listeners
from broker.server.server import ListenError, Server, bind, open_directory
from broker.server.settings import InvalidSetting

if TYPE_CHECKING:
    from checker.errors import RequestError

DEFAULT = "127.0.0.1:9092"


def broker(
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", metavar="DIR", help="Where the broker keeps its data."),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            metavar="HOST:PORT",
            help="Where clients find it, without TLS; port 0: any.",
            show_default=DEFAULT,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings, as Kafka's server.properties."),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting, by Kafka's own name."),
    ] = None,
    add_scram: Annotated[
        str | None,
        typer.Option(
            "--add-scram",
            metavar="USER",
            help="Start none: add 'SCRAM-SHA-256=[name=…]', the password being on standard input.",
        ),
    ] = None,
    describe_group: Annotated[
        str | None,
        typer.Option(
            "--describe-group",
            metavar="GROUP",
            help="Start none: say how far a group of the one at --listen has read.",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say what happens to connections too.")
    ] = False,
) -> None:
    """Run a broker on Kafka's wire protocol."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    host, _, port = (listen or DEFAULT).rpartition(":")
    if not host or not port.isdecimal():
        raise _wrong(f"{listen!r} is no address", hint=f"--listen {DEFAULT}")
    if describe_group is not None:
        _describe(host.strip("[]"), int(port), describe_group)
        return
    try:
        settings = _settings(config, given or ())
        data = str(data_dir or settings.get("log.dirs", ""))
        if not data:
            raise _wrong("a broker needs a place for its data", hint="--data-dir DIR")
        if add_scram is not None:
            _add_scram(add_scram, data)
            return
        if listen is not None:
            if "listeners" in settings:
                raise _wrong("both --listen and listeners say where to listen", hint="keep one")
            settings["listeners"] = f"PLAINTEXT://{listen}"
        _run(Configuration(settings), data)
    except InvalidSetting as error:
        raise _wrong(str(error), hint="settings have Kafka's names") from error
    except (DirectoryError, ListenError) as error:
        said, _, hint = str(error).partition(": ")
        raise _wrong(said, hint=hint) from error
    except OSError as error:
        where = error.filename or data_dir
        raise _wrong(
            f"{where} cannot be used: {error.strerror}", hint="the broker needs it to keep its data"
        ) from error


def _wrong(said: str, hint: str = "") -> RequestError:
    from checker.errors import RequestError

    return RequestError(said, hint=hint)


def _settings(config: Path | None, given: Iterable[str]) -> dict[str, str]:
    """What a file says, and over it what the command line says."""
    found = {}
    if config is not None:
        try:
            found = properties.parse(config.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise _wrong(f"{config} cannot be read: {why}", hint="--config FILE") from error
    return {**found, **parse_assignments(given)}


def _add_scram(text: str, data_dir: str) -> None:
    from verdict.scram_user import add

    try:
        print(add(text, data_dir), file=sys.stderr)
    except ValueError as error:
        raise _wrong(str(error)) from error


def _describe(host: str, port: int, group: str) -> None:
    from broker.client import Client
    from broker.errors import ErrorCode, Refused
    from broker.lag import describe_group
    from verdict.lag_table import lag_table

    try:
        with Client(host, port) as client:
            found = describe_group(client, group)
    except OSError as error:
        hint = "--listen says where the broker is"
        raise _wrong(f"nobody answers at {host}:{port}: {error}", hint=hint) from error
    except Refused as refused:
        if refused.error is ErrorCode.GROUP_ID_NOT_FOUND:
            raise _wrong(f"there is no group {group!r}") from refused
        raise _wrong(f"the broker says {refused.error.name}") from refused
    for line in lag_table(group, found):
        print(line)


def _run(configuration: Configuration, data_dir: str) -> None:
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(contextlib.closing(bind(each.host, each.port)))
            for each in listeners(configuration)
        ]
        directory = open_directory(data_dir)
        try:
            with asyncio.Runner(loop_factory=_loop()) as runner:
                runner.run(_serve(Server(configuration, directory), sockets))
        finally:
            directory.unlock()


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Where uvloop is installed its loop, and asyncio's otherwise."""
    try:
        import uvloop
    except ImportError:
        return None
    found: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return found


async def _serve(server: Server, sockets: list[socket.socket]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await server.start(*sockets)
    for listener in server.listeners:
        host, port = listener.told
        how = "" if listener.protocol == "PLAINTEXT" else f" ({listener.protocol})"
        print(f"listening on {host}:{port}{how}", file=sys.stderr, flush=True)
    await stopping.wait()
    await server.stop()
