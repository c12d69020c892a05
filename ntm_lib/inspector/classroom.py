"""A machine that learns in the page, without a kernel."""

from __future__ import annotations

from ntm_lib.inspector.modules import bundle, version

UNSEEN = "Here a small machine learns to copy, in the browser. It needs scripts; the cells below do the same in Python."


class Classroom:
    """A small machine that the reader of a page can train: start, pause, change one thing, run again beside.

    A notebook shows it as it is. Everything happens in the reader's browser; nothing comes back to Python.
    """

    def html(self) -> str:
        """Return the figure as text for a page."""
        module = bundle("classroom")
        name = f"ntm-classroom-{version(module)}"
        return (
            f"<div><{name}><p>{UNSEEN}</p></{name}>\n"
            f'<script type="module" data-for="{name}">\n{module}\ndefineClassroom("{name}");\n</script></div>'
        )

    def _repr_html_(self) -> str:
        return self.html()
