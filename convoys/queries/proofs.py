"""Proofs from the stored tree: each reads O(log n) hashes."""

from __future__ import annotations

from dataclasses import dataclass

from convoys import merkle
from convoys.models import LedgerEntry, LedgerNode


@dataclass(frozen=True)
class InclusionProof:
    """That an entry stands at its sequence in the ledger of a size."""

    sequence: int
    size: int
    leaf_hash: bytes
    path: list[bytes]
    root: bytes


@dataclass(frozen=True)
class ConsistencyProof:
    """That the ledger of an earlier size is the beginning of that of a later one."""

    old_size: int
    new_size: int
    path: list[bytes]
    old_root: bytes
    new_root: bytes


def subtree_hash(level: int, index: int) -> bytes:
    """Hash of a complete subtree of 2^level entries."""
    if level == 0:
        return bytes(LedgerEntry.objects.values_list("leaf_hash", flat=True).get(sequence=index + 1))
    return bytes(LedgerNode.objects.values_list("hash", flat=True).get(level=level, index=index))


def root_at(size: int) -> bytes:
    """The root that the ledger had when it held `size` entries."""
    return merkle.range_root(0, size, subtree_hash) if size else merkle.EMPTY_ROOT


def inclusion_proof(sequence: int, size: int) -> InclusionProof:
    """Raises ValueError where the ledger of that size has no such entry."""
    path = merkle.inclusion_proof(sequence - 1, size, subtree_hash)
    return InclusionProof(sequence, size, subtree_hash(0, sequence - 1), path, root_at(size))


def consistency_proof(old_size: int, new_size: int) -> ConsistencyProof:
    """Raises ValueError unless 0 < old_size <= new_size."""
    path = merkle.consistency_proof(old_size, new_size, subtree_hash)
    return ConsistencyProof(old_size, new_size, path, root_at(old_size), root_at(new_size))
