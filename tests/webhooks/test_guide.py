"""docs/webhooks.md and the pages are true: their snippets verify what we send, and refuse what we did not."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from convoys.models import Telling, Watch
from convoys.services.messaging.deliver import deliver_webhooks
from convoys.services.webhooks.schedule import PAUSES
from convoys.services.webhooks.secrets import new_secret
from convoys.services.webhooks.signing import signed_headers
from tests.webhooks.hooks import Hook, raised

GUIDE = (Path(settings.BASE_DIR) / "docs" / "webhooks.md").read_text()
SNIPPETS = Path(settings.BASE_DIR) / "templates" / "alerts" / "verify"
BODY = '{"type":"test","name":"Lachin / Berdzor é"}'.encode()


def block(language: str) -> str:
    (text,) = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    return str(text)


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_guide_and_pages_show_the_same_snippet(language):
    assert (SNIPPETS / f"{language}.txt").read_text() == block(language)


def by_python(secret: str, headers: dict[str, str], body: bytes) -> bool:
    room: dict[str, Any] = {}
    exec(block("python"), room)  # noqa: S102 - it is the guide's own
    try:
        room["verify"](secret, headers, body)
    except ValueError:
        return False
    return True


def by_javascript(secret: str, headers: dict[str, str], body: bytes) -> bool:
    script = block("javascript") + (
        f"verify({json.dumps(secret)}, {json.dumps(headers)}, Buffer.from({json.dumps(body.hex())}, 'hex'));"
    )
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    done = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, check=False)
    assert done.returncode == 0 or b"Error: " in done.stderr
    assert b"SyntaxError" not in done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("verify", [by_python, by_javascript])
def test_the_snippet_accepts_ours_and_nothing_else(verify):
    secret, before, now = new_secret(), new_secret(), int(time.time())
    headers = signed_headers([secret, before], "msg_1", now, BODY)
    assert verify(secret, headers, BODY)
    assert verify(before, headers, BODY)
    assert not verify(new_secret(), headers, BODY)
    assert not verify(secret, headers, BODY + b" ")
    assert not verify(secret, headers | {"webhook-id": "msg_2"}, BODY)
    assert not verify(secret, headers | {"webhook-signature": "v1,short nonsense"}, BODY)
    for moved in (-400, 400):
        assert not verify(secret, signed_headers([secret], "msg_1", now + moved, BODY), BODY)


def test_the_guide_names_every_watch_telling_and_pause():
    for word in [*Watch.values, *Telling.values, "redated", "test"]:
        assert f"`{word}`" in GUIDE
    hours = [int(pause.total_seconds()) // 3600 for pause in PAUSES[3:]]
    said = ", ".join(str(hour) for hour in hours[:-1]) + f" and {hours[-1]} h"
    assert f"5 s, 5 min, 30 min, {said}" in GUIDE


@pytest.mark.django_db
def test_the_guides_example_has_the_fields_of_a_call(sweep, clock, receiver):
    Hook(receiver)
    raised(sweep)
    deliver_webhooks()
    sent, shown = json.loads(receiver.calls[0].body), json.loads(block("json"))
    assert sent.keys() == shown.keys()
    assert sent["data"].keys() == shown["data"].keys()
    fixed = {"type", "timestamp"}
    assert {name: sent[name] for name in fixed} == {name: shown[name] for name in fixed}
