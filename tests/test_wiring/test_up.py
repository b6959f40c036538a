"""`manage.py up` for real: an empty folder becomes an instance that sweeps, and Ctrl-C leaves nothing."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.test_wiring.waiting import until

pytestmark = pytest.mark.processes
PROMISED_SECONDS = 5.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_of(folder: Path) -> list[str]:
    """Command lines of all that runs with this folder as its VAR_DIR."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"VAR_DIR={folder}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # ended while we looked
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks for what is left in /proc")
def test_from_an_empty_folder_to_a_sweeping_instance_and_back(tmp_path: Path):
    port, folder, output = free_port(), tmp_path / "var", tmp_path / "output"
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {**clean, "VAR_DIR": str(folder), "PORT": str(port), "ALERT_SWEEP_SECONDS": "1"}

    def answer(path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except OSError as error:
            return 0, str(error)
        finally:
            connection.close()

    with output.open("wb") as file:
        up = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--prepare"], env=environment, stdout=file, stderr=file
        )
    try:
        until(lambda: answer("/readyz")[0] == 200, "/readyz says ready", longest=60)
        assert json.loads(answer("/readyz")[1])["ready"] is True
        second = subprocess.run(
            [sys.executable, "manage.py", "up"], env=environment, capture_output=True, text=True, check=False
        )
        begun = time.monotonic()
        up.send_signal(signal.SIGINT)
        up.wait(timeout=30)
        seconds = time.monotonic() - begun
    finally:
        up.kill()
        up.wait()

    said = output.read_text()
    assert f"The tracker is at http://127.0.0.1:{port}" in said
    for tag in ("up", "broker", "web", "worker", "beat"):
        assert f"\n{tag:<6} |" in f"\n{said}"
    assert (second.returncode, second.stdout.count("\n")) == (4, 1)
    assert "Another copy is running" in second.stdout
    assert up.returncode == 0
    assert seconds < PROMISED_SECONDS
    assert processes_of(folder) == []
    for key in ("secret_key", "webhook_key"):
        assert stat.S_IMODE((folder / key).stat().st_mode) == 0o600
