"""Take the words out of an entry: an administrator's act, for a reason, and itself an entry.

`erase_words` does, in one transaction:
1. checks that the author is an administrator and gives a reason;
2. locks the convoy that the entry is about and the words, so that of two who erase the same one is told
   that they are gone;
3. locks the ledger head, last of all locks, and reads the clock under it;
4. writes the erasure with its reason, deletes the words and their salt, appends to the ledger.

The digest of the words stays in the entry, so that every proof still verifies; without the salt
nobody can try what they may have been. A document that no other account rests on goes with them.
"""

from __future__ import annotations

from django.db import OperationalError, transaction

from accounts.models import User
from accounts.roles import Role, may
from convoys.errors import Busy, InvalidInput, NotPermitted, UnknownReference
from convoys.models import Claim, Convoy, Document, EntryType, Erasure, LedgerEntry, Words
from convoys.queries.erasable import convoy_of
from convoys.queries.ledger_rows import read_rows
from convoys.services.ledger import append_entries, lock_head, save_words
from convoys.services.projecting import note_mention
from convoys.services.writes import Writes

LONGEST_REASON = 2000


def erase_words(sequence: int, reason: str, author: User) -> int:
    """Erase the words of the entry with this sequence; returns the sequence of the erasure.

    Raises a subclass of ConvoyError, and then nothing was erased.
    """
    if not may(author, Role.ADMINISTRATOR):
        raise NotPermitted("This needs the role of an administrator. Nothing was erased.")
    reason = _checked(reason)
    try:
        with transaction.atomic(durable=True):
            return _erase(sequence, reason, author)
    except OperationalError as error:
        if "lock" in str(error):
            raise Busy from error
        raise


def _erase_document(sequence: int) -> None:
    """Take out the document that an erased account rests on, unless another account does too.

    Its digest stays in the ledger. Claims of other chains keep it as long as they have their words.
    """
    sha256 = Claim.objects.filter(sequence=sequence).values_list("document_sha256", flat=True).first()
    if sha256:
        others = Claim.objects.filter(document_sha256=sha256).values_list("sequence", flat=True)
        if not Words.objects.filter(sequence__in=list(others)).exists():
            Document.objects.filter(sha256=sha256).delete()


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise InvalidInput({"reason": "Say why these words are erased. The reason is kept for good."})
    if len(reason) > LONGEST_REASON:
        raise InvalidInput({"reason": f"At most {LONGEST_REASON:,} characters."})
    if any(sign == "\x00" or "\ud800" <= sign <= "\udfff" for sign in reason):
        raise InvalidInput({"reason": "There is a character in it that no database keeps."})
    return reason


def _erase(sequence: int, reason: str, author: User) -> int:
    about = convoy_of(sequence)
    convoy = Convoy.objects.select_for_update(no_key=True).get(pk=about) if about is not None else None
    words = Words.objects.select_for_update().filter(sequence=sequence).first()
    if words is None:
        if LedgerEntry.objects.filter(sequence=sequence).exists():
            raise InvalidInput({"sequence": f"The words of entry {sequence} were erased before."})
        raise UnknownReference("sequence", str(sequence))
    if not words.fields:
        raise InvalidInput({"sequence": f"Entry {sequence} has no words that could be erased."})
    head = lock_head()
    row = Erasure(sequence=head.next_sequence(), erased=sequence, author=author, recorded_at=head.now)
    Erasure.objects.bulk_create([row])
    writes = Writes()
    save_words(writes, [(row.sequence, {"reason": reason})])
    if convoy is not None:
        note_mention(writes, convoy, row.sequence)
    writes.run()
    words.delete()
    _erase_document(sequence)
    append_entries(writes, head, read_rows(row.sequence, row.sequence, [EntryType.ERASURE]))
    writes.run()
    return row.sequence
