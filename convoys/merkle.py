"""A Merkle tree over ledger entries, shaped and hashed as RFC 6962, section 2.1.

The frontier holds the hashes of the complete subtrees that a tree of a given size consists of,
largest first: appending needs nothing else, and costs O(log n).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(
    size: int, frontier: Sequence[bytes], leaf: bytes
) -> tuple[list[bytes], list[tuple[int, int, bytes]]]:
    """Add a leaf to a tree of `size` leaves.

    Returns the new frontier and the complete subtrees that this leaf closed, as
    (level, index, hash), level 1 and up.
    """
    grown, closed, level, index = list(frontier), [], 0, size
    current = leaf
    while index % 2:
        current = node_hash(grown.pop(), current)
        level, index = level + 1, index // 2
        closed.append((level, index, current))
    grown.append(current)
    return grown, closed


def root_of(frontier: Sequence[bytes]) -> bytes:
    """The root that a frontier stands for."""
    if not frontier:
        return EMPTY_ROOT
    root = frontier[-1]
    for left in reversed(frontier[:-1]):
        root = node_hash(left, root)
    return root
