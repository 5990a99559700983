"""From C to a loaded library: the compiler that is there, and a cache by content.

The compiler is `cc` (or what the environment's CC names), else the one that the `ziglang` wheel
brings (an optional extra).  Built libraries are kept in the user's cache folder under a name
made of everything that went into them, and appear there whole or not at all, so that any number
of processes may build at once.  Each ends with a digest of itself: loading a library of which
only a part is left, on a disk that was full, would end the process.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path

import platformdirs

from checker.errors import EngineError

FLAGS = ("-O3", "-march=native", "-std=gnu11", "-shared", "-fPIC", "-pthread", "-w")
DIGEST = hashlib.sha256().digest_size
PARTS = (
    "runtime.h", "search.h", "symmetry.c", "table.c", "checkpoint.c", "search.c", "graph.c"
)  # fmt: skip


def compiler() -> list[str] | None:
    """The command of a C compiler, or None where there is none."""
    asked = os.environ.get("CC")
    if asked:
        return shlex.split(asked)
    for name in ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            return [found]
    if importlib.util.find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    return None


def compiler_version() -> str:
    """What the compiler says it is, on one line; empty where there is none."""
    return _version(tuple(compiler() or ()))


@functools.cache
def _version(command: tuple[str, ...]) -> str:
    try:
        said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    except OSError:  # a library that was built before needs no compiler
        return ""
    return said.stdout.split("\n")[0].strip()


@functools.cache
def processor() -> str:
    """What the processor can do: what is compiled for it must not be loaded by another."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    told = ("flags", "Features", "model name")
    return "\n".join(sorted({line for line in lines if line.startswith(told)}))


def part(name: str) -> str:
    """One of the files that are written by hand."""
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def cache_folder() -> Path:
    """Where built libraries are kept; VERDICT_CACHE names another place."""
    asked = os.environ.get("VERDICT_CACHE")
    return Path(asked) if asked else Path(platformdirs.user_cache_dir("verdict")) / "native"


def is_built(text: str, extra: tuple[str, ...] = ()) -> bool:
    """Whether the library of a program's C is there already."""
    command = compiler()
    return command is not None and whole(_library(text, [*command, *FLAGS, *extra]))


def _library(text: str, command: list[str]) -> Path:
    """Where the library of a program is kept: named by all that goes into it."""
    parts = [part(name) for name in PARTS]
    content = "\0".join([text, *parts, *command, sys.platform, processor()])
    return cache_folder() / f"{hashlib.sha256(content.encode()).hexdigest()[:32]}.so"


def build(text: str, extra: tuple[str, ...] = ()) -> Path:
    """The library of a program's C, built unless it is there already; EngineError."""
    compiling = compiler()
    if compiling is None:
        raise EngineError("there is no C compiler", hint="install one, or the extra [native]")
    command = [*compiling, *FLAGS, *extra]
    library = _library(text, command)
    if whole(library):
        return library
    folder, parts = library.parent, {name: part(name) for name in PARTS}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as place:
            for file, content_of in {**parts, "program.c": text}.items():
                (Path(place) / file).write_text(content_of, encoding="utf-8")
            _run([*command, "-o", "program.so", "program.c"], place)
            _seal(Path(place) / "program.so")
            (Path(place) / "program.c").replace(library.with_suffix(".c"))
            (Path(place) / "program.so").replace(library)
    except OSError as error:
        raise EngineError(
            f"{folder} cannot be written: {error.strerror}", hint="set VERDICT_CACHE to a folder"
        ) from None
    return library


def _seal(library: Path) -> None:
    """Put a digest behind the library; who loads one does not look behind its end."""
    digest = hashlib.sha256(library.read_bytes()).digest()
    with library.open("ab") as file:
        file.write(digest)


def whole(library: Path) -> bool:
    """Whether a library is there, and as it was built."""
    try:
        content = library.read_bytes()
    except OSError:
        return False
    return hashlib.sha256(content[:-DIGEST]).digest() == content[-DIGEST:]


def _run(command: list[str], place: str) -> None:
    try:
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    except OSError as error:
        raise EngineError(
            f"the C compiler {command[0]} cannot be run: {error.strerror}", hint="look at CC"
        ) from None
    if done.returncode:
        said = done.stderr.strip() or f"it ended with status {done.returncode}"
        first = next((line for line in said.splitlines() if "error" in line), said)
        raise EngineError(f"{command[0]} refuses the generated C: {first}")


def load(library: Path) -> ctypes.CDLL:
    """A built library, loaded."""
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise EngineError(
            f"the compiled program cannot be loaded: {error}",
            hint="set VERDICT_CACHE to a folder from which programs may be run",
        ) from None
