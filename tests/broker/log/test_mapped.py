"""What goes out as it lies in the page cache: the same bytes, and no broker that ends with them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from broker.log.files import MANY, RealFile

CONTENT = os.urandom(2 * MANY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def file(path: Path) -> RealFile:
    return RealFile(path, lambda _: None)


@pytest.mark.parametrize("at", [0, 1, 4095, 4096, 4097, MANY])
def test_mapped_is_what_is_read(file: RealFile, at: int) -> None:
    found = file.mapped(at, MANY)
    assert isinstance(found, memoryview)
    assert found == file.read(at, MANY) == CONTENT[at : at + MANY]


def test_few_are_read_and_no_more_than_there_are(file: RealFile) -> None:
    assert isinstance(file.mapped(0, MANY - 1), bytes)
    assert file.mapped(10, 1 << 40) == CONTENT[10:]
    assert file.mapped(1 << 40, 1 << 40) == b""


def test_what_is_mapped_outlives_the_file(file: RealFile, path: Path) -> None:
    found = file.mapped(0, MANY)
    file.append(b"more")
    file.close()
    path.unlink()
    assert found == CONTENT[:MANY]


def test_a_file_that_somebody_cut_is_read_as_far_as_it_goes(file: RealFile, path: Path) -> None:
    os.truncate(path, 100)
    assert file.mapped(0, MANY) == CONTENT[:100]


def test_pages_that_are_gone_fail_to_be_sent_and_end_nobody(file: RealFile, path: Path) -> None:
    found = file.mapped(0, MANY)
    os.truncate(path, 0)
    here, there = socket.socketpair()
    with here, there, pytest.raises(OSError, match="Bad address"):
        here.send(found)
