"""Values to bytes and back, between the grader and the sandbox, without anything that can execute.

One message is an 8-byte length, a JSON text of that length, and the arrays in NumPy's `npy` format, one after another.
JSON holds numbers, strings, lists, tuples and dictionaries; pickles are never read or written. Whatever comes out of
the sandbox is data with limits: `decode` refuses everything else with `WireError`, whatever the bytes are.

The file is also read inside the sandbox, so it needs the standard library and NumPy only.
"""

from __future__ import annotations

import io
import json
import math
import os
import struct
from typing import Any

import numpy as np

LENGTH = struct.Struct("<Q")
DEEPEST = 32  # nesting of lists and dictionaries
MOST_ITEMS = 200_000  # items of lists and dictionaries in one message
MOST_BYTES = 16 * 2**20  # one message
PLAIN_KINDS = "biufcU"  # dtypes without objects, fields or dates
SCALARS = (bool, int, float, str, type(None))


class WireError(ValueError):
    """The value cannot be sent, or the bytes are not a message."""


def encode(value: Any, most_bytes: int = MOST_BYTES) -> bytes:
    """Give the bytes of a value: arrays, numbers, strings, None, and lists, tuples and dictionaries of these.

    Tensors of TensorFlow are sent as arrays, as is every object that NumPy turns into a plain array.

    Raises:
        WireError: the value holds something else, is nested too deeply, or is larger than `most_bytes`.
    """
    arrays: list[bytes] = []
    tree = _to_tree(value, arrays, 0)
    try:
        text = json.dumps(tree).encode("ascii")
    except ValueError as error:  # an integer of thousands of digits
        raise WireError(f"A number cannot be written: {error}") from None
    size = LENGTH.size + len(text) + sum(len(array) for array in arrays)
    if size > most_bytes:
        raise WireError(f"The value takes {size:,} bytes, expected at most {most_bytes:,}.")
    return b"".join([LENGTH.pack(len(text)), text, *arrays])


def decode(data: bytes, most_bytes: int = MOST_BYTES) -> Any:
    """Give the value of bytes that `encode` made; of any other bytes, a `WireError`."""
    if len(data) > most_bytes:
        raise WireError(f"Received {len(data):,} bytes, expected at most {most_bytes:,}.")
    try:
        (length,) = LENGTH.unpack_from(data)
        if length > len(data) - LENGTH.size:
            raise WireError("The text is shorter than it says.")
        tree = json.loads(data[LENGTH.size : LENGTH.size + length])
        reader = _Arrays(data, LENGTH.size + length)
        value = _from_tree(tree, reader, 0)
    except WireError:
        raise
    # The bytes may come from hostile code: whatever goes wrong in reading them is the same answer.
    except Exception as error:
        raise WireError(f"Not a message: {type(error).__name__}: {error}"[:200]) from None
    if reader.position != len(data):
        raise WireError("Bytes are left over after the last array.")
    return value


def _to_tree(value: Any, arrays: list[bytes], depth: int) -> Any:
    if depth > DEEPEST:
        raise WireError(f"Nested deeper than {DEEPEST} levels.")
    if type(value) in SCALARS:
        return value
    if type(value) in (list, tuple):
        if len(value) > MOST_ITEMS:
            raise WireError(f"A {type(value).__name__} of {len(value):,} items, expected at most {MOST_ITEMS:,}.")
        return {"list" if type(value) is list else "tuple": [_to_tree(item, arrays, depth + 1) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[_key(key), _to_tree(item, arrays, depth + 1)] for key, item in value.items()]}
    if isinstance(value, (str, bool, int, float)) and not isinstance(value, np.generic):
        return _plain_scalar(value)
    if isinstance(value, (list, tuple)):  # named tuples and other subclasses
        return _to_tree(tuple(value), arrays, depth)
    arrays.append(_npy(value))
    return {"scalar" if isinstance(value, np.generic) else "array": len(arrays[-1])}


def _plain_scalar(value: Any) -> Any:
    """A subclass of str, int or float as what it is a subclass of (numbers of an enumeration, for example)."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    raise WireError(f"A {type(value).__name__} cannot be sent.")


def _key(key: Any) -> str | int:
    if isinstance(key, (str, int)) and not isinstance(key, bool):
        return str(key) if isinstance(key, str) else int(key)
    raise WireError(f"A dictionary's key is a {type(key).__name__}, expected a string or an integer.")


def _npy(value: Any) -> bytes:
    """The bytes of an array-like object; floats that only machine learning knows (bfloat16) become float32."""
    if not isinstance(value, np.ndarray) and callable(getattr(value, "numpy", None)):
        value = value.numpy()
    if not isinstance(value, (np.ndarray, np.generic)) and not hasattr(value, "__array__"):
        raise WireError(f"A {type(value).__name__} is not an array, number, string, list or dictionary.")
    array = np.array(value, copy=None, subok=False)
    if array.dtype.kind == "V" and array.dtype.names is None and "float" in array.dtype.name:
        array = array.astype(np.float32)
    if array.dtype.kind not in PLAIN_KINDS:
        raise WireError(f"An array of dtype {array.dtype} cannot be sent, expected numbers, truth values or strings.")
    if array.nbytes > MOST_BYTES:
        raise WireError(f"An array of {array.nbytes:,} bytes, expected at most {MOST_BYTES:,}.")
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
    return buffer.getvalue()


class _Arrays:
    """Reads the arrays of a message in order."""

    def __init__(self, data: bytes, position: int) -> None:
        self.data, self.position, self.items = data, position, 0

    def take(self, size: Any) -> np.ndarray:
        if type(size) is not int or not 0 < size <= len(self.data) - self.position:
            raise WireError("An array is shorter than it says.")
        block = io.BytesIO(self.data[self.position : self.position + size])
        self.position += size
        version = np.lib.format.read_magic(block)
        if version != (1, 0):
            raise WireError("An unknown version of the array format.")
        shape, _, dtype = np.lib.format.read_array_header_1_0(block, max_header_size=2000)
        if dtype.kind not in PLAIN_KINDS or dtype.names is not None or dtype.subdtype is not None:
            raise WireError("An array of a dtype that is not sent.")
        # Memory is asked for only after the bytes are known to be there.
        if math.prod(shape) * dtype.itemsize != size - block.tell() or any(length < 0 for length in shape):
            raise WireError("An array's shape does not fit its bytes.")
        block.seek(0)
        return np.lib.format.read_array(block, allow_pickle=False, max_header_size=2000)

    def count(self, items: Any) -> list:
        if type(items) is not list:
            raise WireError("Expected a list of items.")
        self.items += len(items)
        if self.items > MOST_ITEMS:
            raise WireError(f"More than {MOST_ITEMS:,} items.")
        return items


def _from_tree(tree: Any, reader: _Arrays, depth: int) -> Any:
    if depth > DEEPEST:
        raise WireError(f"Nested deeper than {DEEPEST} levels.")
    if type(tree) in SCALARS:
        return tree
    if type(tree) is not dict or len(tree) != 1:
        raise WireError("Expected one tagged value.")
    ((tag, content),) = tree.items()
    if tag == "array":
        return reader.take(content)
    if tag == "scalar":
        return reader.take(content)[()]
    if tag in ("list", "tuple"):
        values = [_from_tree(item, reader, depth + 1) for item in reader.count(content)]
        return values if tag == "list" else tuple(values)
    if tag == "dict":
        return {_key(key): _from_tree(item, reader, depth + 1) for key, item in reader.count(content)}
    raise WireError("An unknown tag.")


# --- frames: a length and that many bytes, over a pipe


def write_frame(descriptor: int, data: bytes) -> None:
    """Write one frame to a file descriptor."""
    view = memoryview(LENGTH.pack(len(data)) + data)
    while view:
        view = view[os.write(descriptor, view) :]


def read_frame(descriptor: int, most_bytes: int = 64 * 2**20) -> bytes | None:
    """Read one frame from a blocking file descriptor; None when the other side has closed it."""
    head = _read_exactly(descriptor, LENGTH.size)
    if head is None:
        return None
    (length,) = LENGTH.unpack(head)
    if length > most_bytes:
        raise WireError(f"A frame of {length:,} bytes, expected at most {most_bytes:,}.")
    return _read_exactly(descriptor, length)


def _read_exactly(descriptor: int, length: int) -> bytes | None:
    parts: list[bytes] = []
    while length:
        part = os.read(descriptor, min(length, 2**20))
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
