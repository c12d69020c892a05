"""The small figures of the chapters, each driven by the reader, without a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ntm_lib.inspector import addressing, architecture, tape, write
from ntm_lib.inspector.modules import bundle, version
from ntm_lib.inspector.widget import for_script
from ntm_lib.plots.style import Picture

PICTURES: dict[str, Callable[..., Picture]] = {
    "addressing": addressing.picture,
    "architecture": architecture.picture,
    "tape": tape.picture,
    "write": write.picture,
}
"""What each figure shows first, as the library computes it: seen in print and without scripts."""

DATA: dict[str, Callable[..., dict[str, Any]]] = {
    "addressing": addressing.data,
    "architecture": architecture.data,
    "tape": tape.data,
    "write": write.data,
}
"""What a figure starts from, for those that get it from here: JSON, which the figure's class gets as its `data`."""


def html(name: str, **start: Any) -> str:
    """Return a figure as text for a page.

    Args:
        name: one of `PICTURES`.
        start: what it starts from, where the figure can start from something else: see `addressing.data`.

    Raises:
        TypeError: if the figure takes no other start.
        ValueError: if there is no such figure, or it cannot start from this.
    """
    if name not in PICTURES:
        raise ValueError(f"name must be one of {', '.join(sorted(PICTURES))}. Received: {name!r}")
    module = bundle(name)
    element = f"ntm-{name}-{version(module)}"
    data = f'<script type="application/json">{for_script(DATA[name](**start))}</script>' if name in DATA else ""
    return (
        f"<{element}>{data}{PICTURES[name](**start).image()}</{element}>\n"
        f'<script type="module">\n{module}\ndefine{name.capitalize()}("{element}");\n</script>'
    )
