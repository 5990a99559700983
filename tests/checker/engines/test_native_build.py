"""Which compiler compiles, what it is told to be wrong, and what is kept of its work."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker import check
from checker.engines.native import build
from checker.errors import EngineError
from examples.two_phase import TwoPhase
from tests.fuzz import compiled

pytestmark = pytest.mark.skipif(not compiled.compiles, reason=compiled.NO_COMPILER)

C = "int answer(void) { return 42; }"


@pytest.fixture(autouse=True)
def quick(tmp_path: Path) -> Iterator[None]:
    with compiled.quickly(tmp_path):
        yield


def answer(library: Path) -> int:
    return int(build.load(library).answer())


# ---------------------------------------------------------------- the compiler


def executable(folder: Path, name: str, text: str = "exit 0") -> Path:
    """A program that is a line of the shell."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_first_compiler_on_the_path_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    clang = executable(tmp_path, "clang")
    assert build.compiler() == [str(clang)]
    cc = executable(tmp_path, "cc")
    assert build.compiler() == [str(cc)]


def test_where_there_is_none_the_one_of_the_wheel_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "ziglang" or None)
    assert build.compiler() == [sys.executable, "-m", "ziglang", "cc"]


def test_cc_may_have_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", f"{shutil.which('cc') or shutil.which('gcc')} -DANSWER=43")
    assert answer(build.build("int answer(void) { return ANSWER; }")) == 43


@pytest.mark.skipif(
    importlib.util.find_spec("ziglang") is None, reason="the extra [native] is not installed"
)
def test_the_compiler_of_the_wheel_compiles(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    verdict = check(TwoPhase(RM=3), engine="native")
    assert verdict.distinct == 288
    assert "clang" in verdict.versions["compiler"]


def test_without_a_compiler_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert build.compiler_version() == ""
    with pytest.raises(EngineError) as caught:
        build.build(C)
    assert str(caught.value) == ("V600: there is no C compiler; install one, or the extra [native]")


def test_a_compiler_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/no/such/cc")
    with pytest.raises(EngineError, match="the C compiler /no/such/cc cannot be run: No such file"):
        build.build(C)


def test_what_the_compiler_refuses_is_told() -> None:
    with pytest.raises(EngineError, match=r"refuses the generated C: .*error"):
        build.build("this is no C")


def test_a_compiler_that_fails_without_a_word_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CC", str(executable(tmp_path, "mute", "exit 3")))
    with pytest.raises(EngineError, match="mute refuses the generated C: it ended with status 3"):
        build.build(C)


def test_a_processor_that_does_not_say_what_it_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(*_: object, **__: object) -> str:
        raise FileNotFoundError

    known = build.processor.__wrapped__()
    monkeypatch.setattr(Path, "read_text", unreadable)
    assert build.processor.__wrapped__() != known


# ---------------------------------------------------------------- the cache


def test_what_is_built_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library = build.build(C)
    assert library.with_suffix(".c").read_text() == C
    monkeypatch.setattr(build, "_run", None)  # nothing is compiled again
    assert build.build(C) == library


def test_other_flags_are_another_library() -> None:
    assert build.build(C, ("-DX",)) != build.build(C)


def test_the_users_cache_is_the_place_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VERDICT_CACHE")
    assert build.cache_folder().parts[-2:] == ("verdict", "native")


@pytest.mark.parametrize("size", [0, 10, 5_000, -1])
def test_a_damaged_library_is_built_anew(size: int) -> None:
    library = build.build(C)
    content = library.read_bytes()
    library.unlink()  # what this process has loaded stays as it is
    library.write_bytes(content[:size])
    assert not build.whole(library)
    assert answer(build.build(C)) == 42


def test_a_library_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "damaged.so"
    path.write_bytes(b"no library")
    with pytest.raises(EngineError, match=r"cannot be loaded: .*VERDICT_CACHE"):
        build.load(path)


def test_a_cache_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VERDICT_CACHE", str(tmp_path / "file"))
    with pytest.raises(EngineError, match=r"file cannot be written: .*VERDICT_CACHE"):
        build.build(C)


def test_processes_may_build_the_same_at_once(tmp_path: Path) -> None:
    code = f"from checker.engines.native.build import build; print(build({C!r}))"
    here = {**os.environ, "VERDICT_CACHE": str(tmp_path / "shared")}
    command = [sys.executable, "-c", code]
    running = [
        subprocess.Popen(command, env=here, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    said = {process.communicate(timeout=60)[0].strip() for process in running}
    assert [process.returncode for process in running] == [0] * 4
    (library,) = said
    assert answer(Path(library)) == 42
    assert sorted(path.suffix for path in (tmp_path / "shared").iterdir()) == [".c", ".so"]
