"""A broker for tests: in a thread of this process, or as the program that it is."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from broker.server.configuration import Configuration
from broker.server.listeners import listeners
from broker.server.server import Server, bind, open_directory

QUICK = {
    "group.consumer.heartbeat.interval.ms": "200",
    "group.initial.rebalance.delay.ms": "0",
    "offsets.topic.num.partitions": "2",
    "transaction.state.log.num.partitions": "2",
}
"""Settings with which nothing waits, and starts are short."""

PATIENCE = 60
"""Seconds that anything may take, on a machine that does much else."""


class Running:
    """A broker in a thread of its own."""

    def __init__(self, data: Path, settings: Mapping[str, str]) -> None:
        self._data, self._settings = data, {**QUICK, **settings}
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self.port = 0
        self.ports: dict[str, int] = {}
        self.server: Server
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - it is the test's
            self._error = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        configuration = Configuration({"listeners": "PLAINTEXT://127.0.0.1:0", **self._settings})
        with ExitStack() as stack:
            sockets = [
                stack.enter_context(bind(each.host, each.port)) for each in listeners(configuration)
            ]
            directory = open_directory(str(self._data))
            try:
                self.server = Server(configuration, directory)
                await self.server.start(*sockets)
                self.port = self.server.port
                self.ports = {each.name: each.told[1] for each in self.server.listeners}
                self._ready.set()
                await self._stop.wait()
                await self.server.stop()
            finally:
                directory.unlock()

    def call(self, function: Any) -> Any:
        """What a function gives when the broker's thread calls it."""

        async def called() -> Any:
            found = function()
            return await found if asyncio.iscoroutine(found) else found

        return asyncio.run_coroutine_threadsafe(called(), self._loop).result(PATIENCE)

    def stop(self) -> None:
        if self._ready.is_set() and self._error is None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error


@contextmanager
def running(data: Path, **settings: str) -> Iterator[Running]:
    """A broker whose settings have underscores for their dots."""
    named = {
        name if "." in name else name.replace("_", "."): value for name, value in settings.items()
    }
    found = Running(data, named)
    found.start()
    try:
        yield found
    finally:
        found.stop()


class Program:
    """`verdict broker` as a process, to be killed."""

    def __init__(self, data: Path, *words: str) -> None:
        sets = [word for name, value in QUICK.items() for word in ("--set", f"{name}={value}")]
        command = [sys.executable, "-m", "verdict", "broker", "--data-dir", str(data)]
        told = {"--listen", "--config"} & set(words)
        listen = () if told else ("--listen", "127.0.0.1:0")
        self._process = subprocess.Popen(
            [*command, *listen, *sets, *words],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.said = ""
        self.port = self._listening()

    def _listening(self) -> int:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.said += line
            found = re.search(r"listening on .*:(\d+)", line)
            if found:
                return int(found[1])
        return 0

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def kill(self) -> None:
        self._process.kill()
        self.wait()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        _, rest = self._process.communicate(timeout=PATIENCE)
        self.said += rest
        return self._process.returncode
