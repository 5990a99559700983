"""Histories as files: what a line may be, and what `verdict history` says of them."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import pytest

from checker.errors import TraceError
from conformance.history import KINDS, Crash, Operation, Send, read
from conformance.history.anomalies import ALLOWED
from conformance.history.operations import OPERATIONS, line, parse
from conformance.history.recorder import recording
from tests.conformance.histories import CASES, poll, sends
from tests.verdict.running import another, one_line, verdict

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "history.md").read_text(encoding="utf-8")


def written(path: Path, *history: Operation) -> Path:
    path.write_text("".join(f"{line(operation)}\n" for operation in history), encoding="utf-8")
    return path


def test_every_operation_is_read_as_it_was_written() -> None:
    for case in CASES:
        for history in (case.shown, case.near):
            assert parse(map(line, history)) == history


def test_the_page_tells_every_operation_and_every_anomaly() -> None:
    examples = re.findall(r"^\{.*\}$", PAGE, flags=re.MULTILINE)
    assert {json.loads(example)["op"] for example in examples} == set(OPERATIONS)
    parse(examples)
    told = dict(re.findall(r"^\| `([a-z-]+)` \| (.+?) \|$", PAGE, flags=re.MULTILINE))
    allowed = {kind: f"{KINDS[kind]} (allowed)" for kind in ALLOWED}
    assert told == {**KINDS, **allowed}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "history:1: no JSON: Expecting value"),
        ("[]", 'history:1: an operation is an object with an "op"'),
        ('{"op":"fly"}', "history:1: there is no operation 'fly'; known are open, send, poll"),
        ('{"op":"crash"}', "history:1: a crash lacks 'process'"),
        ('{"op":"crash","process":"b","why":1}', "history:1: a crash has no 'why'"),
        ('{"op":"crash","process":7}', "history:1: process is a string, not 7"),
        ('{"op":"open","process":"c","isolation":"none"}', "history:1: isolation is one of read_u"),
        ('{"op":"poll","process":"c","records":[["t",0,1]]}', "history:1: records has [topic, par"),
        ('{"op":"poll","process":"c","records":{}}', "history:1: records is a list, not {}"),
        ('{"op":"poll","process":"c","records":[["t",-1,1,"a"]]}', "history:1: partition is a num"),
    ],
)
def test_a_damaged_line_is_told_by_its_number(text: str, said: str) -> None:
    with pytest.raises(TraceError, match=re.escape(said)):
        parse([text])


def test_threads_record_into_one_file(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"

    def work(name: str) -> None:
        for _ in range(200):
            number = recorder.number(name)
            recorder(Send(name, number, "t", 0, f"{name}-{number}", "unknown"))

    with recording(path) as recorder:
        threads = [threading.Thread(target=work, args=(f"p{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        recorder(Crash("broker"))
    found = read(path)
    assert found == recorder.history
    assert len(found) == 801
    for name in ("p0", "p3"):
        numbers = [o.number for o in found if isinstance(o, Send) and o.process == name]
        assert numbers == list(range(200))


def test_a_history_without_anomaly(tmp_path: Path) -> None:
    path = written(tmp_path / "fine.jsonl", *sends("a@0", "b@1"), poll("a@0", "b@1"))
    said = verdict("history", path)
    assert said.status == 0
    counted, verdict_of_it = said.out.splitlines()
    assert counted.startswith("3 operations of 2 processes: 2 sends acknowledged, 0 failed, 0 unk")
    assert counted.endswith("; 2 records in 1 poll")
    assert verdict_of_it == "no anomaly"


def test_a_history_with_one(tmp_path: Path) -> None:
    path = written(tmp_path / "lost.jsonl", *sends("a@0", "b@1", "c@2"), poll("a@0", "c@2"))
    said = another("history", path)
    assert said.status == 1
    assert said.out.splitlines()[1:] == [
        "✗  lost-write × 1: A value that must be there, below what was read, was in no poll.",
        "       t-0: b was acknowledged at offset 1, below 2 that was read (line 2)",
        "✗  int-poll-skip × 1: A poll passed by a value that it should have returned.",
        "       t-0: c went from 0 to 2, past b at 1 (line 4)",
    ]
    told = json.loads(verdict("history", path, "-f", "json").out)
    assert told["counts"]["acknowledged"] == 3
    assert [anomaly["kind"] for anomaly in told["anomalies"]] == ["lost-write", "int-poll-skip"]
    assert told["anomalies"][0] == {
        "kind": "lost-write",
        "topic": "t",
        "partition": 0,
        "lines": [2],
        "told": "b was acknowledged at offset 1, below 2 that was read",
    }
    both = ("--allow", "lost-write", "--allow", "int-poll-skip")
    assert verdict("history", path, *both).status == 0
    assert "·  lost-write × 1" in verdict("history", path, *both).out


def test_what_is_no_history_is_told_in_a_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"op":"crash","process":"broker"}\n{"op":\n', encoding="utf-8")
    assert f"{bad}:2: no JSON" in one_line(verdict("history", bad))
    assert "cannot be read" in one_line(verdict("history", tmp_path / "none.jsonl"))
    fine = written(tmp_path / "fine.jsonl", *sends("a@0"))
    assert "no anomaly called 'lost'" in one_line(verdict("history", fine, "--allow", "lost"))
    assert verdict("history", fine, "-f", "junit").status == 2
