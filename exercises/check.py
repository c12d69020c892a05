"""What an exercise notebook needs beside it, as a module of the repository. Students get it as one file.

`exercise(NAME, CASES)` gives a notebook its `check` and `submit`. `run` is a tape machine in NumPy that you drive by
hand-set head parameters; `drive`, `identity`, `PICTURES` and `differs` are shared with the grader, which says the same
words. `exercises.grader.release` joins the parts to `release/check.py`: NumPy, one file, nothing is sent anywhere.
"""

from exercises.student.cases import PICTURES, THROUGH, drive, identity, inspect
from exercises.student.machine import BACK, FORWARD, STAY, Run, run
from exercises.student.notebook import arguments_shown, exercise
from exercises.student.pictures import drawn, labelled, raster, text_of, trace_picture
from exercises.student.values import Unusable, changed_arguments, described, differs, numbers_in, unjudged

__all__ = [
    "BACK",
    "FORWARD",
    "PICTURES",
    "STAY",
    "THROUGH",
    "Run",
    "Unusable",
    "arguments_shown",
    "changed_arguments",
    "described",
    "differs",
    "drawn",
    "drive",
    "exercise",
    "identity",
    "inspect",
    "labelled",
    "numbers_in",
    "raster",
    "run",
    "text_of",
    "trace_picture",
    "unjudged",
]
