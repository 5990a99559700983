"""Machines compiled to C in no time: what tests of the native engine share.

A test's machine is searched in less time than it takes to compile it, so nothing is optimised.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from checker import Limits
from checker.engines.native import build
from checker.engines.native.engine import NativeSearch, Options
from checker.language.ir import Program
from checker.language.machine import Snapshot
from checker.verdict import Silent

NO_COMPILER = "there is no C compiler: the native engine is not looked at"
compiles = build.compiler() is not None


@contextmanager
def quickly(folder: Path) -> Iterator[None]:
    """Compile without optimising, and keep what is built in a folder of the tests' own."""
    fast = tuple("-O0" if flag == "-O3" else flag for flag in build.FLAGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "FLAGS", fast)
        patch.setenv("VERDICT_CACHE", str(folder / "built"))
        yield


def states(program: Program, limits: Limits) -> list[Snapshot]:
    """Every state that the native engine finds."""
    search = NativeSearch(program, limits, Silent(), Options())
    try:
        search.run()
        return search.states()
    finally:
        search.close()
