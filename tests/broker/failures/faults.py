"""Files that fail, or end the process, at a step that a test chooses.

Each write to the disk is a step: half of what is appended at a failing one has reached the file.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from broker.log.files import Data, RealDisk, RealFile


class Killed(BaseException):
    """The process is no more."""


class Steps:
    """Counts steps, and says what becomes of each.

    failing  steps that fail, by number from 0
    error    with which error; None: the process ends there
    """

    def __init__(self, failing: range = range(0), error: int | None = errno.ENOSPC) -> None:
        self.failing, self.error = failing, error
        self.taken: list[str] = []

    def __call__(self, what: str, path: Path) -> None:
        self.taken.append(f"{what} {path.name}")
        if len(self.taken) - 1 in self.failing:
            if self.error is None:
                raise Killed
            raise OSError(self.error, os.strerror(self.error), str(path))


class FaultyFile(RealFile):
    """A file of which writing takes steps."""

    def __init__(self, path: Path, steps: Steps, *more: Any) -> None:
        super().__init__(path, *more)
        self._path, self._steps = path, steps

    def append(self, data: Data) -> None:
        """Write all, or half."""
        before = self.size
        self._cut()
        try:
            self._steps("append", self._path)
        except (OSError, Killed) as end:
            super().append(data[: len(data) // 2])
            if isinstance(end, OSError):
                self.truncate(before)
            raise
        super().append(data)

    def _cut(self) -> None:
        if self._torn:
            self._steps("truncate", self._path)
        super()._cut()

    def flush(self) -> None:
        """Flush, in name alone: no machine stops here."""
        self._cut()
        self._steps("flush", self._path)


class FaultyDisk(RealDisk):
    """A disk on which changing anything takes steps."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps

    def open(self, path: Path) -> RealFile:
        """A file."""
        if not path.exists():
            self._steps("make", path)
        return FaultyFile(path, self._steps, self.flushed)

    def replace(self, path: Path, data: bytes, **more: Any) -> None:
        """Write it beside, and put it in place."""
        try:
            self._steps("write", path)
        except (OSError, Killed):
            path.with_name(f"{path.name}.tmp").write_bytes(data[: len(data) // 2])
            raise
        self._steps("replace", path)
        super().replace(path, data, **{**more, "durable": False})

    def make_folder(self, folder: Path) -> None:
        """Make a folder."""
        if not folder.exists():
            self._steps("make", folder)
        super().make_folder(folder)

    def rename(self, path: Path, to: Path) -> None:
        """Give another name."""
        self._steps("rename", path)
        super().rename(path, to)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        if path.exists():
            self._steps("remove", path)
        super().remove(path)

    def remove_folder(self, folder: Path) -> None:
        """Remove a folder: its files one by one."""
        for path in sorted(folder.iterdir()) if folder.exists() else ():
            self._steps("remove", path)
            path.unlink()
        super().remove_folder(folder)
