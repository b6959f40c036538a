"""Proofs over the API: whoever notes a head can check an entry and every later head against it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from accounts.models import User
from convoys import merkle
from convoys.canonical import entry_leaf, group_digest
from convoys.models import LedgerEntry
from convoys.services.changes import FileToKeep, Record, Retract, convoy
from convoys.services.erasing import erase_words
from tests import factories as make
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db

NODE = shutil.which("node")
VERIFIER = Path(settings.BASE_DIR) / "docs" / "verify" / "verify.mjs"
NOTED = "Names the driver."
SECRET = "Ivan Petrov drove."


@pytest.fixture
def entries() -> dict[str, int]:
    """One entry of each sort, by what it is, on a convoy that all partners see."""
    make.organisation("other_society")
    make.make_convoy("C-1", visible_to="all_partners")
    found = {"registered": 1}

    def tell(name: str, *steps: Any) -> None:
        made = make.apply(*steps).sequences[0]
        found[name] = made[0]
        if len(made) > 1:
            found[f"claim on {name}"] = made[1]

    tell("staff", make.record("C-1", "inspected", "2026-03-02", place="junction", audience="staff"))
    tell("parties", make.record("C-1", "departed", "2026-03-02", audience="parties"))
    tell("partners", make.record("C-1", "seen", "2026-03-03", audience="partners"))
    source = make.account(statement=SECRET, is_confidential=True)
    tell("confidential", make.record("C-1", "seen", "2026-03-04", audience="partners", claims=[source]))
    said = make.account(statement=SECRET)
    tell("erased", make.record("C-1", "seen", "2026-03-05", audience="partners", claims=[said]))
    tell("retracted", make.record("C-1", "seen", "2026-03-06", audience="partners"))
    tell("retraction", Retract(found["retracted"], "Another convoy was meant."))
    shared = Record(convoy("C-1"), "visibility_changed", visible_to=["other_society"], audience="partners")
    tell("shared", shared)
    found["erasure"] = erase_words(found["claim on erased"], NOTED, make.administrator())
    make.make_convoy("C-2")
    return found


SEEN_BY_OTHER = {
    "partners", "claim on partners", "confidential", "claim on confidential", "erased", "claim on erased",
    "retracted", "claim on retracted", "retraction", "shared", "erasure",
}  # fmt: skip
SEEN_BY_SPONSOR = SEEN_BY_OTHER | {"registered", "parties", "claim on parties"}


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (make.partner, SEEN_BY_SPONSOR),
        (lambda: make.partner("other_society"), SEEN_BY_OTHER),
        (make.viewer, SEEN_BY_SPONSOR | {"staff", "claim on staff"}),
    ],
)
def test_an_entry_and_its_proof_are_for_whoever_may_read_it(
    who: Callable[[], User], seen: set[str], entries: dict[str, int]
) -> None:
    program = Program(who())
    for name, sequence in entries.items():
        expected = 200 if name in seen else 404
        assert program.ask(f"ledger/entries/{sequence}").status == expected, name
        assert program.ask(f"ledger/inclusion/{sequence}").status == expected, name


def leaf_of(entry: dict[str, Any]) -> str:
    """The leaf as a stranger computes it: from salts where there are any, else from digests."""
    digests = {}
    for name, group in entry["groups"].items():
        digests[name] = bytes.fromhex(group["digest"])
        if group["salt"] is not None:
            assert group_digest(bytes.fromhex(group["salt"]), group["fields"]) == digests[name]
    return entry_leaf(entry["type"], digests).hex()


@pytest.mark.parametrize("who", [make.viewer, make.partner, lambda: make.partner("other_society")])
def test_a_reader_can_compute_the_leaf_of_every_entry_and_follow_it_to_the_root(
    who: Callable[[], User], entries: dict[str, int]
) -> None:
    program = Program(who())
    head = program.get("ledger/head")
    checked = 0
    for sequence in range(1, head["size"] + 1):
        answer = program.ask(f"ledger/entries/{sequence}")
        if answer.status == 404:
            continue
        proof = program.get(f"ledger/inclusion/{sequence}")
        assert leaf_of(answer.body) == answer.body["leaf_hash"] == proof["leaf_hash"]
        path = [bytes.fromhex(step) for step in proof["path"]]
        leaf, root = bytes.fromhex(proof["leaf_hash"]), bytes.fromhex(proof["root"])
        assert (proof["size"], proof["root"]) == (head["size"], head["root"])
        assert merkle.is_included(leaf, sequence - 1, head["size"], path, root)
        checked += 1
    assert checked >= len(SEEN_BY_OTHER)


def withheld(program: Program, sequence: int) -> tuple[list[str], bool]:
    """Which groups came without salt, and whether the words are said to be erased."""
    entry = program.get(f"ledger/entries/{sequence}")
    without = [name for name, group in entry["groups"].items() if group["salt"] is None]
    assert all((entry["groups"][name]["fields"] is None) is (name in without) for name in entry["groups"])
    assert entry["withheld"] == ([] if entry["erased"] else without)
    return without, entry["erased"]


@pytest.mark.parametrize(
    ("name", "from_staff", "from_partner"),
    [
        ("partners", [], []),
        ("claim on partners", [], []),
        ("claim on confidential", [], ["words"]),
        ("erasure", [], ["words"]),
        ("shared", [], ["detail"]),
    ],
)
def test_of_what_is_not_for_a_reader_only_the_digest_is_told(
    name: str, from_staff: list[str], from_partner: list[str], entries: dict[str, int]
) -> None:
    assert withheld(Program(make.viewer()), entries[name]) == (from_staff, False)
    assert withheld(Program(make.partner()), entries[name]) == (from_partner, False)


def test_the_document_of_a_confidential_source_is_not_named(entries: dict[str, int]) -> None:
    """Its digest would lead to whoever published it."""
    page = FileToKeep("page.pdf", b"%PDF-1.4\n% a page\n%%EOF")
    source = make.account(document=page, is_confidential=True)
    made = make.apply(make.record("C-1", "seen", "2026-03-07", audience="partners", claims=[source]))
    assert withheld(Program(make.viewer()), made.sequences[0][1]) == ([], False)
    assert withheld(Program(make.partner()), made.sequences[0][1]) == (["detail", "words"], False)


def test_the_one_whom_a_convoy_is_shared_with_sees_that_it_is(entries: dict[str, int]) -> None:
    assert withheld(Program(make.partner("other_society")), entries["shared"]) == ([], False)


def test_erased_words_are_gone_for_everybody_and_said_to_be(entries: dict[str, int]) -> None:
    for person in (make.viewer(), make.partner()):
        program = Program(person)
        assert withheld(program, entries["claim on erased"]) == (["words"], True)
        detail = program.get("convoys/C-1")
        claims = {claim["sequence"]: claim for event in detail["events"] for claim in event["claims"]}
        claim = claims[entries["claim on erased"]]
        assert (claim["erased"], claim["statement"], claim["speaker"]) == (True, None, None)


def test_nothing_that_is_kept_back_is_in_any_answer(entries: dict[str, int]) -> None:
    program = Program(make.partner())
    told = "".join(json.dumps(program.ask(f"ledger/entries/{n}").body) for n in entries.values())
    assert SECRET not in told
    assert NOTED not in told
    assert "other_society" not in told
    assert NOTED in json.dumps(Program(make.viewer()).get(f"ledger/entries/{entries['erasure']}"))


# --- heads


def test_an_empty_ledger_has_the_hash_of_nothing() -> None:
    head = Program(make.viewer()).get("ledger/head")
    assert head == {"size": 0, "root": merkle.EMPTY_ROOT.hex(), "time": None}


def test_every_head_noted_on_the_way_is_proved_to_be_the_beginning(entries: dict[str, int]) -> None:
    program = Program(make.partner())
    noted = program.get("ledger/head")
    assert noted["time"] is not None
    make.tell("C-2", "departed", "2026-03-02")
    now = program.get("ledger/head")
    proof = program.get(f"ledger/consistency?from={noted['size']}")
    assert (proof["from_root"], proof["to"], proof["to_root"]) == (noted["root"], now["size"], now["root"])
    for earlier in range(1, now["size"] + 1):
        for later in (earlier, now["size"]):
            proof = program.get(f"ledger/consistency?from={earlier}&to={later}")
            path = [bytes.fromhex(step) for step in proof["path"]]
            roots = bytes.fromhex(proof["from_root"]), bytes.fromhex(proof["to_root"])
            assert merkle.is_consistent(earlier, later, path, *roots)


def test_an_entry_is_proved_in_the_ledger_of_an_earlier_size_too(entries: dict[str, int]) -> None:
    program = Program(make.viewer())
    size = program.get("ledger/head")["size"]
    for at in (3, 4, size):
        proof = program.get(f"ledger/inclusion/3?size={at}")
        path = [bytes.fromhex(step) for step in proof["path"]]
        leaf, root = bytes.fromhex(proof["leaf_hash"]), bytes.fromhex(proof["root"])
        assert merkle.is_included(leaf, 2, at, path, root)
        assert proof["root"] == program.get(f"ledger/consistency?from={at}")["from_root"]


# --- what cannot be asked


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("inclusion/3?size=2", "size"),
        ("inclusion/3?size=0", "size"),
        ("inclusion/3?size=9999", "size"),
        ("inclusion/3?size=-1", "size"),
        ("inclusion/3?size=x", "size"),
        ("inclusion/3?size=4&size=5", "size"),
        ("inclusion/3?size=99999999999999999999", "size"),
        ("consistency?from=0", "from"),
        ("consistency?from=5&to=4", "from"),
        ("consistency?from=1&to=9999", "to"),
        ("consistency?from=", "from"),
        ("consistency?to=%D9%A3", "to"),
        ("consistency?to=1%00", "to"),
    ],
)
def test_a_size_that_there_is_not_is_refused(path: str, parameter: str, entries: dict[str, int]) -> None:
    answer = Program(make.viewer()).ask(f"ledger/{path}")
    assert (answer.status, answer.body["code"]) == (400, "invalid-parameter")
    assert [error["parameter"] for error in answer.body["errors"]] == [parameter]


def test_of_an_empty_ledger_there_is_nothing_to_prove() -> None:
    program = Program(make.viewer())
    assert program.ask("ledger/consistency").status == 400
    assert program.ask("ledger/entries/1").status == 404


@pytest.mark.parametrize("kind", ["entries", "inclusion"])
@pytest.mark.parametrize("sequence", ["0", "9999", "9" * 30, "9" * 3000, "-1", "1.5", "x", "%00", "%D9%A3"])
def test_an_entry_that_there_is_not_is_not_found(kind: str, sequence: str, entries: dict[str, int]) -> None:
    answer = Program(make.viewer()).ask(f"ledger/{kind}/{sequence}")
    assert (answer.status, answer.body["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    "path", ["head?size=1", "entries/1?size=1", "inclusion/1?from=1", "consistency?size=1"]
)
def test_an_unknown_parameter_is_refused(path: str, entries: dict[str, int]) -> None:
    assert Program(make.viewer()).ask(f"ledger/{path}").body["code"] == "unknown-parameter"


# --- a stranger's verifier


@pytest.mark.skipif(NODE is None, reason="node is not on PATH: the verifier is JavaScript")
def test_the_verifier_in_another_language_follows_the_proofs_as_they_are_served(
    entries: dict[str, int], tmp_path: Path
) -> None:
    program = Program(make.partner())

    def kept(address: str, **changed: Any) -> Path:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.json"
        file.write_text(json.dumps(program.get(f"ledger/{address}") | changed))
        return file

    def run(*arguments: object) -> tuple[int, str]:
        words = [str(NODE), str(VERIFIER), *map(str, arguments)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    head = program.get("ledger/head")
    noted = f"{head['size']}:{head['root']}"
    for name in ("registered", "claim on confidential", "claim on erased", "erasure", "shared"):
        sequence = entries[name]
        code, told = run("entry", kept(f"entries/{sequence}"), kept(f"inclusion/{sequence}"))
        assert (code, told) == (0, f"entry {sequence} is in the ledger {noted}\n")
        assert run("inclusion", kept(f"inclusion/{sequence}"), noted)[0] == 0
    code, told = run("consistency", kept("consistency?from=5"))
    assert code == 0
    assert told.endswith(f" is the beginning of {noted}\n")

    other = LedgerEntry.objects.get(sequence=2).leaf_hash
    assert run("inclusion", kept("inclusion/1", leaf_hash=bytes(other).hex()))[0] == 1
    assert run("inclusion", kept("inclusion/1"), f"{head['size']}:{'0' * 64}")[0] == 1
    assert run("entry", kept("entries/1", type="claim"))[0] == 1
    assert run("entry", kept("entries/1"), kept(f"inclusion/{entries['partners']}"))[0] == 1
    assert run("consistency", kept("consistency?from=5", to_root="0" * 64))[0] == 1
    assert run("consistency", kept("consistency?from=5", path=[]))[0] == 1
