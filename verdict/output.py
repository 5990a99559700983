"""Where results go: stdout, or files that are replaced whole or not at all.

A file is written beside its place under a passing name and moved there once it is complete.
Whether that will be possible is found out before a search begins, not after it.  What is no
ordinary file (a pipe, /dev/null) is written to directly: it cannot be replaced.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from rich.console import Console

from checker.errors import OutputError

PLAIN_WIDTH = 100
"""Columns of text that goes to no terminal, unless COLUMNS says otherwise."""


def console(stream: TextIO, *, plain: bool = False) -> Console:
    """A console on a stream: coloured and as wide as the terminal, where it is one."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")  # a mark that has no code is no reason to stop
    width = None
    if plain or not stream.isatty():
        columns = os.environ.get("COLUMNS", "")
        width = int(columns) if columns.isdecimal() and int(columns) > 0 else PLAIN_WIDTH
    return Console(
        file=stream, width=width, highlight=False, markup=False, emoji=False,
        force_terminal=False if plain else None,
    )  # fmt: skip


@contextlib.contextmanager
def replaced(path: Path | None) -> Iterator[TextIO]:
    """What is written becomes the content of `path` if the block succeeds; stdout for None.

    OutputError where it cannot be written; a file that was there before is then as it was.
    """
    if path is None:
        with _told("the standard output"):
            yield sys.stdout
            sys.stdout.flush()
    else:
        with _passing(path) as place, _told(str(path)), place.open("w", encoding="utf-8") as text:
            yield text


@contextlib.contextmanager
def replaced_bytes(path: Path | None) -> Iterator[BinaryIO]:
    """The same for bytes."""
    if path is None:
        with _told("the standard output"):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
    else:
        with _passing(path) as place, _told(str(path)), place.open("wb") as stream:
            yield stream


@contextlib.contextmanager
def _passing(path: Path) -> Iterator[Path]:
    """Where to write what shall stand at `path` once the block has succeeded."""
    if path.exists() and not path.is_file():
        yield path
        return
    real = Path(os.path.realpath(path))
    passing = real.with_name(f".{real.name}.{os.getpid()}.tmp")
    with _told(str(path)):
        if real.exists() and not os.access(real, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        passing.touch(exist_ok=False)
    try:
        yield passing
        with _told(str(path)):
            passing.replace(real)
    except BaseException:
        passing.unlink(missing_ok=True)
        raise


def write(path: Path, text: str) -> None:
    """Make `text` the content of a file, whole or not at all; OutputError where it cannot be."""
    with replaced(path) as stream:
        stream.write(text)


def folder(path: Path) -> Path:
    """The folder at `path`, made where it is missing and found to be writable."""
    with _told(str(path)):
        path.mkdir(parents=True, exist_ok=True)
        probe = path / f".verdict.{os.getpid()}.tmp"
        probe.touch(exist_ok=False)
        probe.unlink()
    return path


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """Say in one line what the operating system has against a file."""
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read has had enough: no mistake of anyone's
    except OSError as error:
        raise OutputError(
            f"{name} cannot be written: {error.strerror or error}",
            hint="name a file in a folder that exists and can be written",
        ) from error
