"""An honest record verifies; whatever is done to it behind the guards is named by its first bad entry."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction

from convoys import merkle
from convoys.models import Claim, Event, LedgerEntry, LedgerHead, LedgerNode, Words, triggers
from convoys.queries import verification
from convoys.queries.ledger_head import newest_head as stored_head
from convoys.queries.proofs import consistency_proof, inclusion_proof
from convoys.queries.verification import Head, verify
from tests import factories

pytestmark = pytest.mark.django_db


def newest_head() -> Head:
    size, root = stored_head()
    return Head(size, root.hex())


@pytest.fixture
def record() -> None:
    """A convoy that was held and let go: eight entries of events, claims and their words."""
    factories.road()
    factories.organisation()
    factories.make_convoy("C-1")
    factories.tell("C-1", "held", "2026-03-02", place="junction", held_before="bridge")
    factories.tell("C-1", "seen", "2026-03-03", place="junction")
    factories.tell("C-1", "released", "2026-03-04", place="junction")


def tamper(change: Callable[[], object]) -> None:
    """Do what somebody with the database's password could do."""
    triggers.remove(connection)
    try:
        change()
    finally:
        triggers.install(connection)


def a_sequence(kind: str) -> int:
    return Event.objects.get(kind=kind).sequence


def test_an_honest_record_verifies(record: None) -> None:
    verdict = verify()

    assert verdict.flaw is None
    assert verdict.size == LedgerEntry.objects.count() > 6
    assert verdict.root == newest_head().root


def test_what_is_recorded_while_it_runs_is_no_flaw(record: None, monkeypatch: pytest.MonkeyPatch) -> None:
    real = verification._last_row

    def meanwhile() -> int:
        factories.make_convoy("C-7")
        return real()

    monkeypatch.setattr(verification, "_last_row", meanwhile)
    assert verify().flaw is None


def test_an_edited_field_is_found(record: None) -> None:
    held = a_sequence("held")

    tamper(lambda: Event.objects.filter(pk=held).update(place="hamlet"))

    assert verify().flaw.sequence == held


def test_an_edited_word_is_found(record: None) -> None:
    held = a_sequence("held")
    tamper(lambda: Words.objects.filter(pk=held + 1).update(fields={"statement": "It was never held."}))

    assert verify().flaw.sequence == held + 1


def test_a_deleted_row_is_found(record: None) -> None:
    claim = Claim.objects.earliest("sequence")

    tamper(lambda: Claim.objects.filter(pk=claim.pk).delete())

    assert verify().flaw.sequence == claim.sequence


def test_words_gone_without_an_erasure_are_found(record: None) -> None:
    seen = a_sequence("seen")
    tamper(lambda: Words.objects.filter(pk=seen).delete())

    assert verify().flaw.sequence == seen


def test_a_swapped_pair_is_found(record: None) -> None:
    one, other = Claim.objects.values_list("sequence", flat=True)[:2]

    def swap() -> None:
        for model in (Claim, LedgerEntry, Words):
            for old, new in ((one, 900), (other, one), (900, other)):
                model.objects.filter(pk=old).update(sequence=new)

    tamper(swap)

    assert verify().flaw.sequence == one


def test_an_inserted_row_is_found(record: None) -> None:
    size = newest_head().size
    copy = Event.objects.get(kind="seen")
    copy.sequence = copy.chain = size + 1

    tamper(lambda: Event.objects.bulk_create([copy]))

    assert verify().flaw.sequence == size + 1


def test_a_changed_inner_node_is_found(record: None) -> None:
    tamper(lambda: LedgerNode.objects.filter(level=1, index=0).update(hash=b"\x00" * 32))

    assert verify().flaw.sequence == 2


def test_a_cut_tail_is_found_by_a_head_noted_earlier(record: None) -> None:
    noted = newest_head()
    kept = noted.size - 2

    def cut() -> None:
        for model in (Claim, Event, LedgerEntry, Words):
            model.objects.filter(pk__gt=kept).delete()
        leaves = [bytes(leaf) for leaf in LedgerEntry.objects.values_list("leaf_hash", flat=True)]
        LedgerNode.objects.all().delete()
        frontier: list[bytes] = []
        for size, leaf in enumerate(leaves):
            frontier, closed = merkle.append(size, frontier, leaf)
            LedgerNode.objects.bulk_create(LedgerNode(level=x, index=i, hash=h) for x, i, h in closed)
        LedgerHead.objects.update(size=kept, root=merkle.root_of(frontier))

    tamper(cut)

    assert verify().flaw is None, "whoever recomputes every hash is not found from within"
    assert verify(noted).flaw.sequence == kept + 1


def test_the_command_exits_1_and_names_the_entry(record: None) -> None:
    held = a_sequence("held")
    call_command("verify_ledger", expect_head=f"{newest_head().size}:{newest_head().root}")
    tamper(lambda: Event.objects.filter(pk=held).update(place="hamlet"))

    with pytest.raises(CommandError, match=f"entry {held}:") as refused:
        call_command("verify_ledger")

    assert refused.value.returncode == 1


def test_every_entry_proves_its_place_and_every_earlier_head_its_prefix(record: None) -> None:
    size = newest_head().size

    for sequence in range(1, size + 1):
        proof = inclusion_proof(sequence, size)
        assert merkle.is_included(proof.leaf_hash, sequence - 1, size, proof.path, proof.root)
        earlier = consistency_proof(sequence, size)
        assert merkle.is_consistent(sequence, size, earlier.path, earlier.old_root, earlier.new_root)


@pytest.mark.parametrize("model", [Event, Claim, LedgerEntry, LedgerNode])
def test_the_database_itself_refuses_to_edit_or_delete(record: None, model: type[Event]) -> None:
    row = model.objects.first()
    column = "audience" if hasattr(row, "audience") else "leaf_hash" if hasattr(row, "leaf_hash") else "hash"

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        model.objects.filter(pk=row.pk).update(**{column: "staff" if column == "audience" else b"x"})
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        model.objects.filter(pk=row.pk).delete()
