"""The mistakes in the group's actions that no property notices are known, and each is explained.

`VERDICT_REWRITE=1 pytest tests/model/test_mutation.py -m slow` judges every mutant and writes the
README's part anew; otherwise a sample is judged, and held against model/survivors.toml.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from checker.mutation.explained import read

ROOT = Path(__file__).parents[2]
SURVIVORS = ROOT / "model" / "survivors.toml"
REWRITE = bool(os.environ.get("VERDICT_REWRITE"))
PART = re.compile(r"(<!-- mutation -->\n)(.*?)(<!-- /mutation -->)", re.DOTALL)
SAMPLE = 40


def recipe() -> list[str]:
    """The command that `make mutate` gives, as words."""
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "--silent", "mutate", "ARGS=--quiet"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    line = done.stdout[done.stdout.index("verdict mutate") :].replace("\\\n", " ")
    return [word.strip("'") for word in re.findall(r"'[^']*'|\S+", line)][1:]


def run(*more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "verdict", *recipe(), *more],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
    )  # fmt: skip


def told() -> str:
    """What the README says."""
    found = PART.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert found is not None
    return found.group(2)


def test_the_readme_counts_the_survivors_that_are_explained() -> None:
    score = re.search(r"score ([\d.]+)%: ([\d,]+) of ([\d,]+); (\d+) survivors explained", told())
    assert score is not None
    killed, decided = (int(text.replace(",", "")) for text in score.group(2, 3))
    assert int(score[4]) == decided - killed <= len(read(SURVIVORS))
    assert float(score[1]) == int(1000 * killed / decided) / 10
    assert "0 survivors unexplained" in told()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_of_a_sample_every_survivor_is_explained(tmp_path: Path) -> None:
    own = ["--journal", str(tmp_path / "journal")]
    done = run("--max-mutants", str(SAMPLE), "--format", "json", *own)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    survivors = [one for one in report["judgements"] if one["fate"] == "survived"]
    assert len(survivors) + report["killed"] == SAMPLE
    assert [one["mutant"] for one in survivors if not one["explained"]] == []
    assert report["stale"] == []
    assert f"{report['mutants']:,} mutants" in told()


@pytest.mark.slow
@pytest.mark.timeout(7500)
@pytest.mark.skipif(not REWRITE, reason="every mutant takes a while: only to write the README")
def test_what_the_readme_says() -> None:
    done = run()
    assert done.returncode == 0, done.stderr
    summary = done.stdout.split("\n\nsurvivors that")[0].rstrip("\n")
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    found = PART.search(text)
    assert found is not None
    written = text[: found.start(2)] + f"```text\n{summary}\n```\n" + text[found.end(2) :]
    readme.write_text(written, encoding="utf-8")
