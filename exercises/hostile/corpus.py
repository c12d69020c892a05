"""All hostile submissions as files in a folder, and what each must get."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from exercises.hostile import attacks, files, forgeries
from exercises.hostile.attacks import FULL
from exercises.hostile.course import submission

ATTACKS = [
    *attacks.SCRATCH,
    *attacks.LOOPS,
    *attacks.ENDS,
    *attacks.BOMBS,
    *attacks.SPIES,
    *forgeries.FRAMES,
    *forgeries.VALUES,
]


class Wanted(NamedTuple):
    """What a file must get: its own verdict and points, and, where it is an attack, the verdict on q1."""

    verdict: str
    points: float
    question: str = ""


def write(folder: Path) -> dict[str, Wanted]:
    """Write the corpus into an empty folder. Gives what each file must get, by the file's name."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {}
    for attack in ATTACKS:
        name = f"attack_{attack.name}.ipynb"
        (folder / name).write_text(json.dumps(submission({"q1": attack.code})), encoding="utf-8")
        wanted[name] = Wanted("graded", attack.points + 2 * FULL, attack.verdict)
    for odd in files.FILES:
        name = f"{odd.name}.ipynb"
        odd.make(folder / name)
        wanted[name] = Wanted(odd.verdict, odd.points)
    return wanted
