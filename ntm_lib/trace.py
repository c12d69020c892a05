"""Record everything a machine does with a batch of sequences: memory, weightings, head parameters at every step."""

from __future__ import annotations

import dataclasses
import functools
import json
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import tensorflow as tf

from ntm_lib import checks, recurrence
from ntm_lib.models import NeuralTuringMachine

SCHEMA = "ntm_lib/trace/1"


@dataclass(frozen=True)
class HeadTrace:
    """What the read heads, or the write heads, were told and where they looked; R is the number of these heads.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import CopyTask, load_pretrained, record
        >>> batch = CopyTask().sample(1, np.random.default_rng(0), length=5)
        >>> trace = record(load_pretrained("copy-lstm"), batch.inputs)
        >>> read, write = trace.read, trace.write
        >>> write.weights.shape, write.erase.shape, read.erase
        ((1, 11, 1, 128), (1, 11, 1, 20), None)
    """

    key: np.ndarray
    """k, `[B, T, R, W]`."""
    strength: np.ndarray
    """beta, `[B, T, R]`."""
    gate: np.ndarray
    """g, `[B, T, R]`."""
    shift: np.ndarray
    """s, `[B, T, R, K]`."""
    sharpening: np.ndarray
    """gamma, `[B, T, R]`."""
    content: np.ndarray
    """w^c, `[B, T, R, N]`."""
    gated: np.ndarray
    """w^g, `[B, T, R, N]`."""
    shifted: np.ndarray
    """w~, `[B, T, R, N]`."""
    weights: np.ndarray
    """w, `[B, T, R, N]`: where the heads looked."""
    previous: np.ndarray
    """w before the first step, `[B, R, N]`."""
    erase: np.ndarray | None = None
    """e, `[B, T, R, W]`; None for read heads."""
    add: np.ndarray | None = None
    """a, `[B, T, R, W]`; None for read heads."""


@dataclass(frozen=True)
class Trace:
    """All that happened; NumPy arrays of float32 with the batch first.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import NeuralTuringMachine, Trace, record
        >>> trace = record(NeuralTuringMachine(3, 2, 6, 4, units=5), np.zeros((1, 7, 3)))
        >>> trace.memory.shape, trace.reads.shape, trace.read.weights.shape
        ((1, 7, 6, 4), (1, 7, 1, 4), (1, 7, 1, 6))
        >>> again = Trace.from_json(trace.to_json())
        >>> bool((again.memory == trace.memory).all())
        True
    """

    inputs: np.ndarray
    """`[B, T, I]`."""
    logits: np.ndarray
    """`[B, T, O]`."""
    initial_memory: np.ndarray
    """M_0, `[B, N, W]`."""
    memory: np.ndarray
    """M_t after the write of step t, `[B, T, N, W]`."""
    reads: np.ndarray
    """r_t, `[B, T, R, W]`."""
    hidden: np.ndarray
    """h_t, `[B, T, C]`."""
    read: HeadTrace
    """Of the read heads."""
    write: HeadTrace
    """Of the write heads."""
    targets: np.ndarray | None = None
    """`[B, T, O]`, if they were given."""
    mask: np.ndarray | None = None
    """`[B, T]`, 1 where the answer counts, if it was given."""

    @property
    def outputs(self) -> np.ndarray:
        """The probability of a 1, `[B, T, O]`: the sigmoid of the logits."""
        return 0.5 * (1.0 + np.tanh(0.5 * self.logits))

    def to_json(self) -> str:
        """Return the trace as JSON that `from_json` reads back to the same arrays."""
        return json.dumps({"schema": SCHEMA, **_plain(self)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the trace that `to_json` wrote.

        Raises:
            ValueError: if the text is not JSON, or not of this schema, or a part is missing, not finite or of a shape
                that does not fit the others.
        """
        try:
            plain = json.loads(text)
        except (json.JSONDecodeError, TypeError) as error:
            raise ValueError(f"text must be the JSON of a Trace. Received: {str(text)[:40]!r}: {error}") from error
        schema = plain.pop("schema", None) if isinstance(plain, dict) else None
        if schema != SCHEMA:
            raise ValueError(f"text must have the schema {SCHEMA!r}. Received: {schema!r}")
        try:
            read, write = (HeadTrace(**_arrays(plain.pop(name), name)) for name in ("read", "write"))
            trace = cls(read=read, write=write, **_arrays(plain, "trace"))
            _check_shapes(trace)
            return trace
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"text must hold all parts of a Trace and no others. Received: {error}") from error


def record(model: NeuralTuringMachine, inputs: Any, targets: Any = None, mask: Any = None) -> Trace:
    """Run a machine over sequences and keep everything.

    Args:
        model: the machine.
        inputs: `[B, T, I]`.
        targets: `[B, T, O]`, to be kept beside the outputs.
        mask: `[B, T]`, 1 where the answer counts, to be kept as well.

    Returns:
        A `Trace`. Any B and T run without tracing the machine again.

    Raises:
        ValueError: if a shape does not fit, or a value is not a finite real number.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import CopyTask, load_pretrained, record
        >>> batch = CopyTask().sample(1, np.random.default_rng(0), length=3)
        >>> trace = record(load_pretrained("copy-lstm"), *batch)
        >>> right = (trace.outputs > 0.5) == (trace.targets > 0.5)
        >>> bool(right[trace.mask > 0].all())
        True
    """
    if not isinstance(model, NeuralTuringMachine):
        raise ValueError(f"model must be a NeuralTuringMachine. Received: {model!r}")
    inputs = checks.array("inputs", inputs, "[B, T, I]", dtype=np.float32)
    checks.size("inputs", inputs, -1, model.num_inputs, "num_inputs")
    if 0 in inputs.shape:
        raise ValueError(f"inputs must have at least one sequence and one step T. Received shape: {inputs.shape}")
    kept = {"targets": targets, "mask": mask}
    for name, shape in (("targets", "[B, T, O]"), ("mask", "[B, T]")):
        if kept[name] is not None:
            kept[name] = checks.array(name, kept[name], shape, dtype=np.float32)
            checks.size(name, kept[name], 0, inputs.shape[0], "the batch of inputs")
            checks.size(name, kept[name], 1, inputs.shape[1], "the steps of inputs")
    if targets is not None:
        checks.size("targets", kept["targets"], -1, model.num_outputs, "num_outputs")
    steps, logits, start = _recorder(model)(inputs)
    # The machine keeps time first and slots last; a trace has the batch first and slots as rows.
    batch_first = tf.nest.map_structure(lambda part: np.moveaxis(part.numpy(), 0, 1), steps)
    sizes = model.cell.heads
    reads = batch_first.reads.reshape(*batch_first.reads.shape[:2], sizes.read_heads, sizes.memory_vector_dim)
    return Trace(
        inputs=inputs,
        logits=logits.numpy(),
        initial_memory=np.swapaxes(start.memory.numpy(), -1, -2),
        memory=np.swapaxes(batch_first.memory, -1, -2),
        reads=reads,
        hidden=batch_first.hidden,
        read=_head_trace(batch_first, start, slice(0, sizes.read_heads), writes=False),
        write=_head_trace(batch_first, start, slice(sizes.read_heads, None), writes=True),
        **kept,
    )


def _head_trace(steps: Any, start: Any, chosen: slice, *, writes: bool) -> HeadTrace:
    heads, stages = steps.heads, steps.stages
    names = ("key", "strength", "gate", "shift", "sharpening")
    return HeadTrace(
        **{name: getattr(heads, name)[:, :, chosen] for name in names},
        **{name: part[:, :, chosen] for name, part in stages._asdict().items()},
        previous=start.weights.numpy()[:, chosen],
        erase=heads.erase if writes else None,
        add=heads.add if writes else None,
    )


@functools.lru_cache(maxsize=8)
def _recorder(model: NeuralTuringMachine) -> Any:
    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, None, model.num_inputs])])
    def run(inputs: tf.Tensor) -> Any:
        start = model.cell.initial_state(tf.shape(inputs)[0])
        weights = model.cell.controller.recurrent_weights()
        steps, _ = recurrence.scan(model.cell.step, weights, tf.transpose(inputs, [1, 0, 2]), start)
        return steps, model.logits(tf.concat([steps.hidden, steps.reads], axis=-1)), start

    return run


def _plain(part: Any) -> dict[str, Any]:
    """Return the fields of a dataclass with arrays as nested lists; what is None is left out."""
    fields = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
    return {
        name: _plain(value) if dataclasses.is_dataclass(value) else value.tolist()
        for name, value in fields.items()
        if value is not None
    }


SHAPES = {"inputs": "BTI", "logits": "BTO", "initial_memory": "BNW", "memory": "BTNW", "reads": "BTRW", "hidden": "BTC"}
OPTIONAL_SHAPES = {"targets": "BTO", "mask": "BT"}
HEAD_SHAPES = {
    "key": "BTRW",
    "strength": "BTR",
    "gate": "BTR",
    "shift": "BTRK",
    "sharpening": "BTR",
    "content": "BTRN",
    "gated": "BTRN",
    "shifted": "BTRN",
    "weights": "BTRN",
    "previous": "BRN",
}
WRITE_SHAPES = {"erase": "BTHW", "add": "BTHW"}


def _check_shapes(trace: Trace) -> None:
    """Raise `ValueError` unless every letter of the shapes above stands for one size in the whole trace."""
    writing = {name: letters.replace("R", "H") for name, letters in HEAD_SHAPES.items()} | WRITE_SHAPES
    sizes: dict[str, int] = {}
    for where, part, shapes in (
        ("trace", trace, SHAPES | {n: s for n, s in OPTIONAL_SHAPES.items() if getattr(trace, n) is not None}),
        ("read", trace.read, HEAD_SHAPES),
        ("write", trace.write, writing),
    ):
        for name, letters in shapes.items():
            shape = np.shape(getattr(part, name))
            checks.rank(f"{where}.{name}", shape, f"[{', '.join(letters)}]")
            for letter, size in zip(letters, shape, strict=True):
                if sizes.setdefault(letter, size) != size:
                    raise ValueError(
                        f"{where}.{name} must have {sizes[letter]} entries for {letter} in [{', '.join(letters)}]. "
                        f"Received shape: {shape}"
                    )


def _arrays(plain: dict[str, Any], where: str) -> dict[str, np.ndarray]:
    return {name: checks.array(f"{where}.{name}", value).astype(np.float32) for name, value in plain.items()}
