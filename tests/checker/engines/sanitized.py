"""Generated programs run under the compiler's sanitizers.

A sanitizer has to be in a program from its beginning, and Python's interpreter has none: the
search gets a `main` of its own (sanitized.c), with the starts as a table.
"""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from checker import Machine
from checker.engines.native import build
from checker.engines.native.program import Generator
from checker.engines.native.words import Codec, Rooms
from checker.language.evaluator import Evaluator
from checker.language.lowering import lower

FLAGS = ("-O1", "-g", "-std=gnu11", "-march=native", "-pthread", "-w", "-fno-omit-frame-pointer",
         "-fno-sanitize-recover=all")  # fmt: skip
ADDRESSES = "address,undefined"
THREADS = "thread"
MAIN = Path(__file__).with_suffix(".c")


@dataclass(frozen=True)
class Counts:
    """What a search says of itself; `sites` are the bounds and defects that were met.

    `resumed` and `status` are those of checkpoint.c and search.h.
    """

    distinct: int
    generated: int
    depth: int
    sites: int
    resumed: int
    status: int


class Sanitized:
    """The search of one machine, compiled with a sanitizer.

    `spoilt`, by the name of a file, replaces a text in it: for mistakes that are to be found.
    """

    def __init__(
        self,
        machine: Machine,
        sanitizer: str,
        folder: Path,
        *,
        symmetry: bool = False,
        fingerprints: bool = False,
        spoilt: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        program = lower(machine)
        generated = Generator(program, symmetry=symmetry, fingerprints=fingerprints).generate()
        codec = Codec(Rooms(), program.state)
        starts = [
            codec.pack(start.state)
            for start in Evaluator(program).starts()
            if start.state is not None
        ]
        parts = {name: build.part(name) for name in build.PARTS}
        parts["program.c"] = generated.text
        parts["starts.h"] = _table(starts)
        parts["main.c"] = MAIN.read_text(encoding="utf-8")
        for name, (old, new) in (spoilt or {}).items():
            assert old in parts[name]
            parts[name] = parts[name].replace(old, new)
        for name, text in parts.items():
            (folder / name).write_text(text, encoding="utf-8")
        compiled(folder, sanitizer)
        self._program = folder / "main"

    def run(
        self, workers: int, depth: int = 100, room: int = 1 << 20, checkpoint: Path | None = None
    ) -> Counts:
        """Search; AssertionError with the sanitizer's report where it has one.

        depth  levels to explore
        room   entries that there is space for
        """
        given = [workers, depth, room, *([checkpoint] if checkpoint else [])]
        done = ran([str(self._program), *map(str, given)])
        assert done.returncode == 0, done.stderr[:8_000]
        return Counts(*map(int, done.stdout.split()))


def _table(starts: list[list[int]]) -> str:
    rows = ",\n  ".join("{" + ", ".join(f"{word:#x}ULL" for word in row) + "}" for row in starts)
    count = f"enum {{ START_COUNT = {len(starts)} }};"
    return f"{count}\nstatic const u64 starts[][WORDS] = {{\n  {rows}}};\n"


def compiled(folder: Path, sanitizer: str) -> None:
    """Compile main.c in a folder."""
    compiler = build.compiler() or ["cc"]
    command = [*compiler, *FLAGS, f"-fsanitize={sanitizer}", "-o", "main", "main.c"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def ran(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program that a sanitizer looks at."""
    options = {"UBSAN_OPTIONS": "print_stacktrace=1", "TSAN_OPTIONS": "halt_on_error=1"}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=100,
        env={**os.environ, **options},
    )  # fmt: skip


@functools.cache
def missing(sanitizer: str, folder: Path) -> str:
    """Why a sanitizer cannot be used here; empty where it can."""
    (folder / "main.c").write_text("int main(void) { return 0; }", encoding="utf-8")
    try:
        compiled(folder, sanitizer)
    except (OSError, subprocess.CalledProcessError):
        return f"the C compiler has no sanitizer {sanitizer}"
    done = ran([str(folder / "main")])
    return "" if done.returncode == 0 else f"the sanitizer {sanitizer} does not run here"
