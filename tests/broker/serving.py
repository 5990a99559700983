"""A broker in a thread of its own, for tests that talk to it over real sockets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from broker.server.configuration import Configuration
from broker.server.server import Server, bind, open_directory


@contextmanager
def running_broker(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[int]:
    """A broker with its data in the folder; the port that it listens on."""
    started: list[tuple[asyncio.AbstractEventLoop, Server, asyncio.Event]] = []
    ready, failed = threading.Event(), []

    async def serve() -> None:
        server = Server(
            Configuration({"num.partitions": "4", **(settings or {})}), open_directory(str(folder))
        )
        await server.start(bind("127.0.0.1", 0))
        stop = asyncio.Event()
        started.append((asyncio.get_running_loop(), server, stop))
        ready.set()
        await stop.wait()
        await server.stop()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="broker", daemon=True)
    thread.start()
    ready.wait()
    if not started:
        thread.join()
        raise failed[0]
    loop, server, stop = started[0]
    try:
        yield server.port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
