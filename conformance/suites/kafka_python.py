"""kafka-python's integration tests: its admin client, its consumers and groups, its producers.

They come with its source distribution, and run in an environment of their own, since they are the
tests of just that version.  Two files are added to them: one makes their folder a package, one
stands in for what would start a broker, as the broker is somebody else's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from conformance.peers.server import Absent, cache, completed, made
from conformance.suites.results import Outcome, Result

VERSION = "3.0.12"
TESTS = 56
LIMIT = 900.0
"""Seconds for the whole suite; a test of it has 120."""

BROKER_VERSION = "4.3.0"
"""The version of Kafka that the broker's answer to ApiVersions implies."""

TOOLS = ("pytest<10", "pytest-mock", "pytest-timeout", "py", "lz4", "python-snappy", "zstandard",
         "crc32c", "setuptools")  # fmt: skip

SERVICE = '''"""The broker is there already."""


class ExternalService:
    def __init__(self, host, port):
        self.host, self.port = host, port

    def open(self):
        pass

    def close(self):
        pass


class SpawnedService:
    def __init__(self, *args, **kwargs):
        raise RuntimeError("a broker is not to be started")
'''


def home() -> Path:
    """Where the suite is kept."""
    return cache("suites", f"kafka-python-{VERSION}")


def fetch() -> None:
    """Have it here; Absent where pip or the network is not."""
    if home().is_dir():
        return
    name = f"kafka-python {VERSION}"
    with completed(home()) as passing:
        made(name, [sys.executable, "-m", "venv", "venv"], passing, 120)
        pip = [str(passing / "venv" / "bin" / "python"), "-m", "pip"]
        made(name, [*pip, "install", "-q", *TOOLS], passing, 600)
        source = ("--no-binary", ":all:", "--no-deps", f"kafka-python=={VERSION}")
        made(name, [*pip, "download", "-q", *source], passing, 300)
        with tarfile.open(passing / f"kafka_python-{VERSION}.tar.gz") as packed:
            packed.extractall(passing, filter="data")
        tests = passing / f"kafka_python-{VERSION}" / "test"
        (tests / "__init__.py").touch()
        (tests / "service.py").write_text(SERVICE, encoding="utf-8")


def run(bootstrap: str) -> Sequence[Result]:
    """All of it against the broker at an address."""
    parts = [f"test/integration/test_{part}_integration.py" for part in
             ("admin", "consumer", "producer")]  # fmt: skip
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        "KAFKA_URI": f"kafka://{bootstrap}",
        "KAFKA_VERSION": BROKER_VERSION,
        "KAFKA_ROOT": ".",
    }
    with tempfile.TemporaryDirectory(prefix="verdict-suite-") as folder:
        report = Path(folder, "report.xml")
        options = ("-q", "-W", "ignore", "-p", "no:cacheprovider", "--timeout=120")
        python = str(home() / "venv" / "bin" / "python")
        command = [python, "-m", "pytest", *options, f"--junitxml={report}", *parts]
        try:
            done = subprocess.run(
                command, cwd=home() / f"kafka_python-{VERSION}", env=environment,
                capture_output=True, text=True, timeout=LIMIT, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Absent(f"kafka-python's suite took more than {LIMIT:.0f} s") from None
        if not report.exists():
            raise Absent(f"kafka-python's suite did not run: {done.stdout.strip()[-200:]}")
        return list(_results(report))


def _results(report: Path) -> Iterator[Result]:
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest of our own wrote it
        name, seconds = str(case.get("name")), float(case.get("time") or 0)
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        skipped = case.find("skipped")
        if bad is not None:
            yield Result(name, Outcome.FAILED, _line(bad), seconds)
        elif skipped is not None:
            yield Result(name, Outcome.SKIPPED, _line(skipped), seconds)
        else:
            yield Result(name, Outcome.PASSED, "", seconds)


def _line(element: ET.Element) -> str:
    said = (element.get("message") or element.text or "").strip().splitlines()
    return said[0] if said else ""
