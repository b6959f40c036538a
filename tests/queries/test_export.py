"""The export, and the verifier in another language that strangers are given with it."""

from __future__ import annotations

import json
import shutil
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from convoys import merkle
from convoys.canonical import group_digest
from convoys.models import Claim, triggers
from convoys.queries.ledger_head import newest_head
from convoys.services.erasing import erase_words
from tests import factories as make
from tests.importing.loaded import loaded_case

__all__ = ["loaded_case"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded_case")]

FOLDER = Path(settings.BASE_DIR) / "docs" / "verify"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not on PATH: the verifier is JavaScript")


def export() -> list[dict[str, Any]]:
    printed = StringIO()
    call_command("export_ledger", stdout=printed)
    return [json.loads(line) for line in printed.getvalue().splitlines()]


def verifier(*arguments: object) -> subprocess.CompletedProcess[str]:
    words = [str(NODE), str(FOLDER / "verify.mjs"), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def written(folder: Path, lines: list[dict[str, Any]]) -> Path:
    file = folder / "ledger.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_an_export_holds_every_entry_and_ends_with_the_head() -> None:
    size, root = newest_head()
    first, *entries, last = export()

    assert first == {"format": "convoys-ledger", "v": 1}
    assert [entry["sequence"] for entry in entries] == list(range(1, size + 1))
    assert (last["head"]["size"], last["head"]["root"]) == (size, root.hex())
    frontier: list[bytes] = []
    for number, entry in enumerate(entries):
        frontier, _ = merkle.append(number, frontier, bytes.fromhex(entry["leaf_hash"]))
    assert merkle.root_of(frontier) == root


def test_an_empty_ledger_is_exported_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convoys.queries.api_ledger.LedgerHead.objects.first", lambda: None)
    assert [list(line) for line in export()] == [["format", "v"], ["head"]]


def test_erased_words_are_exported_as_their_digest() -> None:
    sequence = Claim.objects.earliest("sequence").sequence
    before = export()[sequence]["groups"]["words"]
    erase_words(sequence, "Names a driver.", make.administrator())
    after = export()[sequence]
    assert list(before) == ["salt", "fields"]
    assert list(after["groups"]["words"]) == ["digest"]


def test_a_record_that_is_not_whole_is_not_exported_as_if_it_were() -> None:
    claim = Claim.objects.latest("sequence")
    triggers.remove(connection)
    try:
        Claim.objects.filter(pk=claim.pk).delete()
    finally:
        triggers.install(connection)
    with pytest.raises(CommandError, match=f"Entry {claim.pk} is not whole"):
        export()


# --- the verifier


@needs_node
def test_the_verifier_computes_what_is_published() -> None:
    answer = verifier("vectors", FOLDER / "vectors.json")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "8 roots" in answer.stdout


@needs_node
def test_the_verifier_finds_a_real_export_honest_after_an_erasure_too(tmp_path: Path) -> None:
    noted_size, noted_root = newest_head()
    erase_words(Claim.objects.earliest("sequence").sequence, "Names a driver.", make.administrator())
    size, root = newest_head()
    answer = verifier("export", written(tmp_path, export()), f"{noted_size}:{noted_root.hex()}")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == f"{size} entries, all honest, 1 with words erased. Head {size}:{root.hex()}\n"


def _edited(lines: list[dict[str, Any]]) -> None:
    lines[3]["groups"]["open"]["fields"]["known_from"] = "2020-01-01T00:00:00.000000Z"


def _swapped(lines: list[dict[str, Any]]) -> None:
    lines[3], lines[4] = lines[4], lines[3]


def _renumbered(lines: list[dict[str, Any]]) -> None:
    _swapped(lines)
    lines[3]["sequence"], lines[4]["sequence"] = 3, 4


def _deleted(lines: list[dict[str, Any]]) -> None:
    del lines[3]


def _cut(lines: list[dict[str, Any]]) -> None:
    del lines[-1]


def _wordless(lines: list[dict[str, Any]]) -> None:
    """Words reduced to their digest, as an erasure leaves them, without one."""
    words = lines[2]["groups"]["words"]
    lines[2]["groups"]["words"] = {
        "digest": group_digest(bytes.fromhex(words["salt"]), words["fields"]).hex()
    }


def _reworded(lines: list[dict[str, Any]]) -> None:
    lines[2]["groups"]["words"]["fields"]["statement"] = "It was never held."


@needs_node
@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (_edited, "entry 3: this is not what was hashed"),
        (_swapped, "entry 3 is missing: 4 stands in its place"),
        (_renumbered, "the head's root is not that of the entries"),
        (_deleted, "entry 3 is missing: 4 stands in its place"),
        (_cut, "the export is cut"),
        (_wordless, "entry 2: its words are gone without an erasure"),
        (_reworded, "entry 2: this is not what was hashed"),
    ],
)
def test_the_verifier_names_what_was_done_to_an_export(harm: Any, sentence: str, tmp_path: Path) -> None:
    lines = export()
    harm(lines)
    answer = verifier("export", written(tmp_path, lines))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert sentence in answer.stderr


@needs_node
def test_the_verifier_holds_an_export_to_a_head_noted_elsewhere(tmp_path: Path) -> None:
    file = written(tmp_path, export())
    size, _ = newest_head()
    for head, sentence in (
        (f"{size}:{'0' * 64}", "is another than the one noted"),
        (f"{size + 1}:{'0' * 64}", f"is cut: it had {size + 1} entries"),
        ("nonsense", "a head is SIZE:ROOT"),
    ):
        answer = verifier("export", file, head)
        assert answer.returncode == 1
        assert sentence in answer.stderr
