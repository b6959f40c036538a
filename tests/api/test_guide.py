"""docs/api.md is true: every snippet runs against the case, in order, and prints what the guide says."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import shlex
import sys
import types
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from accounts.tokens import issue_token
from convoys.api import convoy_filters, feed
from convoys.services.changes import Record, When, convoy
from tests import factories as make
from tests.api.conftest import Program
from tests.importing.loaded import loaded_case

__all__ = ["loaded_case"]
pytestmark = pytest.mark.django_db

GUIDE = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
ADDRESS = "http://127.0.0.1:8000/api/v1"


# What the guide's lines say to curl; whatever else they say is an error.
CURL = argparse.ArgumentParser()
CURL.add_argument("curl", choices=["curl"])
CURL.add_argument("-s", action="store_true", required=True)
CURL.add_argument("-H", action="append", dest="headers", required=True)
for option in ("--etag-compare", "--etag-save", "-o"):
    CURL.add_argument(option)
CURL.add_argument("address")


@pytest.fixture
def partner(loaded_case: Any) -> Program:
    return Program(secret=issue_token(make.partner(), "guide")[1])


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def curls() -> list[str]:
    return [line for text in blocks("sh") for line in text.splitlines() if line.startswith("curl")]


@pytest.mark.parametrize("line", curls())
def test_a_curl_line_answers(line: str, partner: Program) -> None:
    command, _, expected = line.partition("  # ")
    words = shlex.split(command.replace("$CONVOYS_TOKEN", partner.secret).replace("$CONVOYS_URL", ADDRESS))
    asked = CURL.parse_args(words)
    headers = dict(header.split(": ", 1) for header in asked.headers)
    answer = Program().ask(asked.address.removeprefix("http://127.0.0.1:8000"), headers=headers)
    assert answer.status == int(expected or 200)
    if expected:
        (shown,) = blocks("json")
        assert answer.body == json.loads(shown) | {"request_id": answer.headers["X-Request-ID"]}


class _Opened(io.BytesIO):
    """What `urlopen` returns of an answer: its body to read, and its headers."""

    headers: Any


class _OneRoundError(Exception):
    """Raised where the loop would sleep."""


@pytest.fixture
def machine(partner: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs a snippet as a script of its own would: in an empty folder, with the token in its environment,
    and our test client in place of the network."""

    def urlopen(request: urllib.request.Request, timeout: float) -> Any:
        path = request.full_url.split("/", 3)[3]
        answer = partner.ask(f"/{path}", headers=dict(request.header_items()))
        body = _Opened(answer.content)
        body.headers = answer.headers
        if answer.status != 200:
            raise urllib.error.HTTPError(request.full_url, answer.status, "", Message(), body)
        return contextlib.closing(body)

    def sleep(seconds: float) -> None:
        raise _OneRoundError

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    monkeypatch.setattr("time.sleep", sleep)
    monkeypatch.setenv("CONVOYS_URL", ADDRESS)
    monkeypatch.setenv("CONVOYS_TOKEN", partner.secret)
    monkeypatch.chdir(tmp_path)
    module, *scripts = blocks("python")
    shared = types.ModuleType("convoys_api")
    exec(module, shared.__dict__)  # noqa: S102 - the guide's own text
    monkeypatch.setitem(sys.modules, "convoys_api", shared)

    def run(number: int) -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.suppress(_OneRoundError):
            exec(scripts[number], {"__name__": "__main__"})  # noqa: S102 - the guide's own text
        return printed.getvalue()

    return run


LOOP = 2  # the one script that never ends, and prints what comes


@pytest.mark.parametrize("number", [n for n in range(len(blocks("python")) - 1) if n != LOOP])
def test_a_script_prints_what_the_guide_says(number: int, machine: Any) -> None:
    assert machine(number) == blocks("text")[number - (number > LOOP)]


def test_the_loop_tells_everything_once_and_goes_on_from_there(machine: Any, partner: Program) -> None:
    everything = partner.get("events?page_size=500")
    assert everything["next"] is None
    assert len(machine(LOOP).splitlines()) == len(everything["results"])
    assert machine(LOOP) == ""
    day = When.parse("2023-10-01", ZoneInfo(settings.INSTANCE_TIME_ZONE))
    make.tell("KB23-02", "seen", day, audience="partners")
    assert machine(LOOP) == "KB23-02 seen 2023-10-01T00:00:00+04:00 to the day\nKB23-02 An observer reports\n"
    assert copy_kept() == everything_of(partner)


def test_the_copy_of_the_loop_forgets_what_is_withdrawn_and_fetches_what_is_shown(
    machine: Any, partner: Program
) -> None:
    machine(LOOP)
    ref = convoy("KB23-02")
    sharings: list[str | list[str]] = [[], "all_partners", []]
    for visible_to in sharings:
        make.apply(Record(ref, "visibility_changed", visible_to=visible_to))
        machine(LOOP)
        assert copy_kept() == everything_of(partner)


def copy_kept() -> set[int]:
    return {int(sequence) for sequence in json.loads(Path("copy.json").read_text())["entries"]}


def everything_of(program: Program) -> set[int]:
    rows = program.get("events?page_size=500")["results"]
    return {row["sequence"] for row in rows if row["type"] in ("event", "claim")}


def test_the_limit_that_the_guide_names_is_the_one_that_holds() -> None:
    assert f"{settings.API_REQUESTS_PER_MINUTE} times a minute" in GUIDE


def test_the_guide_names_every_parameter() -> None:
    for parameter in (*convoy_filters.CONVOYS, *feed.PARAMETERS):
        assert f"`{parameter.name}`" in GUIDE
