"""Sparse access to a bare memory, as `benchmarks/sparse.py` measures it: what it computes, and what it keeps."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import sparse


def test_touching_every_row_is_dense_access_in_values_and_gradients() -> None:
    sparse.check()


@pytest.mark.parametrize("kind", [sparse.Dense, sparse.Sparse, sparse.Indexed])
def test_the_way_back_puts_the_memory_back(kind: Callable) -> None:
    memory, steps = sparse.drawn(64, 12, np.random.default_rng(0))
    access = kind(memory.copy())
    access.forward(steps)
    assert (access.memory != memory).any()
    access.backward(np.ones((12, sparse.WIDTH), "float32"))
    np.testing.assert_array_equal(access.memory, memory)


def test_what_sparse_access_keeps_does_not_grow_with_the_memory() -> None:
    kept = {}
    for rows in (64, 1024):
        memory, steps = sparse.drawn(rows, 5, np.random.default_rng(rows))
        for kind in (sparse.Dense, sparse.Sparse):
            access = kind(memory.copy())
            access.forward(steps)
            kept[kind, rows] = access.bytes_kept()
    assert kept[sparse.Sparse, 64] == kept[sparse.Sparse, 1024]
    assert kept[sparse.Dense, 1024] == 16 * kept[sparse.Dense, 64]


@pytest.mark.parametrize("touched", [2, 4])
def test_gradients_of_sparse_access_are_those_of_finite_differences(touched: int) -> None:
    """In double precision, with a step small enough that the rows touched stay the same."""
    rng = np.random.default_rng(3)
    memory, steps = sparse.drawn(12, 4, rng, width=5)
    memory, steps = memory.astype(float), [[part.astype(float) for part in step] for step in steps]
    upstream = rng.standard_normal((4, 5))

    def score(steps: list[list[np.ndarray]]) -> float:
        return float((sparse.Sparse(memory.copy(), touched).forward(steps) * upstream).sum())

    access = sparse.Sparse(memory.copy(), touched)
    access.forward(steps)
    found, _ = access.backward(upstream)
    for number, gradients in enumerate(found[::-1]):
        for place, gradient in enumerate(gradients):
            for entry in range(5):
                moved = [[part.copy() for part in step] for step in steps]
                moved[number][place][entry] += 1e-6
                upper = score(moved)
                moved[number][place][entry] -= 2e-6
                assert (upper - score(moved)) / 2e-6 == pytest.approx(gradient[entry], rel=1e-4, abs=1e-5)


def test_the_index_knows_where_every_row_is_after_it_has_moved() -> None:
    memory, steps = sparse.drawn(256, 20, np.random.default_rng(4))
    access = sparse.Indexed(memory.copy())
    access.forward(steps)
    np.testing.assert_array_equal(access.codes, access.code(access.memory))
    for table, buckets in enumerate(access.buckets):
        held = {row: code for code, rows in buckets.items() for row in rows}
        assert held == dict(enumerate(access.codes[:, table].tolist()))
