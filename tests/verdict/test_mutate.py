"""`verdict mutate`: what it prints, its exit statuses, and what it says of a bad request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.verdict.running import ROOT, Said, another, one_line, verdict

MACHINES = ROOT / "tests" / "checker" / "mutation" / "machines.py"
GATE = f"{MACHINES}:Gate"

TEXT = """\
{GATE}  15 mutants; in one (2 states)

                     killed  survived  unknown   score
  drop-guard              1         2        0   33.3%
  drop-effect             3         1        0   75.0%
  negate-comparison       1         0        0  100.0%
  shift-boundary          0         1        0    0.0%
  constant-up             4         0        0  100.0%
  constant-down           1         1        0   50.0%
  all                    10         5        0   66.6%

score 66.6%: 10 of 15; 3 survivors explained; 2 survivors unexplained

survivors that nobody has explained
  machines.py:47  Gate.enter: the effect is gone
    - self.coins -= 1
    drop-effect machines.py:Gate.enter self.coins -= 1
  machines.py:47  Gate.enter: the constant is the previous one
    - self.coins -= 1
    + self.coins -= 0
    constant-down machines.py:Gate.enter 1 in self.coins -= 1

survivors that are explained
  machines.py:38  Gate.pay: the guard is gone
    - require(not self.open)
    either guard is enough
  machines.py:39  Gate.pay: the guard is gone
    - require(self.coins < 1)
    either guard is enough
  machines.py:39  Gate.pay: the boundary is moved by one
    - self.coins < 1
    + self.coins <= 1
    either guard is enough

explanations that explain nothing
  drop-guard machines.py:Gate.leave self.open: there is no such mutant
  drop-guard machines.py:Gate.enter self.open: it is killed
"""

EXPLAINED = """\
[[explained]]
because = "either guard is enough"
mutants = [
    "drop-guard machines.py:Gate.pay not self.open",
    "drop-guard machines.py:Gate.pay self.coins < 1",
    "shift-boundary machines.py:Gate.pay self.coins < 1",
]

[[explained]]
because = "of another time"
mutants = [
    "drop-guard machines.py:Gate.leave self.open",
    "drop-guard machines.py:Gate.enter self.open",
]
"""


def mutate(*words: str | Path) -> Said:
    return verdict("mutate", "--workers", "1", *words)


@pytest.fixture
def explained(tmp_path: Path) -> Path:
    path = tmp_path / "survivors.toml"
    path.write_text(EXPLAINED, encoding="utf-8")
    return path


def test_the_report(explained: Path) -> None:
    said = mutate(GATE, "--explained", explained)
    lines = said.out.splitlines()
    wanted = TEXT.replace("{GATE}", GATE).splitlines()
    assert [_place(line) for line in lines] == [_place(line) for line in wanted]
    assert said.status == 0
    assert said.err == ""


def _place(line: str) -> str:
    """A line without the number of a line of the machines' file, which moves."""
    return line if ".py:" not in line else line.translate(str.maketrans("", "", "0123456789"))


def test_the_report_as_json(explained: Path) -> None:
    said = mutate(GATE, "--explained", explained, "--format", "json")
    told = json.loads(said.out)
    assert (told["killed"], told["survived"], told["unknown"], told["chosen"]) == (10, 5, 0, 15)
    assert told["score"] == 10 / 15
    assert told["unexplained"] == 2
    assert [one["why"] for one in told["stale"]] == ["there is no such mutant", "it is killed"]
    found = {one["mutant"]: one for one in told["judgements"]}
    boundary = found["shift-boundary machines.py:Gate.pay self.coins < 1"]
    assert boundary["explained"] == "either guard is enough"
    assert (boundary["before"], boundary["after"]) == ("self.coins < 1", "self.coins <= 1")
    assert found["drop-guard machines.py:Gate.enter self.open"]["by"] == "well-defined"


def test_a_score_that_is_too_low() -> None:
    assert mutate(GATE, "--fail-under", "66").status == 0
    assert mutate(GATE, "--fail-under", "67").status == 1
    assert mutate(GATE, "--fail-under", "67", "--timeout", "0.001").status == 1


def test_a_budget_that_runs_out() -> None:
    said = mutate(GATE, "--timeout", "0.001")
    assert said.status == 3
    assert "15 not judged: out of time" in said.out
    assert "score –: 0 of 0" in said.out


def test_a_sample_is_said_to_be_one() -> None:
    said = mutate(GATE, "--max-mutants", "3", "--seed", "7")
    assert said.status == 0
    assert "3 of 15 mutants, seed 7; in one (2 states)" in said.out


def test_a_report_goes_to_a_file_whole(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    assert mutate(GATE, "--format", "json", "--output", file).out == ""
    assert json.loads(file.read_text(encoding="utf-8"))["mutants"] == 15


def test_progress_is_told_beside_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERDICT_PROGRESS", "0")
    said = mutate(GATE)
    assert said.err.splitlines()[-1] == "15 of 15 mutants judged"
    assert mutate(GATE, "--quiet").err == ""


def test_several_processes_and_a_journal(tmp_path: Path) -> None:
    journal = tmp_path / "gate.journal"
    words = ("mutate", GATE, "--journal", journal, "--format", "json", "--quiet")
    first = another(*words, "--workers", "2")
    assert first.status == 0, first.err
    again = another(*words, "--workers", "2")
    assert again.out == first.out
    assert len(journal.read_bytes().splitlines()) == 17


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["nonsense"], "there is no machine called 'nonsense'"),
        (["Coins=2"], "no machine is named"),
        ([GATE, f"{MACHINES}:Office"], "several machines are named"),
        ([f"{GATE}/one", f"{GATE}/one"], "a configuration is named twice"),
        ([GATE, "--hazard", "paid"], "paid is not as expected in one"),
        ([GATE, "--format", "junit"], "text or json, not junit"),
        ([GATE, "--max-mutants", "0"], "--max-mutants"),
        ([GATE, "--fail-under", "101"], "--fail-under"),
        ([GATE, "--explained", "nowhere.toml"], "nowhere.toml cannot be read: No such file"),
        ([GATE, "--journal", "nowhere/journal"], "nowhere/journal cannot be written: No such"),
    ],
)
def test_a_request_that_means_nothing(words: list[str], wanted: str) -> None:
    assert wanted in one_line(mutate(*words))


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("[[explained]\n", "is no TOML"),
        ("x = 1\n", "it has something else than [[explained]]"),
        ("explained = 3\n", "it has something else than [[explained]]"),
        ("[[explained]]\nmutants = []\n", "entry 1 is not `because` and a list of `mutants`"),
        ('[[explained]]\nbecause = " "\nmutants = []\n', "entry 1 is not `because`"),
        ('[[explained]]\nbecause = "so"\nmutants = [1]\n', "entry 1 is not `because`"),
        ('[[explained]]\nbecause = "so"\nmutants = ["a", "a"]\n', "a is explained twice"),
    ],
)
def test_a_table_that_explains_nothing(tmp_path: Path, content: str, wanted: str) -> None:
    path = tmp_path / "survivors.toml"
    path.write_text(content, encoding="utf-8")
    assert wanted in one_line(mutate(GATE, "--explained", path))


def test_a_journal_of_another_version(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    mutate(GATE, "--journal", journal, "--max-mutants", "1")
    line = one_line(mutate(f"{MACHINES}:Stages", "--journal", journal))
    assert "is of another version of Gate; remove it to begin anew" in line
