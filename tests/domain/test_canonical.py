"""What is hashed is canonical JSON as RFC 8785 has it, by another implementation's word."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from convoys.canonical import canonical_json, entry_leaf, instant
from convoys.models import EntryType

NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=126))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | NUMBERS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
)


@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_all_that_the_record_can_hold_is_written_canonically(fields: dict[str, Any]) -> None:
    assert canonical_json(fields) == rfc8785.dumps(fields)


def test_signs_that_are_escaped_are_escaped_as_the_rfc_says() -> None:
    fields = {"statement": "".join(map(chr, range(160))) + '\u2028 é 😀 \\ / "'}
    assert canonical_json(fields) == rfc8785.dumps(fields)


def test_a_leaf_is_the_hash_of_its_canonical_document() -> None:
    digests = {name: hashlib.sha256(name.encode()).digest() for name in ("open", "detail", "words")}
    groups = {name: digest.hex() for name, digest in digests.items()}
    for kind in EntryType:
        document = rfc8785.dumps({"v": 1, "type": kind.value, "groups": groups})
        assert entry_leaf(kind, digests) == hashlib.sha256(b"\x00" + document).digest()
        assert entry_leaf(kind.value, digests) == entry_leaf(kind, digests)


def test_instants_are_utc_with_microseconds() -> None:
    assert instant(datetime(2023, 9, 12, tzinfo=UTC)) == "2023-09-12T00:00:00.000000Z"
    local = datetime(2023, 9, 12, 3, 0, 0, 7, tzinfo=timezone(timedelta(hours=4)))
    assert instant(local) == "2023-09-11T23:00:00.000007Z"
