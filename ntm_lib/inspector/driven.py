"""What the inspector's figures share on the Python side: a state that the page and Python both drive."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from ntm_lib import checks
from ntm_lib.inspector.modules import bundle, version

STATIC = "NTM_STATIC_FIGURES"
"""Where this is set in the environment, a notebook gets no widgets: for pages that no kernel will serve."""


class Driven:
    """A figure whose `step`, `head` and `playing` can be read and set; in a live kernel they are those of its widget.

    A kind of figure says what its widget is (`_make_widget`) and what a page without a kernel gets (`html`).
    """

    def __init__(self, *, steps: int, heads: int | None = None) -> None:
        self._limits = {"step": steps} | ({} if heads is None else {"head": heads})
        self._state: dict[str, Any] = {"step": 0, "head": 0, "playing": False}
        self._widget: Any = None

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

    @property
    def widget(self) -> Any:
        """The Jupyter widget, made when it is first asked for; it needs anywidget. Its traits can be observed."""
        if self._widget is None:
            self._widget = self._make_widget()
        return self._widget

    def html(self) -> str:
        """Return the figure as text for a page without a kernel."""
        raise NotImplementedError

    def _make_widget(self) -> Any:
        raise NotImplementedError

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        texts = {"text/plain": repr(self), "text/html": self.html()}
        if not live():
            return texts
        drawn = self.widget._repr_mimebundle_()
        data, metadata = drawn if isinstance(drawn, tuple) else (drawn, {})
        return {**(data or {}), **texts}, metadata

    def _below(self, name: str, value: int) -> int:
        number = checks.positive_integer(name, value, minimum=0)
        if name in self._limits and number >= self._limits[name]:
            raise ValueError(f"{name} must be below {self._limits[name]}. Received: {value!r}")
        return number

    def _get(self, name: str) -> Any:
        return self._state[name] if self._widget is None else getattr(self._widget, name)

    def _set(self, name: str, value: Any) -> None:
        self._state[name] = value
        if self._widget is not None:
            setattr(self._widget, name, value)


def live() -> bool:
    """Say whether a kernel is running that a widget can talk to, and anywidget is there."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None or os.environ.get(STATIC):
        return False
    try:
        import anywidget  # noqa: F401
    except ImportError:
        return False
    return True


def traits() -> Any:
    """Return the module traitlets, which comes with anywidget."""
    import traitlets

    return traitlets


@functools.cache
def widget_base() -> Any:
    """Return the class of widgets with the traits that every figure has.

    Raises:
        ImportError: if anywidget is not installed.
    """
    try:
        import anywidget
    except ImportError as error:
        raise ImportError("the widget needs anywidget: python -m pip install anywidget") from error

    class DrivenWidget(anywidget.AnyWidget):
        title = traits().Unicode().tag(sync=True)
        step = traits().Int(0).tag(sync=True)
        head = traits().Int(0).tag(sync=True)
        playing = traits().Bool(False).tag(sync=True)

    return DrivenWidget


def page_element(kind: str, data: str, static: str) -> str:
    """Return a figure as an element for a page, and the module that brings it to life.

    Args:
        kind: the file of `js/` that has the figure's function `mountKind`.
        data: what that function is given, as `for_script` returned it.
        static: what is seen without scripts and in print.
    """
    module = bundle(kind, "element")
    name = f"ntm-{kind}-{version(module)}"
    return (
        f'<{name} data-lm-suppress-shortcuts="true"><script type="application/json">{data}</script>{static}</{name}>\n'
        f'<script type="module">\n{module}\ndefineElement("{name}", {_mount(kind)});\n</script>'
    )


def widget_module(kind: str, shown: Sequence[str], followed: Sequence[str]) -> str:
    """Return the module of a figure's widget.

    Args:
        kind: as in `page_element`.
        shown: the traits that the figure is made from once.
        followed: those that it follows when Python sets them.
    """
    names = for_script([*shown, *followed]), for_script(followed)
    return f"{bundle(kind, 'widget')}\nexport default widgetOf({_mount(kind)}, {', '.join(names)});\n"


def _mount(kind: str) -> str:
    return f"mount{kind.capitalize()}"


def for_script(value: Any) -> str:
    """Return JSON in which nothing can end the script element that it stands in."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
