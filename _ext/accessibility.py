"""What the check of accessibility found, as the page `book/accessibility.md` shows it.

    ```{accessibility-results}
    ```

is a table made from `accessibility.json`, which `make accessibility` writes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[1]
IMPACTS = ("critical", "serious", "moderate", "minor")


def as_text(results: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the table, in MyST Markdown."""
    settings = [setting for settings in results["pages"].values() for setting in settings]
    themes = sorted({setting["theme"] for setting in settings}, reverse=True)
    widths = sorted({setting["width"] for setting in settings}, reverse=True)
    places: Counter[str] = Counter()
    undecided: Counter[str] = Counter()
    for setting in settings:
        undecided.update(setting["undecided"])
        for fault in setting["violations"]:
            places[fault["impact"]] += len(fault["places"])
    yield from ("| what | result |", "|---|---|")
    yield f"| checked with | {', '.join(f'{name} {number}' for name, number in results['tools'].items())} |"
    yield f"| pages | {len(results['pages'])} |"
    yield f"| each of them | {' and '.join(themes)}, {' and '.join(map(str, widths))} pixels wide |"
    yield f"| rules that found something to check | {len(results['rules'])} |"
    yield from (f"| {impact} violations | {places[impact]} |" for impact in IMPACTS)
    yield f"| places that a program cannot decide | {listed(undecided)} |"


def listed(undecided: Mapping[str, int]) -> str:
    """Return how many places each rule left to a person, counted in every setting."""
    return "; ".join(f"`{rule}` {count}" for rule, count in sorted(undecided.items())) or "none"


class AccessibilityResults(SphinxDirective):
    """`{accessibility-results}`: the table."""

    def run(self) -> list[nodes.Node]:
        """Return the table as the page shows it."""
        self.env.note_dependency(str(ROOT / "accessibility.json"))
        results = json.loads((ROOT / "accessibility.json").read_text(encoding="utf-8"))
        block = nodes.container(classes=["accessibility-results"])
        self.state.nested_parse(StringList([*as_text(results)], "accessibility.json"), 0, block)
        return [block]


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("accessibility-results", AccessibilityResults)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
