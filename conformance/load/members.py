"""Members of a group, each a process: started, left alone, stopped, killed.

Who has which partition is known from what they say.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.history import Commit, Crash, Move, Place, Recorder
from conformance.history.operations import parse
from conformance.load.member import MAY_COMMIT
from conformance.peers.server import leashed

PATIENCE = 60.0
"""Seconds in which a member leaves that is asked to."""


@dataclass
class Owners:
    """Who has each partition, as far as members have said."""

    of: dict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))

    def note(self, move: Move) -> None:
        """Partitions came or went."""
        for place in move.partitions:
            if move.how == "assign":
                self.of[place].add(move.process)
            else:
                self.of[place].discard(move.process)

    def forget(self, process: str) -> None:
        """A process is no more."""
        for owners in self.of.values():
            owners.discard(process)


class Member:
    """A process that is a member, and the thread that writes down what it says."""

    def __init__(
        self, name: str, told: Mapping[str, Any], recorder: Recorder, committing: threading.Lock,
        owners: Owners,
    ) -> None:  # fmt: skip
        self.name = name
        self._recorder, self._committing, self._owners = recorder, committing, owners
        command = [sys.executable, "-m", "conformance.load.member"]
        self._process = subprocess.Popen(
            leashed([*command, json.dumps({"process": name, **told})]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        commits = False
        for text in self._process.stdout:
            if text.strip() == MAY_COMMIT:
                self._committing.acquire()
                commits = True
            else:
                (operation,) = parse([text])
                self._recorder(operation)
                if isinstance(operation, Move):
                    self._owners.note(operation)
                elif isinstance(operation, Commit):
                    commits = False
                    self._committing.release()
            try:
                self._process.stdin.write("\n")
                self._process.stdin.flush()
            except OSError:
                break  # it is no more
        if commits:
            self._committing.release()
        self._owners.forget(self.name)
        if self._process.wait():
            self._recorder(Crash(self.name))
        self._process.stdout.close()
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # what is left to say says nothing to nobody

    def kill(self) -> None:
        """End it without warning."""
        self._process.kill()
        self._listener.join(PATIENCE)

    def leave(self) -> None:
        """Have it leave, and wait until it has."""
        self._process.send_signal(signal.SIGTERM)
        self._listener.join(PATIENCE)
        if self._listener.is_alive():
            self.kill()
            raise TimeoutError(f"{self.name} does not leave")

    def stop(self) -> None:
        """Let it stand still, while it is not committing."""
        with self._committing:
            self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)
