"""A Merkle tree over ledger entries, shaped and hashed as RFC 6962, section 2.1.

The frontier holds the hashes of the complete subtrees that a tree of a given size consists of,
largest first: appending needs nothing else, and costs O(log n).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

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


# Proofs. `subtree(level, index)` gives the stored hash of a complete subtree; level 0 are leaves.
Subtree = Callable[[int, int], bytes]


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def range_root(low: int, high: int, subtree: Subtree) -> bytes:
    """Root of the leaves from `low` up to `high`, where `low` begins a complete subtree."""
    size = high - low
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return subtree(level, low >> level)
    middle = low + _split(size)
    return node_hash(range_root(low, middle, subtree), range_root(middle, high, subtree))


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The audit path of leaf `index` (from 0) in the tree of `size` leaves, RFC 6962, 2.1.1."""
    if not 0 <= index < size:
        raise ValueError("there is no such leaf in a tree of that size")
    path, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(range_root(middle, high, subtree))
            high = middle
        else:
            path.append(range_root(low, middle, subtree))
            low = middle
    return path[::-1]


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """The proof that the tree of `old` leaves is a prefix of that of `new`, RFC 6962, 2.1.2."""
    if not 0 < old <= new:
        raise ValueError("give two sizes, the smaller first and not 0")
    return _subproof(old, 0, new, True, subtree)


def _subproof(old: int, low: int, high: int, is_whole: bool, subtree: Subtree) -> list[bytes]:
    size = high - low
    if old == size:
        return [] if is_whole else [range_root(low, high, subtree)]
    split = _split(size)
    middle = low + split
    if old <= split:
        return [*_subproof(old, low, middle, is_whole, subtree), range_root(middle, high, subtree)]
    return [*_subproof(old - split, middle, high, False, subtree), range_root(low, middle, subtree)]


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether an audit path leads from a leaf to a root, RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    position, last, current = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position % 2 or position == last:
            current = node_hash(sibling, current)
            while not position % 2 and position:
                position, last = position >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and current == root


def is_consistent(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether a consistency proof leads to both roots, RFC 9162, 2.1.4.2."""
    if old == new:
        return not proof and old_root == new_root
    if not 0 < old < new:
        return False
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if not steps:
        return False
    position, last = old - 1, new - 1
    while position % 2:
        position, last = position >> 1, last >> 1
    before = after = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if position % 2 or position == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not position % 2 and position:
                position, last = position >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root
