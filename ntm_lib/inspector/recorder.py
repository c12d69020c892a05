"""A Keras callback that watches a machine learn: live in a kernel, as a recording in a page."""

from __future__ import annotations

import functools
import uuid
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ntm_lib import checks
from ntm_lib.inspector.driven import Driven, for_script, page_element, traits, widget_base, widget_module
from ntm_lib.inspector.moments import Moment, chosen_moments, picture_of_moments
from ntm_lib.inspector.payload import MAX_STEPS, check_bits
from ntm_lib.inspector.widget import LARGEST_FIGURE, fitted
from ntm_lib.trace import record

LATEST = -1
"""As a moment: the last one, also when another comes. The same in js/recording.js."""

PICTURE_ROOM = 40_000
"""Bytes of the static picture, out of those of the whole figure."""

RECORDED = "This is a recording. The live version, which changes while the machine learns, needs a kernel."
ROUNDED = "Numbers are rounded: weightings to 1/255, vectors to 1/127."


class TrainingRecorder(Driven, keras.callbacks.Callback):
    """A callback that records what a machine does with a fixed sequence while it trains, and shows it.

    Give it to `fit` or `ntm_lib.train` as a callback. Shown in a live kernel, before or after, its figure changes while
    the machine learns; `moment`, `step` and `head` are those of the figure, in both directions. In a page without a
    kernel the same object shows the recorded run. A training that is interrupted keeps what was recorded. A second
    training of the same model goes on with the recording; that of another one begins a new one, and the curve of the
    one before stays in the figure, pale.

    Args:
        inputs: `[B, T, I]`, the sequences that are watched; the machine is not trained on them.
        targets: `[B, T, O]`, for the error in bits, and to be shown beside the outputs.
        mask: `[B, T]`, 1 where the answer counts.
        every: how many sequences the machine is trained on from one moment to the next; the first moment is before the
            training and the last one at its end. It is as fine as the calls of callbacks: once in every
            `steps_per_execution` batches.
        example: which sequence of the batch is shown; the error is the mean over all.
        title: stands above the figure; none if empty.
        step: the step of the sequence that is shown first.
        head: which read head and which write head is shown first, where there are several.

    Raises:
        ValueError: if a shape does not fit, a value is not finite, a target is neither 0 nor 1, there are more than 241
            steps, or a number is out of range.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import CopyTask, NeuralTuringMachine, TrainingRecorder
        >>> task = CopyTask(2, max_length=1)
        >>> inputs, targets, mask = task.sample(4, np.random.default_rng(0))
        >>> watched = TrainingRecorder(inputs[:1], targets[:1], mask[:1], every=4)
        >>> model = NeuralTuringMachine(3, 2, 6, 4, units=5)
        >>> model.compile(jit_compile=False, run_eagerly=True)  # it is short
        >>> settings = {"epochs": 2, "verbose": 0, "callbacks": [watched]}
        >>> _ = model.fit(inputs, targets, batch_size=4, sample_weight=mask, **settings)
        >>> [moment.sequences for moment in watched.moments]
        [0, 4, 8]
    """

    def __init__(
        self,
        inputs: Any,
        targets: Any = None,
        mask: Any = None,
        *,
        every: int = 500,
        example: int = 0,
        title: str = "",
        step: int = 0,
        head: int = 0,
    ) -> None:
        self.inputs = checks.array("inputs", inputs, "[B, T, I]", dtype=np.float32)
        if 0 in self.inputs.shape or self.inputs.shape[1] > MAX_STEPS:
            raise ValueError(
                f"inputs must have at least one sequence and 1 to {MAX_STEPS} steps T to be shown. "
                f"Received shape: {self.inputs.shape}"
            )
        self.targets = self._checked("targets", targets, "[B, T, O]")
        if self.targets is not None:
            check_bits("targets", self.targets)
        self.mask = self._checked("mask", mask, "[B, T]")
        self.every = checks.positive_integer("every", every)
        if checks.positive_integer("example", example, minimum=0) >= len(self.inputs):
            raise ValueError(f"example must be below the batch size {len(self.inputs)}. Received: {example!r}")
        keras.callbacks.Callback.__init__(self)
        Driven.__init__(self, steps=self.inputs.shape[1])
        self.example, self.title = int(example), str(title)
        self.step, self.head = step, head
        self._state["moment"] = LATEST
        self.moments: list[Moment] = []
        """What was recorded, in order."""
        self._run, self._earlier = 0, list[Sequence[Any]]()
        self._recorded: Any = None
        self._warned = False
        self._before = self._in_epoch = self._next = 0
        self._display: str | None = None

    def _checked(self, name: str, value: Any, shape: str) -> np.ndarray | None:
        if value is None:
            return None
        result = checks.array(name, value, shape, dtype=np.float32)
        for axis, meaning in enumerate(("the batch of inputs", "the steps of inputs")):
            checks.size(name, result, axis, self.inputs.shape[axis], meaning)
        return result

    @property
    def moment(self) -> int:
        """Which of the moments is shown, from 0; -1 if nothing is recorded yet.

        Set it to -1 to stay at the latest while others come, as it is at first.
        """
        moment = int(self._get("moment"))
        return len(self.moments) - 1 if moment == LATEST else min(moment, len(self.moments) - 1)

    @moment.setter
    def moment(self, moment: int) -> None:
        number = checks.positive_integer("moment", moment, minimum=LATEST)
        if number >= len(self.moments):
            raise ValueError(f"moment must be below {len(self.moments)}, as many as are recorded. Received: {moment!r}")
        self._set("moment", number)

    # --- the callback

    def on_train_begin(self, logs: Any = None) -> None:
        """Record the first moment; of another model than before, in a new recording."""
        if self._recorded is not self.model:
            self._earlier = self._curve() if len(self.moments) > 1 else []
            self._recorded, self.moments, self._before, self._in_epoch = self.model, [], 0, 0
            self._run, self._warned = self._run + 1, False
            self._set("moment", LATEST)
        self._before, self._in_epoch = self._before + self._in_epoch, 0
        if not self.moments or self._before > self.moments[-1].sequences:
            self._record()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin to count the sequences of an epoch."""
        self._before, self._in_epoch = self._before + self._in_epoch, 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Record a moment if it is time."""
        self._in_epoch = self._counted()
        if self._before + self._in_epoch >= self._next:
            self._record()

    def on_train_end(self, logs: Any = None) -> None:
        """Record the last moment, and put the recording where the figure was shown."""
        self._before, self._in_epoch = self._before + self._in_epoch, 0
        if not self.moments or self._before > self.moments[-1].sequences:
            self._record()
        if self._display is not None:
            self._publish(update=True)

    def _counted(self) -> int:
        """Return the number of sequences of this epoch: Keras weighs each batch of its mean loss by their number."""
        return round(float(next(metric for metric in self.model.metrics if metric.name == "loss").count))

    def _record(self) -> None:
        sequences = self._before + self._in_epoch
        self._next = sequences + self.every
        trace = record(self.model, self.inputs, self.targets, self.mask)
        try:
            self.moments.append(Moment.of(sequences, trace, self.example))
        except ValueError as error:  # a training that met NaN ends in its own way
            if not self._warned:
                warnings.warn(f"nothing can be shown after {sequences} sequences: {error}", stacklevel=2)
            self._warned = True
            return
        if self._widget is not None:
            self._send()

    # --- the figure

    def html(self) -> str:
        """Return the figure as text for a page: the recorded run, static picture and module, without a kernel.

        As many moments are kept as fit into the size of a figure, more of them where the error changes more.
        """
        if not self.moments:
            return "<p>Nothing is recorded yet: give this to <code>fit</code> or <code>train</code> as a callback.</p>"
        picture = fitted(picture_of_moments(self.moments), PICTURE_ROOM)
        room = LARGEST_FIGURE - len(picture) - 2000 - 30 * (len(self.moments) + len(self._earlier))
        sizes = [len(for_script(each.data)) + 10 for each in self.moments]
        kept = chosen_moments(self._curve(), sizes, room, self.moment)
        data = {
            **{name: self._get(name) for name in ("moment", "step", "head", "playing")},
            "title": self.title,
            "recording": self._recording(kept) | {"kept": kept},
            "note": self._note(len(kept)),
            "recorded": RECORDED,
        }
        return page_element("recording", for_script(data), f"{picture}<p>{RECORDED}</p>")

    def _note(self, kept: int) -> str:
        sequences, moments = len(self.inputs), len(self.moments)
        mean = f"The error is the mean of {sequences} sequences; one is shown. " if sequences > 1 else ""
        some = f"{kept} of {moments} recorded moments are kept here. " if kept < moments else ""
        return f"{mean}{some}{ROUNDED}"

    def _curve(self) -> list[Sequence[Any]]:
        return [[each.sequences, None if each.bits is None else float(f"{each.bits:.4g}")] for each in self.moments]

    def _recording(self, at_hand: Sequence[int]) -> dict[str, Any]:
        """Return the recording as js/moments.js describes it, with what happened at some of the moments."""
        payloads = {str(place): self.moments[place].data for place in at_hand}
        return {"run": self._run, "curve": self._curve(), "earlier": self._earlier, "kept": None, "payloads": payloads}

    def _live_recording(self) -> dict[str, Any]:
        """Return it with the newest moment and the one that is shown; the page keeps those that it has seen come."""
        return self._recording(sorted({self.moment, len(self.moments) - 1} - {-1}))

    def _make_widget(self) -> Any:
        note = self._note(len(self.moments))
        widget = _widget_class()(title=self.title, note=note, recording=self._live_recording(), **self._state)
        widget.observe(lambda change: self._send(), "moment")
        return widget

    def _send(self) -> None:
        self._widget.recording = self._live_recording()

    def _ipython_display_(self) -> None:
        self._display = self._display or uuid.uuid4().hex
        self._publish()

    def _publish(self, *, update: bool = False) -> None:
        from IPython.display import display

        shown = self._repr_mimebundle_()
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        display(data, metadata=metadata, raw=True, display_id=self._display, update=update)

    def __repr__(self) -> str:
        last = f", the last after {self.moments[-1].sequences:,} sequences" if self.moments else ""
        return f"TrainingRecorder({len(self.moments)} moments{last})"


@functools.cache
def _widget_class() -> Any:
    class TrainingRecorderWidget(widget_base()):  # type: ignore[misc]
        _esm = widget_module("recording", ["title", "note"], ["recording", "moment", "step", "head", "playing"])
        note = traits().Unicode().tag(sync=True)
        recording = traits().Dict().tag(sync=True)
        moment = traits().Int(LATEST).tag(sync=True)

    return TrainingRecorderWidget
