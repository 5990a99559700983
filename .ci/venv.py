"""Bring .venv up to what uv.lock says: the step that every target of the Makefile needs first.

    python .ci/venv.py

With uv it is `uv sync`; without, or where that fails, `python -m venv` and pip over
requirements/dev.txt, the same pins with their hashes.  Nothing is done where .venv already
fits: it carries a stamp of what it was made from, written last, so that an interrupted run is
started afresh.  Only one process at a time works on it; others wait and find it done.

Runs on whatever Python 3.11 or later the machine has, and needs nothing but its library.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".stamp"
PINS = ROOT / "requirements" / "dev.txt"
PROJECT = ROOT / "pyproject.toml"
FILES = (ROOT / "uv.lock", PINS, Path(__file__))
TABLES = ("build-system", "project", "dependency-groups")
"""What of the project's file bears on .venv: the tools' settings do not."""

HINT = "the packages must be within reach, and on Debian python3-venv installed"


def wanted() -> str:
    """What a fitting .venv carries as its stamp: its place, and a digest of what it is made of."""
    tables = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    digest = hashlib.sha256(json.dumps([tables.get(name) for name in TABLES]).encode())
    for path in FILES:
        digest.update(path.read_bytes())
    return f"{ROOT}\n{digest.hexdigest()}\n"


def fits(stamp: str) -> bool:
    """Whether .venv was finished with this stamp, and its interpreter still exists."""
    try:
        return STAMP.read_text(encoding="utf-8") == stamp and (VENV / "bin" / "python").exists()
    except OSError:
        return False


def with_uv(uv: str) -> None:
    """Let uv make or mend .venv from uv.lock."""
    environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(VENV)}
    environment.pop("VIRTUAL_ENV", None)
    command = [uv, "sync", "--frozen", "--all-groups", "--python", sys.executable]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def with_pip() -> None:
    """Make .venv anew with the standard library's venv and the pip that comes with it."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--quiet", "--require-hashes", "-r", str(PINS)], check=True)
    project = ["--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    subprocess.run([*pip, *project], check=True)


def make() -> None:
    """Make .venv with uv where there is one that can; CalledProcessError where nothing could."""
    if uv := shutil.which("uv"):
        say("making .venv with uv …")
        try:
            with_uv(uv)
        except subprocess.CalledProcessError:
            say("uv could not (is it too old?)")
        else:
            return
    say("making .venv with venv and pip …")
    with_pip()


def say(line: str) -> None:
    """Tell whoever is waiting."""
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Make .venv fit; 0 where it does, 2 with one line on stderr where it cannot be made."""
    stamp = wanted()
    if fits(stamp):
        return 0
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if fits(stamp):
            return 0
        STAMP.unlink(missing_ok=True)
        try:
            make()
        except subprocess.CalledProcessError as error:
            say(f"cannot make .venv: `{' '.join(error.cmd)}` failed, see above; {HINT}")
            return 2
        except KeyboardInterrupt:
            say("cannot make .venv: interrupted; the next run starts afresh")
            return 2
        STAMP.write_text(stamp, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
