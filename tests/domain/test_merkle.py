"""The ledger's tree against the values that RFC 6962's reference publishes, and against itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoys import merkle

# The leaves and roots of the certificate-transparency reference implementation's tests.
LEAVES = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Tree:
    """A tree grown leaf by leaf, as the ledger grows it."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.frontier: list[bytes] = []
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.roots = [merkle.EMPTY_ROOT]
        for size, data in enumerate(leaves):
            leaf = merkle.leaf_hash(data)
            self.nodes[0, size] = leaf
            self.frontier, closed = merkle.append(size, self.frontier, leaf)
            self.nodes |= {(level, index): value for level, index, value in closed}
            self.roots.append(merkle.root_of(self.frontier))

    def subtree(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]


@pytest.fixture(scope="module")
def published() -> Tree:
    return Tree([bytes.fromhex(leaf) for leaf in LEAVES])


def test_roots_are_the_published_ones(published: Tree) -> None:
    assert [root.hex() for root in published.roots[1:]] == ROOTS


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle.root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_published_audit_path(published: Tree) -> None:
    path = merkle.inclusion_proof(5, 8, published.subtree)

    assert [step.hex() for step in path] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(size=st.integers(1, 70), data=st.data())
def test_every_leaf_proves_its_place_and_no_other(size: int, data: st.DataObject) -> None:
    tree = Tree([str(number).encode() for number in range(size)])
    index = data.draw(st.integers(0, size - 1))
    path, root, leaf = (
        merkle.inclusion_proof(index, size, tree.subtree),
        tree.roots[size],
        tree.nodes[0, index],
    )

    assert merkle.is_included(leaf, index, size, path, root)
    assert not merkle.is_included(merkle.leaf_hash(b"another"), index, size, path, root)
    assert not merkle.is_included(leaf, index, size, [*path, root], root)
    if size > 1:
        assert not merkle.is_included(leaf, (index + 1) % size, size, path, root)


@given(new=st.integers(1, 70), data=st.data())
def test_every_earlier_tree_proves_to_be_a_prefix(new: int, data: st.DataObject) -> None:
    tree = Tree([str(number).encode() for number in range(new)])
    old = data.draw(st.integers(1, new))
    proof = merkle.consistency_proof(old, new, tree.subtree)

    assert merkle.is_consistent(old, new, proof, tree.roots[old], tree.roots[new])
    assert not merkle.is_consistent(old, new, proof, merkle.leaf_hash(b"another"), tree.roots[new])
    assert not merkle.is_consistent(old, new, proof, tree.roots[old], merkle.leaf_hash(b"another"))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 2)])
def test_no_path_for_a_leaf_that_is_not_there(published: Tree, index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        merkle.inclusion_proof(index, size, published.subtree)
