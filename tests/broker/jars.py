"""Apache Kafka's own jars, for tests that ask Kafka what it thinks.

They are looked for in VERDICT_KAFKA_LIBS, then in the user's cache, where Maven puts them the
first time.  A test that needs them is skipped, with the reason, where there is no Java or no Maven
and no jars.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import platformdirs
import pytest

VERSION = "4.3.1"
POM = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>verdict</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>{dependencies}</dependencies>
</project>
"""
DEPENDENCY = (
    "<dependency><groupId>org.apache.kafka</groupId>"
    "<artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
)


@cache
def kafka_libs() -> Path:
    """The folder with the jars; skips the test where they cannot be had."""
    if shutil.which("java") is None:
        pytest.skip("there is no java")
    given = os.environ.get("VERDICT_KAFKA_LIBS")
    folder = Path(given) if given else platformdirs.user_cache_path("verdict") / f"kafka-{VERSION}"
    if not (folder / f"kafka-tools-{VERSION}.jar").exists():
        _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    if shutil.which("mvn") is None:
        pytest.skip(f"there is no Maven, and no jars of Apache Kafka in {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    dependencies = "".join(
        DEPENDENCY.format(artifact=artifact, version=VERSION)
        for artifact in ("kafka_2.13", "kafka-tools")
    )
    (folder / "pom.xml").write_text(POM.format(dependencies=dependencies), encoding="utf-8")
    command = ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"Maven could not bring Apache Kafka's jars: {done.stdout[-300:]}")


def run_tool(name: str, *arguments: str) -> str:
    """What one of Kafka's tools prints."""
    command = [
        "java",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        f"{kafka_libs()}/*",
        f"org.apache.kafka.tools.{name}",
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
