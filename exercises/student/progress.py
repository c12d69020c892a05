"""Which questions pass their public cases, over all exercises of a folder: one small JSON file beside the notebooks."""

from __future__ import annotations

import contextlib
import html
import json
from pathlib import Path

PROGRESS_FILE = "progress.json"


def read_progress() -> dict[str, dict[str, bool]]:
    """{exercise: {question: passes}}; empty when there is no file, or one that somebody has damaged."""
    try:
        kept = json.loads(Path(PROGRESS_FILE).read_text(encoding="utf-8"))
        return {str(name): {str(q): bool(done) for q, done in marks.items()} for name, marks in kept.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def remember(exercise: str, questions: list[str], question: str, passes: bool) -> None:
    """Keep whether the question passes its public cases. Where the folder cannot be written, nothing is kept."""
    kept = read_progress()
    before = kept.get(exercise, {})
    kept[exercise] = {name: before.get(name, False) for name in questions} | {question: passes}
    with contextlib.suppress(OSError):
        Path(PROGRESS_FILE + ".new").write_text(json.dumps(kept, indent=1), encoding="utf-8")
        Path(PROGRESS_FILE + ".new").replace(PROGRESS_FILE)


def progress_html(exercise: str) -> str:
    """One line an exercise: a full dot for each question whose public cases pass."""
    kept = read_progress()
    here = {path.stem for path in Path().glob("[0-9][0-9]_*.ipynb")}
    lines = []
    for name in sorted(here | set(kept)):
        marks = kept.get(name)
        dots = "".join("●" if done else "○" for done in marks.values()) if marks else "not begun"
        text = f"{html.escape(name)} {dots}"
        lines.append(f"<b>{text}</b>" if name == exercise else text)
    done = sum(sum(marks.values()) for marks in kept.values())
    return f"<p><small>All exercises, {done} questions with right public cases: {' · '.join(lines)}</small></p>"
