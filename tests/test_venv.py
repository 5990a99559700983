"""How .venv is made (.ci/venv.py): once, whole, and again when what it is made from changes.

The real script, in a project of its own, with a `uv` that writes down that it was called.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UV = """#!/bin/sh
echo "$@" >> calls
mkdir -p .venv/bin && ln -sf {python} .venv/bin/python
sleep {pause}
exit {status}
"""


class Project:
    """A project in which nothing has been installed yet."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("pyproject.toml", "uv.lock", "requirements/dev.txt", ".ci/venv.py"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
        self.uv()

    def uv(self, *, status: int = 0, pause: float = 0) -> None:
        tool = self.root / "tools" / "uv"
        tool.parent.mkdir(exist_ok=True)
        tool.write_text(UV.format(python=sys.executable, status=status, pause=pause))
        tool.chmod(0o755)

    def start(self) -> subprocess.Popen[str]:
        path = f"{self.root / 'tools'}{os.pathsep}{os.defpath}"
        return subprocess.Popen(
            [sys.executable, str(self.root / ".ci" / "venv.py")],
            env={**os.environ, "PATH": path},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self) -> tuple[int, str]:
        process = self.start()
        _, errors = process.communicate(timeout=30)
        return process.returncode, errors

    @property
    def calls(self) -> int:
        return len((self.root / "calls").read_text().splitlines())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_it_is_made_once(project: Project) -> None:
    assert project.run() == (0, "making .venv with uv …\n")
    assert project.run() == (0, "")
    assert project.calls == 1
    assert "--frozen" in (project.root / "calls").read_text()


@pytest.mark.parametrize("name", ["uv.lock", "requirements/dev.txt", ".ci/venv.py"])
def test_it_is_made_again_when_an_input_changes(project: Project, name: str) -> None:
    project.run()
    with (project.root / name).open("a") as file:
        file.write("# changed\n")
    assert project.run()[0] == 0
    assert project.calls == 2


def test_the_settings_of_tools_do_not_bear_on_it(project: Project) -> None:
    project.run()
    with (project.root / "pyproject.toml").open("a") as file:
        file.write("[tool.other]\nx = 1\n")
    assert project.run() == (0, "")


def test_a_requirement_bears_on_it(project: Project) -> None:
    project.run()
    file = project.root / "pyproject.toml"
    file.write_text(file.read_text().replace('"rich>=', '"rich>'))
    project.run()
    assert project.calls == 2


def test_it_is_made_again_when_its_python_is_gone(project: Project) -> None:
    project.run()
    (project.root / ".venv" / "bin" / "python").unlink()
    project.run()
    assert project.calls == 2


def test_a_failure_is_told_and_not_taken_for_done(project: Project) -> None:
    """Pip is asked where uv fails; it fails at once too, for its pins are none."""
    project.uv(status=3)
    (project.root / "requirements" / "dev.txt").write_text("no requirement\n")
    status, errors = project.run()
    assert status == 2
    assert "making .venv with venv and pip" in errors
    assert errors.splitlines()[-1].startswith("cannot make .venv: ")
    assert "Traceback" not in errors
    project.uv()
    assert project.run()[0] == 0
    assert project.calls == 2


def test_a_run_that_was_killed_is_started_afresh(project: Project) -> None:
    project.uv(pause=60)
    process = project.start()
    while not (project.root / "calls").exists():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    project.uv()
    assert project.run()[0] == 0
    assert project.calls == 2


def test_two_at_once_make_it_once(project: Project) -> None:
    project.uv(pause=0.5)
    both = [project.start(), project.start()]
    assert [process.communicate(timeout=30) and process.returncode for process in both] == [0, 0]
    assert project.calls == 1
