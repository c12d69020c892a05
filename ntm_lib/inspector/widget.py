"""The inspector as Python sees it: text for a page, and a widget in a live kernel."""

from __future__ import annotations

import functools
import html
from typing import Any

from ntm_lib.inspector.driven import Driven, for_script, page_element, traits, widget_base, widget_module
from ntm_lib.inspector.payload import check, payload
from ntm_lib.models import NeuralTuringMachine
from ntm_lib.plots.machines import machine
from ntm_lib.plots.style import Picture
from ntm_lib.trace import Trace, record

LARGEST_FIGURE = 150_000
"""Bytes of a figure's data and static picture together."""

RESOLUTIONS = (160, 120, 90, 70, 50)
"""Dots per inch of the static picture; the first that fits is taken."""


class Inspector(Driven):
    """A trace that can be seen and driven, in a notebook and in a page without a kernel.

    In a live kernel, `step`, `head` and `playing` are those of the widget: what the reader does changes them, and
    setting them changes what is shown.

    Args:
        trace: what happened.
        example: which sequence of the batch.
        title: stands above the figure; none if empty.
        step: the step that is shown first.
        head: which read head and which write head is shown first.

    Raises:
        ValueError: if the trace cannot be shown, or a number is out of range.
    """

    def __init__(self, trace: Trace, *, example: int = 0, title: str = "", step: int = 0, head: int = 0) -> None:
        sizes = check(trace, example)
        self.trace, self.example, self.title = trace, example, str(title)
        super().__init__(steps=sizes["T"], heads=max(sizes["R"], sizes["H"]))
        self.step, self.head = step, head

    @functools.cached_property
    def data(self) -> dict[str, Any]:
        """The trace as the page carries it; see `ntm_lib.inspector.payload`."""
        return payload(self.trace, self.example)

    def html(self) -> str:
        """Return the figure as text for a page: data, static picture and the module that brings them to life.

        The module is the same in every figure. Without scripts, and in print, the picture is seen.

        Raises:
            ValueError: if the data alone are larger than a figure may be.
        """
        state = {name: self._get(name) for name in ("step", "head", "playing")}
        data = for_script({"title": self.title, **state, "payload": self.data})
        if len(data) > LARGEST_FIGURE:
            limit = f"the data of a figure must be at most {LARGEST_FIGURE:,} bytes"
            raise ValueError(f"{limit}: show fewer steps. Received: {len(data):,} of {self._limits['step']} steps")
        picture = machine(self.trace, example=self.example)
        return page_element("inspector", data, fitted(picture, LARGEST_FIGURE - len(data) - 200))

    def _make_widget(self) -> Any:
        return _widget_class()(payload=self.data, title=self.title, **self._state)

    def __repr__(self) -> str:
        return f"Inspector({self._limits['step']} steps, step={self.step}, head={self.head})"


def inspect(
    model_or_trace: NeuralTuringMachine | Trace,
    inputs: Any = None,
    *,
    targets: Any = None,
    mask: Any = None,
    example: int = 0,
    title: str = "",
    step: int = 0,
    head: int = 0,
) -> Inspector:
    """Show what a machine does with a sequence, step by step: memory, weightings, and what the heads are told.

    Args:
        model_or_trace: a machine, or a trace that `record` returned.
        inputs: `[B, T, I]`, the sequences that the machine runs over; not with a trace, which has them.
        targets: `[B, T, O]`, to be shown beside the outputs.
        mask: `[B, T]`, 1 where the answer counts.
        example: which sequence of the batch is shown.
        title: stands above the figure.
        step: the step that is shown first.
        head: which read head and which write head is shown first, where there are several.

    Returns:
        An `Inspector`, which a notebook shows as it is.

    Raises:
        ValueError: if it is neither a machine nor a trace, a shape does not fit, a value is not finite, a target is
            neither 0 nor 1, there are more than 241 steps, or `example`, `step` or `head` is out of range.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import NeuralTuringMachine, inspect
        >>> model = NeuralTuringMachine(3, 2, 6, 4, units=5)
        >>> shown = inspect(model, np.zeros((1, 7, 3)), step=2)
        >>> shown  # a notebook shows the figure
        Inspector(7 steps, step=2, head=0)
        >>> shown.step = 6
        >>> shown.html().startswith("<")
        True
    """
    trace = model_or_trace
    if isinstance(trace, NeuralTuringMachine):
        if inputs is None:
            raise ValueError("inputs must be an array [B, T, I] if a machine is given. Received: None")
        trace = record(trace, inputs, targets, mask)
    elif any(part is not None for part in (inputs, targets, mask)):
        raise ValueError("inputs, targets and mask must not be given with a trace, which has its own. Received one")
    if not isinstance(trace, Trace):
        raise ValueError(f"model_or_trace must be a NeuralTuringMachine or a Trace. Received: {type(trace).__name__}")
    return Inspector(trace, example=example, title=title, step=step, head=head)


@functools.cache
def _widget_class() -> Any:
    class InspectorWidget(widget_base()):  # type: ignore[misc]
        _esm = widget_module("inspector", shown=["payload", "title"], followed=["step", "head", "playing"])
        payload = traits().Dict().tag(sync=True)

    return InspectorWidget


def fitted(picture: Picture, room: int) -> str:
    """Return a picture as an element of at most so many characters, or its alternative text if none is so small."""
    for dots in RESOLUTIONS:
        image = picture.image(dots)
        if len(image) <= room:
            return image
    return f"<p>{html.escape(picture.alt)}</p>"
