"""`verdict broker`: run the broker until it is told to stop.

It starts in a moment: what only other ways of asking need is imported there.

SIGTERM and Ctrl-C stop it in order: logs are flushed and closed, so that the next start need not
look through them.  A second one ends it at once, as a kill does.  What the broker has to say goes
to stderr, an event a line.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from broker.events import Event, tell
from broker.log.directory import DirectoryError
from broker.server import properties
from broker.server.catalog import GivenUp
from broker.server.configuration import Configuration, parse_assignments
from broker.server.listeners import listeners
from broker.server.server import ListenError, Server, bind, open_directory
from broker.server.settings import InvalidSetting
from verdict.log_lines import write_events

if TYPE_CHECKING:
    from checker.errors import RequestError

LOOPBACK = "127.0.0.1"
DEFAULT = f"{LOOPBACK}:9092"
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class LogFormat(Enum):
    """How events are written."""

    TEXT = "text"
    JSON = "json"


AddScram = Annotated[
    str | None,
    typer.Option(
        "--add-scram",
        metavar="USER",
        help="Start none: add 'SCRAM-SHA-256=[name=…]', the password being on standard input.",
    ),
]
DescribeGroup = Annotated[
    str | None,
    typer.Option(
        "--describe-group",
        metavar="GROUP",
        help="Start none: say how far a group of the one at --listen has read.",
    ),
]
Metrics = Annotated[
    str | None,
    typer.Option(
        "--metrics",
        metavar="[HOST:]PORT",
        help="Where to serve /metrics, /healthz and /readyz; on loopback unless HOST is said.",
    ),
]
Style = Annotated[
    LogFormat, typer.Option("--log-format", help="Sentences, or a JSON object a line.")
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say what happens to connections too.")
]


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
    add_scram: AddScram = None,
    describe_group: DescribeGroup = None,
    metrics: Metrics = None,
    log_format: Style = LogFormat.TEXT,
    verbose: Verbose = False,
) -> None:
    """Run a broker on Kafka's wire protocol."""
    host, port = _address(listen or DEFAULT, f"--listen {DEFAULT}")
    if describe_group is not None:
        _describe(host, port, describe_group)
        return
    watched = None if metrics is None else _address(metrics, "--metrics 9644", LOOPBACK)
    with _told_in_one_line(data_dir):
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
        write_events(log_format.value, verbose=verbose)
        _run(Configuration(settings), data, watched)


@contextlib.contextmanager
def _told_in_one_line(data_dir: Path | None) -> Iterator[None]:
    """What can be wrong with a request for a broker, or with where it is to be."""
    try:
        yield
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


def _address(text: str, hint: str, default: str = "") -> tuple[str, int]:
    """A host and a port; without a host, where there is a default, that one."""
    host, _, port = text.rpartition(":")
    if not (host or default) or not port.isdecimal() or text.startswith(":"):
        raise _wrong(f"{text!r} is no address", hint=hint)
    return host.strip("[]") or default, int(port)


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
    except (BrokenPipeError, ConnectionResetError) as error:
        hint = "where it asks clients who they are, kafka-consumer-groups can tell it"
        raise _wrong(f"{host}:{port} closed the connection", hint=hint) from error
    except OSError as error:
        hint = "--listen says where the broker is"
        raise _wrong(f"nobody answers at {host}:{port}: {error}", hint=hint) from error
    except Refused as refused:
        if refused.error is ErrorCode.GROUP_ID_NOT_FOUND:
            raise _wrong(f"there is no group {group!r}") from refused
        raise _wrong(f"the broker says {refused.error.name}") from refused
    for line in lag_table(group, found):
        print(line)


def _run(configuration: Configuration, data_dir: str, watched: tuple[str, int] | None) -> None:
    with contextlib.ExitStack() as stack:

        def listened(host: str, port: int, option: str) -> socket.socket:
            return stack.enter_context(contextlib.closing(bind(host, port, option)))

        found = [listened(each.host, each.port, "--listen") for each in listeners(configuration)]
        pages = None if watched is None else listened(*watched, "--metrics")
        directory = open_directory(data_dir)
        try:
            with asyncio.Runner(loop_factory=_loop()) as runner:
                runner.run(_serve(Server(configuration, directory), found, pages))
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


async def _serve(
    server: Server, sockets: list[socket.socket], watched: socket.socket | None
) -> None:
    """Serve until a signal comes, which may be before all logs are open."""
    stopping = _signalled()
    starting = asyncio.ensure_future(server.start(*sockets))
    await asyncio.sleep(0)
    async with _pages(server, watched):
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            server.give_up()
        try:
            await starting
        except GivenUp:
            return
        for listener in server.listeners:
            host, port = listener.told
            tell(Event.LISTENING, address=f"{host}:{port}", protocol=listener.protocol)
        await stopping
        await server.stop()


@contextlib.asynccontextmanager
async def _pages(server: Server, watched: socket.socket | None) -> AsyncIterator[None]:
    """Serve metrics meanwhile, if they are wanted."""
    if watched is None:
        yield
        return
    # They bring a library that takes a tenth of a second to load.
    from broker.server.pages import Pages

    pages = Pages(server)
    await pages.start(watched)
    host, port = watched.getsockname()[:2]
    tell(Event.SERVING_METRICS, address=f"{host}:{port}")
    try:
        yield
    finally:
        await pages.stop()


def _signalled() -> asyncio.Future[None]:
    """Done when a signal says to stop; the next one ends the process."""
    loop = asyncio.get_running_loop()
    stopping: asyncio.Future[None] = loop.create_future()

    def told(number: signal.Signals) -> None:
        for each in SIGNALS:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)
        tell(Event.STOPPING, why=number.name)
        stopping.set_result(None)

    for number in SIGNALS:
        loop.add_signal_handler(number, told, number)
    return stopping
