"""Values travel as bytes that cannot execute, and no bytes at all get more than a WireError out of the reader."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from exercises.grader import wire

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text()
    | arrays.arrays(
        arrays.boolean_dtypes() | arrays.integer_dtypes() | arrays.floating_dtypes() | arrays.complex_number_dtypes(),
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0),
        elements={"allow_nan": False},
    )
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray | np.generic):
        return type(one) is type(other) and one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


@given(VALUES)
@settings(max_examples=150)
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    assert same(value, wire.decode(wire.encode(value)))


def test_nan_and_infinity_come_back() -> None:
    back = wire.decode(wire.encode([float("nan"), float("-inf"), np.array([np.nan, 1])]))
    assert np.isnan(back[0]) and back[1] == -np.inf and np.isnan(back[2][0])


@given(st.binary(max_size=400))
@settings(max_examples=300)
def test_any_bytes_are_a_value_or_a_wire_error(data: bytes) -> None:
    with contextlib.suppress(wire.WireError):
        wire.decode(data)


@given(VALUES, st.integers(0, 10**6), st.binary(min_size=1, max_size=8))
@settings(max_examples=150)
def test_damaged_bytes_are_a_value_or_a_wire_error(value: Any, place: int, junk: bytes) -> None:
    data = bytearray(wire.encode(value))
    data[place % len(data) : place % len(data) + len(junk)] = junk
    with contextlib.suppress(wire.WireError):
        wire.decode(bytes(data))


class Evil:
    """What a pickle could do."""

    ran = False

    def __reduce__(self) -> Any:
        return setattr, (Evil, "ran", True)

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    "value",
    [
        Evil(),
        [Evil()],
        np.array([Evil()]),
        {1.5: 2},
        {Evil: 1},
        {1, 2},
        b"bytes",
        ENDLESS,
        10**5000,
        object,
        len,
        np.zeros(3, [("a", float)]),
        np.array(["2020-01-01"], "datetime64[D]"),
        (n for n in [1]),
        np.zeros(3 * 2**20),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_plain_data_is_refused(value: Any) -> None:
    with pytest.raises(wire.WireError):
        wire.encode(value)
    assert not Evil.ran


def message(tree: Any, *blocks: bytes) -> bytes:
    text = json.dumps(tree).encode()
    return b"".join([wire.LENGTH.pack(len(text)), text, *blocks])


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def test_a_pickled_array_is_refused_and_does_not_run() -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array([Evil()]), allow_pickle=True)
    assert b"Evil" in buffer.getvalue() and pickle.loads
    with pytest.raises(wire.WireError, match="dtype"):
        wire.decode(message({"array": len(buffer.getvalue())}, buffer.getvalue()))
    assert not Evil.ran


@pytest.mark.parametrize(
    "block",
    [
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }", bytes(8)),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", bytes(8)),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1), }", bytes(8)),
        npy("{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (), }", bytes(8)),
        npy("{'descr': '|V8', 'fortran_order': False, 'shape': (), }", bytes(8)),
        npy("__import__('os')"),
        b"\x93NUMPY\x03\x00" + bytes(50),
        b"\x80\x04K\x01.",
    ],
)
def test_a_forged_array_is_refused(block: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.decode(message({"array": len(block)}, block))


@pytest.mark.parametrize(
    "tree", [{"array": 5}, {"array": -1}, {"array": True}, {"array": "x"}, {"list": 5}, {"dict": [1]}]
)
def test_a_forged_tree_is_refused(tree: Any) -> None:
    with pytest.raises(wire.WireError):
        wire.decode(message(tree))


def test_limits_hold_on_both_sides() -> None:
    with pytest.raises(wire.WireError, match="at most 100"):
        wire.encode("x" * 200, 100)
    with pytest.raises(wire.WireError, match="at most 100"):
        wire.decode(bytes(200), 100)
    deep: Any = 1
    for _ in range(40):
        deep = [deep]
    with pytest.raises(wire.WireError, match="deeper"):
        wire.encode(deep)
    tree: Any = 1
    for _ in range(40):
        tree = {"list": [tree]}
    with pytest.raises(wire.WireError, match="deeper"):
        wire.decode(message(tree))
