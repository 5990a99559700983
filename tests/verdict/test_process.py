"""The command as a process: interruptions, pipes, terminals, progress."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import IO

import pytest

from checker import Progress
from tests.verdict.running import PLAIN, TWO, another, command
from verdict.progress import Lines

LONG = ("check", TWO, "RM=10")
"""A search that no test waits for."""

pytestmark = pytest.mark.timeout(100)


def started(*words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "VERDICT_PROGRESS": "0.3", **environment},
    )


def wait_for(stream: IO[str], text: str) -> str:
    """Read until a line has `text`; what was read."""
    found = ""
    while text not in found:
        line = stream.readline()
        assert line, found
        found += line
    return found


def test_ctrl_c_gives_the_partial_verdict() -> None:
    with started(*LONG, "-f", "json") as process:
        assert process.stderr is not None
        wait_for(process.stderr, "states/s")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "Traceback" not in err
    found = json.loads(out)
    assert found["stopped"] == "interrupted"
    assert found["complete"] is False
    assert found["distinct"] > 1
    assert {each["result"] for each in found["properties"]} <= {"unknown", "holds"}
    assert "unknown" in {each["result"] for each in found["properties"]}


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A machine with four configurations, none of which ends soon."""
    file = tmp_path / "many.py"
    file.write_text(
        "from typing import Annotated\n"
        "from verdict import *\n"
        "class Place(Index):\n"
        "    '''A place.'''\n"
        "Turn = Annotated[int, Range(0, 9)]\n"
        "class Long(Machine):\n"
        "    at: Map[Place, Turn] = each(0)\n"
        "    @action\n"
        "    def turn(self, p: Place) -> None:\n"
        "        require(self.at[p] < 9)\n"
        "        self.at[p] += 1\n"
        "    @invariant\n"
        "    def small(self) -> bool:\n"
        "        return all(self.at[p] <= 9 for p in Place)\n"
        "    configurations = tuple(configuration(f'run {n}', Place=12) for n in range(4))\n"
    )
    return file


def interrupted(many: Path, times: int) -> tuple[int, str, str]:
    with started("check", str(many), "-j2", "-f", "json", "--engine", "python") as process:
        assert process.stderr is not None
        # Both workers are at work when both have been heard of.
        seen = wait_for(process.stderr, "states/s")
        while not {"run 0", "run 1"} <= set(re.findall("run [0-9]", seen)):
            seen += wait_for(process.stderr, "states/s")
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_ctrl_c_reaches_the_workers_and_no_further_run_is_begun(many: Path) -> None:
    status, out, err = interrupted(many, 1)
    assert status == 3
    assert "Traceback" not in err
    found = [json.loads(line) for line in out.splitlines()]
    assert [each["configuration"] for each in found] == [f"run {n}" for n in range(4)]
    assert [each["stopped"] for each in found] == [
        "interrupted", "interrupted", "interrupted before it began", "interrupted before it began",
    ]  # fmt: skip
    assert all(each["distinct"] > 1 for each in found[:2])
    assert found[2]["properties"] == []


def test_an_interrupted_check_writes_what_it_has(many: Path, tmp_path: Path) -> None:
    out = tmp_path / "verdict.json"
    with started("check", str(many), "--config", "run 0", "-f", "json", "-o", str(out)) as process:
        assert process.stderr is not None
        wait_for(process.stderr, "states/s")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 3
    assert json.loads(out.read_text(encoding="utf-8"))["stopped"] == "interrupted"


def test_a_worker_that_is_killed_is_not_decided(many: Path) -> None:
    with started("check", str(many), "-j2", "-f", "json", "--timeout", "20") as process:
        assert process.stderr is not None
        wait_for(process.stderr, "states/s")
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if not children.exists():
            pytest.skip("needs /proc to find the workers")
        workers = [pid for pid in map(int, children.read_text().split()) if _spawned(pid)]
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=60)
    assert len(workers) == 2
    assert process.returncode == 3
    assert "Traceback" not in err
    stopped = [json.loads(line)["stopped"] for line in out.splitlines()]
    assert "its process was ended by SIGKILL" in stopped[0]
    assert stopped[3] == "no process is left to do it"


def _spawned(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_closed_pipe_is_no_fault() -> None:
    with started("check", TWO, "--no-traces", "-q") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
    assert "Traceback" not in err
    assert "Exception ignored" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("form", ["text", "json", "junit"])
def test_a_full_disk_is_told(form: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("check", PLAIN, "-q", "-f", form),
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "V500: the standard output cannot be written: No space left" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_what_is_no_file_is_written_to_as_it_is() -> None:
    assert another("check", PLAIN, "-q", "-o", "/dev/null").status == 0
    assert Path("/dev/null").is_char_device()
    full = another("check", PLAIN, "-q", "-o", "/dev/full")
    assert full.status == 2
    assert "/dev/full cannot be written" in full.err


def on_a_terminal(*words: str, **environment: str) -> str:
    """All that a command shows where stdout and stderr are one terminal."""
    here, there = pty.openpty()
    with subprocess.Popen(
        command(*words),
        stdout=there,
        stderr=there,
        stdin=there,
        env={**os.environ, "TERM": "xterm-256color", **environment},
    ) as process:
        os.close(there)
        shown = b""
        while select.select([here], [], [], 60)[0]:
            try:
                chunk = os.read(here, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
    os.close(here)
    assert process.returncode == 0
    return shown.decode()


def test_a_terminal_sees_colours_and_a_bar() -> None:
    shown = on_a_terminal(
        "check", TWO, "RM=7", "-p", "consistent", "--engine", "python", COLUMNS="100"
    )
    assert "\x1b[32m  ✓" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is back
    assert "states/s" in shown
    assert "296,448 states" in shown


def test_the_bar_is_gone_when_the_table_comes() -> None:
    shown = on_a_terminal("check", TWO, "-p", "consistent", "-j2", COLUMNS="100")
    assert " of 3" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert shown.rindex("\x1b[2K") < shown.rindex("holds in 2")


def test_a_wrong_interval_is_told() -> None:
    said = another("check", PLAIN, VERDICT_PROGRESS="often")
    assert said.status == 2
    assert "VERDICT_PROGRESS=often is no number of seconds" in said.err


def test_no_color_is_respected() -> None:
    shown = on_a_terminal("check", TWO, "RM=3", "-q", COLUMNS="100", NO_COLOR="1")
    assert "✓" in shown
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", shown)


def test_quiet_is_quiet() -> None:
    shown = on_a_terminal("check", TWO, "RM=7", "-q", "-p", "consistent", COLUMNS="100")
    assert "states/s" not in shown


def test_an_encoding_without_check_marks_is_no_fault() -> None:
    said = another("check", PLAIN, "-q", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert said.status == 0
    assert "?  still" in said.out


STUBBORN = """
import time
from multiprocessing import parent_process
from verdict import *
import checker


def fails(*_: object, **_also: object) -> None:
    raise RuntimeError("the engine is broken")


def goes_on(*_: object, **words: object) -> None:
    told = False
    while True:
        try:
            if not told:
                told = True
                words["reporter"].progress(Progress(1, 1, 1, 1, 1.0))
            time.sleep(60)
        except KeyboardInterrupt:
            pass


if parent_process() is not None:
    checker.check = WAY


class Still(Machine):
    on: bool = False
    configurations = (configuration("one"), configuration("two"))
"""


def test_a_fault_in_a_worker_is_shown_as_one(tmp_path: Path) -> None:
    file = tmp_path / "still.py"
    file.write_text(STUBBORN.replace("WAY", "fails"))
    said = another("check", file, "-q", "-j2")
    assert said.status == 2
    assert "this is a fault of verdict itself" in said.err
    assert "RuntimeError: the engine is broken" in said.err


def test_a_second_ctrl_c_ends_workers_that_do_not_listen(tmp_path: Path) -> None:
    file = tmp_path / "still.py"
    file.write_text(STUBBORN.replace("WAY", "goes_on"))
    with started("check", str(file), "-j2", VERDICT_PROGRESS="0") as process:
        assert process.stderr is not None
        seen = wait_for(process.stderr, "1 states")
        while not {"one", "two"} <= set(re.findall("one|two", seen)):
            seen += wait_for(process.stderr, "1 states")
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert err.endswith("verdict: interrupted\n")


def test_searches_side_by_side_are_told_of_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("verdict.progress.time.monotonic", lambda: now)
    lines: list[str] = []
    display = Lines(lines.append, every=10)
    display.begin(2)
    some = Progress(distinct=1, generated=1, queued=0, depth=1, seconds=1.0)
    # However the moments fall, neither is left out: here each falls on the second's report.
    for _ in range(4):
        now += 5
        display.of("a").progress(some)
        now += 5
        display.of("b").progress(some)
    assert [line.split(":")[0] for line in lines] == [f"0 of 2 done; {run}" for run in "abab"]
    display.finished("a")
    now += 10
    display.of("b").progress(some)
    assert lines[-1].startswith("1 of 2 done; b:")
