"""A broker that is fed without a socket: frames to its handlers, and what they answer.

It has a folder of its own, two topics and few files to make more with; what waits is given up at
once.  Whatever a handler raises that is not a refusal escapes.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import tempfile
from functools import cache
from pathlib import Path

from broker.server.caller import Caller
from broker.server.configuration import Configuration
from broker.server.dispatch import Request, respond
from broker.server.server import Server, bind, open_directory
from broker.wire.frames import read_header
from tests.broker.server.running import QUICK

FILES = 600
PAUSE = 50
"""Requests after which the broker may do what is due."""


class Dispatched:
    """The broker; it stays until the process ends."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._fed = 0
        stack = contextlib.ExitStack()
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        listener = stack.enter_context(bind("127.0.0.1", 0))
        directory = open_directory(str(data))
        stack.callback(directory.unlock)
        server = Server(Configuration(QUICK), directory)
        self._loop.run_until_complete(server.start(listener))
        stack.callback(lambda: self._loop.run_until_complete(server.stop()))
        atexit.register(stack.close)
        self._broker = server.broker
        for name, configs in (("t", {}), ("c", {"cleanup.policy": "compact"})):
            self._broker.create_topic(name, 2, configs)
        self._broker.catalog.most_files = FILES

    def feed(self, data: bytes) -> None:
        """One frame, without its length."""
        frame = memoryview(bytearray(data))
        answer = respond(Request(self._broker, Caller("here"), read_header(frame), frame))
        if isinstance(answer, asyncio.Future):
            if answer.done():
                answer.result()
            answer.cancel()
        self._fed += 1
        if not self._fed % PAUSE:
            self._loop.run_until_complete(asyncio.sleep(0))


@cache
def _only() -> Dispatched:
    return Dispatched()


def dispatched(data: bytes) -> None:
    """A frame to the one broker of this process."""
    _only().feed(data)
