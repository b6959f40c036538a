"""What docs/api.md says in R runs in R, over real HTTP, and prints what the guide says."""

from __future__ import annotations

import re
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from accounts.tokens import issue_token
from tests import factories as make
from tests.api.conftest import Program
from tests.importing.loaded import loaded_case

__all__ = ["loaded_case"]
pytestmark = [pytest.mark.django_db, pytest.mark.processes]

GUIDE = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()
TABLE, LOOP = re.findall(r"^```r\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
(PRINTED,) = re.findall(r"^```r\n.*?^```\n\n```text\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
# Where the loop would sleep it ends.
ONE_ROUND = "Sys.sleep <- function(time) quit(status = 0)\n"


@pytest.fixture
def partner(loaded_case: Any) -> Program:
    return Program(secret=issue_token(make.partner(), "guide")[1])


@pytest.fixture
def machine(partner: Program, tmp_path: Path) -> Any:
    """Runs a script of R in an empty folder. This thread serves it, since the case is in its transaction."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("needs Rscript")

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = partner.ask(self.path, headers={"Authorization": self.headers["Authorization"]})
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    def run(script: str) -> str:
        with HTTPServer(("127.0.0.1", 0), Door) as server:
            server.timeout = 0.1
            environment = {
                "PATH": "/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "CONVOYS_URL": f"http://127.0.0.1:{server.server_port}/api/v1",
                "CONVOYS_TOKEN": partner.secret,
            }
            with (tmp_path / "printed").open("w+") as printed:
                process = subprocess.Popen(
                    [rscript, "-e", script], cwd=tmp_path, env=environment, stdout=printed, stderr=printed
                )
                while process.poll() is None:
                    server.handle_request()
                printed.seek(0)
                said = printed.read()
        assert process.returncode == 0, said
        return said

    return run


def test_a_table_is_read_as_the_guide_says(machine: Any) -> None:
    assert machine(TABLE) == PRINTED


def test_the_loop_tells_each_entry_once(machine: Any, partner: Program) -> None:
    everything = partner.get("events?page_size=500")["results"]

    told = machine(ONE_ROUND + LOOP).splitlines()

    assert [int(line.split()[0]) for line in told] == [row["sequence"] for row in everything]
    assert machine(ONE_ROUND + LOOP) == ""
