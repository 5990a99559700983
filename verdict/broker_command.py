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
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broker.log.directory import DirectoryError
from broker.server.configuration import Configuration, parse_assignments
from broker.server.server import ListenError, Server, bind, open_directory
from broker.server.settings import InvalidSetting

if TYPE_CHECKING:
    from checker.errors import RequestError


def broker(
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", metavar="DIR", help="Where the broker keeps its data."),
    ] = None,
    listen: Annotated[
        str,
        typer.Option("--listen", metavar="HOST:PORT", help="Where clients find it; port 0: any."),
    ] = "127.0.0.1:9092",
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting, by Kafka's own name."),
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
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        raise _wrong(f"{listen!r} is no address", hint="--listen 127.0.0.1:9092")
    if describe_group is not None:
        _describe(host.strip("[]"), int(port), describe_group)
        return
    if data_dir is None:
        raise _wrong("a broker needs a place for its data", hint="--data-dir DIR")
    try:
        configuration = Configuration(parse_assignments(given or ()))
    except InvalidSetting as error:
        raise _wrong(str(error), hint="settings have Kafka's names") from error
    try:
        _run(configuration, str(data_dir), host.strip("[]"), int(port))
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


def _run(configuration: Configuration, data_dir: str, host: str, port: int) -> None:
    listener = bind(host, port)
    with contextlib.closing(listener):
        directory = open_directory(data_dir)
        try:
            with asyncio.Runner(loop_factory=_loop()) as runner:
                runner.run(_serve(Server(configuration, directory), listener))
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


async def _serve(server: Server, listener: socket.socket) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await server.start(listener)
    print(f"listening on {server.broker.advertised[0]}:{server.port}", file=sys.stderr, flush=True)
    await stopping.wait()
    await server.stop()
