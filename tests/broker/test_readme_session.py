"""What README says of a client's session is what happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.broker.server.running import PATIENCE, running

README = Path(__file__).parents[2] / "README.md"
SESSION = re.compile(
    r"## A broker\n.*?```python\n(.*?)```\n\nprints\n\n```text\n(.*?)```", re.DOTALL
)


def test_a_session_with_kafka_python(tmp_path: Path) -> None:
    found = SESSION.search(README.read_text(encoding="utf-8"))
    assert found is not None
    code, printed = found.groups()
    with running(tmp_path) as broker:
        assert code.count("127.0.0.1:9092") == 2
        code = code.replace("127.0.0.1:9092", broker.bootstrap)
        for expected in (printed, ""):  # the second time the group has read everything
            done = subprocess.run(
                [sys.executable, "-c", code.replace("10_000", "4_000")],
                capture_output=True, text=True, check=True, timeout=PATIENCE,
                env={**os.environ, "PYTHONWARNINGS": "ignore"},
            )  # fmt: skip
            assert done.stdout == expected
