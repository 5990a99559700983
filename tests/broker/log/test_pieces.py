"""What goes out of a file without being read: the same bytes, and no broker that ends with them."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

import pytest

from broker.log.files import MANY, Piece, RealFile

CONTENT = os.urandom(2 * MANY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def file(path: Path) -> RealFile:
    return RealFile(path, lambda _: None)


def piece(file: RealFile, at: int, count: int = MANY) -> Piece:
    found = file.piece(at, count)
    assert isinstance(found, Piece)
    return found


@pytest.mark.parametrize("at", [0, 1, 4095, 4096, 4097, MANY])
def test_a_piece_is_what_is_read(file: RealFile, at: int) -> None:
    found = piece(file, at)
    assert len(found) == MANY
    assert found.rest() == file.read(at, MANY) == CONTENT[at : at + MANY]


def test_few_are_read_and_no_more_than_there_are(file: RealFile) -> None:
    assert isinstance(file.piece(0, MANY - 1), bytes)
    assert len(file.piece(10, 1 << 40)) == 2 * MANY - 10
    assert file.piece(1 << 40, 1 << 40) == b""


@pytest.mark.parametrize("taken", [1, 5000, MANY - 1])
def test_what_a_socket_does_not_take_is_the_rest(file: RealFile, taken: int) -> None:
    found = piece(file, 77)
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        found._size = taken  # as if the socket had taken no more
        while len(found):
            found.send(here.fileno())
            assert there.recv(1 << 20)
        found._size = MANY - taken
    assert found.rest() == CONTENT[77 + taken : 77 + MANY]


def test_a_socket_that_takes_nothing_leaves_it_as_it_is(file: RealFile) -> None:
    found = piece(file, 0)
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                here.send(bytes(1 << 16))
        with pytest.raises(BlockingIOError):
            found.send(here.fileno())
    assert found.rest() == CONTENT[:MANY]


def test_the_rest_outlives_the_file(file: RealFile, path: Path) -> None:
    found = piece(file, 0)
    rest = found.rest()
    file.append(b"more")
    file.close()
    path.unlink()
    assert rest == CONTENT[:MANY]
    with pytest.raises(OSError, match="the file was closed"):
        found.rest()
    with pytest.raises(OSError, match="the file was closed"):
        found.send(0)


def test_a_file_that_somebody_cut_is_read_as_far_as_it_goes(file: RealFile, path: Path) -> None:
    os.truncate(path, 100)
    assert file.piece(0, MANY) == CONTENT[:100]


def test_pages_that_are_gone_fail_to_be_sent_and_end_nobody(file: RealFile, path: Path) -> None:
    found = piece(file, 0)
    rest = found.rest()
    os.truncate(path, 0)
    here, there = socket.socketpair()
    with here, there:
        with pytest.raises(OSError, match="Bad address"):
            here.send(rest)
        with pytest.raises(OSError, match="shorter than it was"):
            found.send(here.fileno())
