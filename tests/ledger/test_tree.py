# SPDX-License-Identifier: Apache-2.0
"""The Merkle tree: the published vectors of Certificate Transparency, a naive tree, and forged proofs."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.ledger.tree import (
    EMPTY,
    Frontier,
    consistency_proof,
    frontier_of,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The eight leaves and roots that the reference implementations of Certificate Transparency test with.
INPUTS = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
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
LEAVES = [leaf_hash(bytes([number])) for number in range(70)]


def naive_root(leaves):
    """The definition of RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def node(level, place):
    block = LEAVES[place << level : place + 1 << level]
    assert len(block) == 1 << level, "only complete nodes are ever asked for"
    return naive_root(block)


def test_published_vectors():
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    frontier = Frontier()
    for content, root in zip(INPUTS, ROOTS, strict=True):
        frontier.append(leaf_hash(bytes.fromhex(content)))
        assert frontier.root().hex() == root


@pytest.mark.parametrize("size", range(71))
def test_the_frontier_has_the_naive_root_and_can_be_rebuilt(size):
    frontier = Frontier()
    for place, leaf in enumerate(LEAVES[:size]):
        for level, completed in enumerate(frontier.append(leaf), 1):
            assert completed == node(level, (place >> level))
    assert frontier.root() == naive_root(LEAVES[:size]) == root_of(LEAVES[:size])
    assert frontier_of(size, node).blocks == frontier.blocks
    assert len(frontier.blocks) <= max(1, size.bit_length())


def test_a_frontier_with_the_wrong_number_of_blocks_is_refused():
    with pytest.raises(ValueError, match="complete blocks"):
        Frontier(3, [LEAVES[0]])


@given(st.data())
def test_inclusion(data):
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    root = naive_root(LEAVES[:size])
    proof = inclusion_proof(index, size, node)
    assert len(proof) <= (size - 1).bit_length()
    assert verify_inclusion(LEAVES[index], index, size, proof, root)
    other = data.draw(st.integers(0, 69))
    if other != index:
        assert not verify_inclusion(LEAVES[other], index, size, proof, root)
        assert not verify_inclusion(LEAVES[index], other, size, proof, root)
    assert not verify_inclusion(LEAVES[index], index, size, [*proof, bytes(32)], root)
    assert not verify_inclusion(LEAVES[index], index, size, proof, bytes(32))
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        forged = [*proof[:place], leaf_hash(proof[place]), *proof[place + 1 :]]
        assert not verify_inclusion(LEAVES[index], index, size, forged, root)
        assert not verify_inclusion(LEAVES[index], index, size, proof[:-1], root)


@given(st.data())
def test_consistency(data):
    new = data.draw(st.integers(0, 70))
    old = data.draw(st.integers(0, new))
    old_root, new_root = naive_root(LEAVES[:old]), naive_root(LEAVES[:new])
    proof = consistency_proof(old, new, node)
    assert verify_consistency(old, new, old_root, new_root, proof)
    assert not verify_consistency(old, new, old_root, new_root, [*proof, bytes(32)])
    if 0 < old < new:
        assert not verify_consistency(old, new, bytes(32), new_root, proof)
        assert not verify_consistency(old, new, old_root, bytes(32), proof)
        place = data.draw(st.integers(0, len(proof) - 1))
        forged = [*proof[:place], leaf_hash(proof[place]), *proof[place + 1 :]]
        assert not verify_consistency(old, new, old_root, new_root, forged)
        assert not verify_consistency(old, new, old_root, new_root, proof[:-1])
        other = data.draw(st.integers(0, 70))
        if other not in {0, old}:
            assert not verify_consistency(other, new, old_root, new_root, proof)


@settings(max_examples=40)
@given(st.integers(1, 60), st.data())
def test_a_rewritten_past_has_no_consistency_proof(old, data):
    """Whatever proof of the right length is offered, made from either tree, a changed past does not verify."""
    new = data.draw(st.integers(old + 1, 70))
    place = data.draw(st.integers(0, old - 1))
    changed = [*LEAVES[:place], leaf_hash(b"other"), *LEAVES[place + 1 :]]
    old_root = naive_root(LEAVES[:old])
    for tree in (LEAVES, changed):
        proof = consistency_proof(
            old, new, lambda level, at, tree=tree: naive_root(tree[at << level : at + 1 << level])
        )
        assert not verify_consistency(old, new, old_root, naive_root(changed[:new]), proof)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_for_what_is_not_there(index, size):
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(index, size, node)
    assert not verify_inclusion(LEAVES[0], index, size, [], LEAVES[0])
    with pytest.raises(ValueError, match="never had"):
        consistency_proof(size + 1, size, node)
    assert not verify_consistency(size + 1, size, EMPTY, EMPTY, [])
