"""What hinders a start is said in one sentence, with a code of its own, before anything is started."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from convoytracker.broker_address import LONGEST_SOCKET_PATH, socket_path
from convoytracker.supervisor import broker, preflight
from convoytracker.supervisor.preflight import Refusal, check_disk, check_port, only_copy


def test_a_port_in_use_is_named_with_a_way_out():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]

        with pytest.raises(Refusal, match=f"Port {port} is in use by another program.*PORT=") as refusal:
            check_port("127.0.0.1", port)

    assert refusal.value.code == Refusal.PORT_IN_USE
    check_port("127.0.0.1", port)


@pytest.mark.parametrize("port", [0, 65536])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(Refusal, match="1 to 65535"):
        check_port("127.0.0.1", port)


def test_a_second_copy_is_refused_and_told_where_the_first_is(tmp_path: Path):
    with only_copy(tmp_path, "http://127.0.0.1:8000"):
        second = only_copy(tmp_path, "http://127.0.0.1:8123")
        with pytest.raises(Refusal, match=r"process \d+, http://127.0.0.1:8000") as refusal:
            second.__enter__()
        assert refusal.value.code == Refusal.RUNNING_ALREADY

    with only_copy(tmp_path, "http://127.0.0.1:8123"):
        pass


def test_a_full_disk_is_said_in_megabytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(preflight, "free_bytes", lambda folder: 3_400_000)

    with pytest.raises(Refusal, match="is full: 3 MB are free, 100 MB are needed") as refusal:
        check_disk(tmp_path)

    assert refusal.value.code == Refusal.DISK_FULL


def test_a_missing_broker_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(broker.metadata, "files", lambda name: None)

    with pytest.raises(Refusal, match="install valkey or redis") as refusal:
        broker.find_server()

    assert refusal.value.code == Refusal.NO_BROKER


def test_a_server_on_path_does_where_no_wheel_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = tmp_path / "redis-server"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(broker.metadata, "files", lambda name: None)

    assert broker.find_server() == str(program)


@pytest.mark.processes
def test_the_broker_listens_for_its_owner_alone(broker_socket: Path):
    assert stat.S_IMODE(broker_socket.stat().st_mode) == 0o700
    assert stat.S_IMODE((broker_socket.parent / "broker").stat().st_mode) == 0o700


@pytest.mark.processes
def test_a_broker_left_over_is_ended_before_another_is_started(broker_socket: Path):
    broker.make_room(broker_socket, broker_socket.parent / "broker")

    assert not broker.answers(broker_socket)
    assert not broker_socket.exists()


def test_a_long_folder_gets_a_short_socket_of_its_own(tmp_path: Path):
    deep, deeper = tmp_path / ("d" * 120), tmp_path / ("d" * 121)

    assert socket_path(tmp_path / "var").name == "broker.sock"
    assert len(str(socket_path(deep))) <= LONGEST_SOCKET_PATH
    assert socket_path(deep) == socket_path(deep)
    assert socket_path(deep) != socket_path(deeper)
