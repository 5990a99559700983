"""Writing a history down while clients work: lines of a file, from any thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.history.operations import Operation, line


class Recorder:
    """Keeps the operations of one history in order, and writes each to a file as it comes.

    What is in the file is what was recorded, however the process ends.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.history: list[Operation] = []
        self._stream = path.open("w", encoding="utf-8") if path else None
        self._lock = threading.Lock()
        self._numbers: Counter[str] = Counter()

    def __call__(self, operation: Operation) -> None:
        """Record an operation: its outcome is known now."""
        with self._lock:
            self.history.append(operation)
            if self._stream is not None:
                self._stream.write(line(operation) + "\n")
                self._stream.flush()

    def number(self, process: str) -> int:
        """The number of the next send of a process, from 0 on."""
        with self._lock:
            self._numbers[process] += 1
            return self._numbers[process] - 1

    def close(self) -> None:
        """Nothing more is written."""
        if self._stream is not None:
            self._stream.close()


@contextmanager
def recording(path: Path | None = None) -> Iterator[Recorder]:
    """A recorder that is closed after the block."""
    recorder = Recorder(path)
    try:
        yield recorder
    finally:
        recorder.close()
