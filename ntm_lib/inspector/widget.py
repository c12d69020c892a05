"""The inspector as Python sees it: text for a page, and a widget in a live kernel."""

from __future__ import annotations

import functools
import html
import io
import json
import os
import sys
from typing import Any

from ntm_lib import checks
from ntm_lib.inspector.modules import bundle, version
from ntm_lib.inspector.payload import check, payload
from ntm_lib.models import NeuralTuringMachine
from ntm_lib.plots.machines import machine
from ntm_lib.plots.style import Picture
from ntm_lib.trace import Trace, record

LARGEST_FIGURE = 150_000
"""Bytes of a figure's data and static picture together."""

RESOLUTIONS = (160, 120, 90, 70, 50)
"""Dots per inch of the static picture; the first that fits is taken."""

STATIC = "NTM_STATIC_FIGURES"
"""Where this is set in the environment, a notebook gets no widgets: for pages that no kernel will serve."""


class Inspector:
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
        self._limits = {"step": sizes["T"], "head": max(sizes["R"], sizes["H"])}
        self._state: dict[str, Any] = {"playing": False}
        self._widget: Any = None
        self.step, self.head = step, head

    @property
    def step(self) -> int:
        """The step that is shown, from 0."""
        return int(self._get("step"))

    @step.setter
    def step(self, step: int) -> None:
        self._set("step", self._below("step", step))

    @property
    def head(self) -> int:
        """Which read head and which write head is shown, from 0; a kind that has fewer shows its last."""
        return int(self._get("head"))

    @head.setter
    def head(self, head: int) -> None:
        self._set("head", self._below("head", head))

    @property
    def playing(self) -> bool:
        """Whether it moves on by itself."""
        return bool(self._get("playing"))

    @playing.setter
    def playing(self, playing: bool) -> None:
        self._set("playing", bool(playing))

    @functools.cached_property
    def data(self) -> dict[str, Any]:
        """The trace as the page carries it; see `ntm_lib.inspector.payload`."""
        return payload(self.trace, self.example)

    @property
    def widget(self) -> Any:
        """The Jupyter widget, made when it is first asked for; it needs anywidget.

        Its traits `step`, `head` and `playing` can be observed.
        """
        if self._widget is None:
            state = {"payload": self.data, "title": self.title, **self._state}
            self._widget = _widget_class()(**state)
        return self._widget

    def html(self) -> str:
        """Return the figure as text for a page: data, static picture and the module that brings them to life.

        The module is the same in every figure. Without scripts, and in print, the picture is seen.
        """
        module = bundle("element")
        name = f"ntm-inspector-{version(module)}"
        state = {name: self._get(name) for name in ("step", "head", "playing")}
        data = for_script({"title": self.title, **state, "payload": self.data})
        return (
            f'<{name} data-lm-suppress-shortcuts="true">'
            f'<script type="application/json">{data}</script>'
            f"{self._picture(LARGEST_FIGURE - len(data) - 200)}"
            f"</{name}>\n"
            f'<script type="module">\n{module}\ndefineInspector("{name}");\n</script>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        texts = {"text/plain": repr(self), "text/html": self.html()}
        if not _live():
            return texts
        drawn = self.widget._repr_mimebundle_()
        data, metadata = drawn if isinstance(drawn, tuple) else (drawn, {})
        return {**(data or {}), **texts}, metadata

    def __repr__(self) -> str:
        return f"Inspector({self._limits['step']} steps, step={self.step}, head={self.head})"

    def _below(self, name: str, value: int) -> int:
        if checks.positive_integer(name, value, minimum=0) >= self._limits[name]:
            raise ValueError(f"{name} must be below {self._limits[name]}. Received: {value!r}")
        return int(value)

    def _get(self, name: str) -> Any:
        return self._state[name] if self._widget is None else getattr(self._widget, name)

    def _set(self, name: str, value: Any) -> None:
        self._state[name] = value
        if self._widget is not None:
            setattr(self._widget, name, value)

    def _picture(self, room: int) -> str:
        picture = machine(self.trace, example=self.example)
        for dots in RESOLUTIONS:
            image = image_element(picture, dots)
            if len(image) <= room:
                return image
        return f"<p>{html.escape(picture.alt)}</p>"


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
        ValueError: if it is neither a machine nor a trace, a shape does not fit, a value is not finite, there are more
            than 241 steps, or `example`, `step` or `head` is out of range.
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


def _live() -> bool:
    """Say whether a kernel is running that a widget can talk to, and anywidget is there."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None or os.environ.get(STATIC):
        return False
    try:
        import anywidget  # noqa: F401
    except ImportError:
        return False
    return True


@functools.cache
def _widget_class() -> Any:
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise ImportError("the widget needs anywidget: python -m pip install anywidget") from error

    class InspectorWidget(anywidget.AnyWidget):
        _esm = f"{bundle('element')}\nexport default {{ render: renderInspector }};\n"
        payload = traitlets.Dict().tag(sync=True)
        title = traitlets.Unicode().tag(sync=True)
        step = traitlets.Int(0).tag(sync=True)
        head = traitlets.Int(0).tag(sync=True)
        playing = traitlets.Bool(False).tag(sync=True)

    return InspectorWidget


def for_script(value: Any) -> str:
    """Return JSON in which nothing can end the script element that it stands in."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def image_element(picture: Picture, dots: int) -> str:
    """Return a picture as an `img` element that carries its own data, at so many dots per inch."""
    import base64

    from PIL import Image

    buffer = io.BytesIO()
    picture.figure.savefig(buffer, format="png", dpi=dots, bbox_inches="tight", facecolor="white")
    reduced = io.BytesIO()
    with Image.open(buffer) as image:
        colours = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        colours.save(reduced, format="png", optimize=True)
    width = round(picture.figure.get_figwidth() * 100)
    return (
        f'<img src="data:image/png;base64,{base64.b64encode(reduced.getvalue()).decode()}" '
        f'alt="{html.escape(picture.alt)}" style="width: {width}px; max-width: 100%; height: auto; background: #fff">'
    )
