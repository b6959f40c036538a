"""Words can be taken out by an administrator, for a reason, and the record still proves itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from convoys.errors import ConvoyError, InvalidInput, NotPermitted, UnknownReference
from convoys.models import Erasure, LedgerEntry, Words
from convoys.queries.ledger_head import newest_head
from convoys.queries.verification import Head, verify
from convoys.services.changes import Correct
from convoys.services.erasing import erase_words
from tests import factories as make

pytestmark = pytest.mark.django_db

REASON = "Names a driver."


@pytest.fixture
def claim() -> int:
    """The account of a departure; its event is the entry before it."""
    make.make_convoy("C-1")
    said = make.account(statement="Ivan Petrov drove.")
    return make.apply(make.record("C-1", "departed", "2026-03-02", claims=[said])).sequences[0][1]


def test_the_words_go_and_an_entry_says_so(claim: int) -> None:
    size, root = newest_head()

    erasure = erase_words(claim, REASON, make.administrator())

    assert not Words.objects.filter(sequence=claim).exists()
    assert erasure == size + 1 == newest_head()[0]
    row = Erasure.objects.get(sequence=erasure)
    assert (row.erased, row.author.username) == (claim, "administrator")
    assert Words.objects.get(sequence=erasure).fields == {"reason": REASON}
    assert LedgerEntry.objects.get(sequence=erasure).type == "erasure"
    verdict = verify(Head(size, root.hex()))
    assert (verdict.flaw, verdict.size) == (None, erasure)


def test_recording_goes_on_after_an_erasure(claim: int) -> None:
    erase_words(claim, REASON, make.administrator())
    later = make.tell("C-1", "seen", "2026-03-03", place="junction")
    assert later == claim + 2
    assert verify().flaw is None


@pytest.mark.parametrize("who", [make.partner, make.stranger, make.viewer, make.officer, make.coordinator])
def test_only_an_administrator_may(who: Callable[[], User], claim: int) -> None:
    before = newest_head()
    with pytest.raises(NotPermitted):
        erase_words(claim, REASON, who())
    assert newest_head() == before
    assert Words.objects.filter(sequence=claim).exists()


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 2001, "a\x00b", "half \ud83d"])
def test_a_reason_is_needed_that_can_be_kept(reason: str, claim: int) -> None:
    with pytest.raises(InvalidInput):
        erase_words(claim, reason, make.administrator())
    assert Words.objects.filter(sequence=claim).exists()


def test_words_are_erased_once(claim: int) -> None:
    erase_words(claim, REASON, make.administrator())
    before = newest_head()
    with pytest.raises(InvalidInput, match="erased before"):
        erase_words(claim, REASON, make.administrator())
    assert newest_head() == before


@pytest.mark.parametrize("sequence", [0, -1, 9_999])
def test_there_must_be_such_an_entry(sequence: int, claim: int) -> None:
    with pytest.raises(UnknownReference):
        erase_words(sequence, REASON, make.administrator())


def test_an_entry_without_words_has_nothing_to_erase(claim: int) -> None:
    with pytest.raises(InvalidInput, match="no words"):
        erase_words(claim - 1, REASON, make.administrator())


def test_a_reason_that_names_somebody_can_be_erased_in_its_turn(claim: int) -> None:
    first = erase_words(claim, "Ivan Petrov asked for it.", make.administrator())
    second = erase_words(first, REASON, make.administrator())
    assert Erasure.objects.get(sequence=second).erased == first
    assert verify().flaw is None


def test_an_erasure_is_itself_never_edited_or_deleted(claim: int) -> None:
    erase_words(claim, REASON, make.administrator())
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Erasure.objects.update(erased=1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Erasure.objects.all().delete()


# --- the command


def run(sequence: int, reason: str = REASON, who: str = "administrator") -> str:
    printed = StringIO()
    call_command("erase_words", str(sequence), f"--reason={reason}", f"--as={who}", stdout=printed)
    return printed.getvalue()


def test_the_command_erases_and_says_what_is_left_of_the_chain(claim: int) -> None:
    make.administrator()
    better = make.account(statement="Ivan Petrov drove it.")
    corrected = make.apply(Correct(claim, better, "A slip.")).sequences[0][0]

    told = run(claim)

    assert f"The words of entry {claim} are erased. Entry {corrected + 1} says so." in told
    assert f"still with words of their own: {corrected}." in told
    assert "still with words" not in run(corrected)
    assert verify().flaw is None


def test_the_command_refuses_in_words(claim: int) -> None:
    make.officer()
    make.administrator()
    for arguments, sentence in (
        ({"who": "nobody"}, "Nobody signs in as “nobody”"),
        ({"who": "officer"}, "administrator"),
        ({"reason": " "}, "Say why"),
    ):
        with pytest.raises(CommandError, match=sentence):
            run(claim, **arguments)
    assert Words.objects.filter(sequence=claim).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_of_two_who_erase_the_same_words_at_once_one_does(claim: int) -> None:
    author = make.administrator()

    def erase(_: int) -> bool:
        try:
            erase_words(claim, REASON, author)
        except ConvoyError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(erase, range(4))) == [False, False, False, True]
    assert verify().flaw is None
