"""Prove with the real nbgrader that the source notebooks are a course for it: `make nbgrader`.

In an environment of its own under _build, nbgrader generates the release from exercises/source and autogrades three
submissions of it: the reference solutions must earn everything that is not marked by hand, the untouched release
nothing, and a known mistake its share. The notebooks run in the kernel of the course, which has TensorFlow, as they
would on a class's server. Runs at the same time wait for one another.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from exercises.grader import release, sources  # noqa: E402
from exercises.grader.spec import Exercise  # noqa: E402

PACKAGES = ["nbgrader==0.9.6", "numpy==2.4.6"]
PLACE = ROOT / "_build" / "nbgrader"
ASSIGNMENT = "ntm"
MISTAKEN = ("04_read_write", "q2", "wrong_order")  # the notebook, the question, and the mistake in its hidden part
SCORES = """
import json
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as book:
    print(json.dumps({
        student.id: {
            notebook.name: {grade.name: [grade.auto_score, grade.max_score] for grade in notebook.grades}
            for notebook in book.find_submission("ntm", student.id).notebooks
        }
        for student in book.students
    }))
"""


def environment() -> Path:
    """The Python of an environment with nbgrader, made when it is missing or another version is wanted."""
    python, mark = PLACE / "venv" / "bin" / "python", PLACE / "venv" / "packages.txt"
    if not mark.is_file() or mark.read_text() != "\n".join(PACKAGES):
        print(f"Installing {', '.join(PACKAGES)} into {PLACE / 'venv'}", flush=True)
        venv.create(PLACE / "venv", clear=True, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True)
        mark.write_text("\n".join(PACKAGES))
    return python


def course() -> dict[str, Exercise]:
    """Make a fresh course folder with our sources as one assignment."""
    folder = PLACE / "course"
    shutil.rmtree(folder, ignore_errors=True)
    assignment = folder / "source" / ASSIGNMENT
    assignment.mkdir(parents=True)
    shutil.copy(ROOT / "exercises" / "nbgrader_config.py", folder)
    (assignment / "check.py").write_text(release.joined_check(), encoding="utf-8")
    read = {}
    for path in sorted((ROOT / "exercises" / "source").glob("*.ipynb")):
        shutil.copy(path, assignment)
        read[path.stem] = sources.read(path)
    return read


def kernel_of_the_course() -> None:
    """Make a kernel `python3` that is this Python, with TensorFlow and the library; nbgrader's own has neither."""
    folder = PLACE / "jupyter" / "kernels" / "python3"
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel = {"argv": command, "display_name": "Python 3", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")


def variables(python: Path) -> dict[str, str]:
    """The environment variables: our grader can be imported, and nbgrader finds its own programs and our kernel."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    ours = {"PYTHONPATH": str(ROOT), "JUPYTER_PATH": str(PLACE / "jupyter"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return kept | ours | {"PATH": path, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def nbgrader(python: Path, *arguments: str) -> None:
    """Run nbgrader in the course folder; print what it says only when it fails."""
    command = [str(python), "-m", "nbgrader", *arguments]
    done = subprocess.run(
        command, cwd=PLACE / "course", env=variables(python), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"nbgrader {' '.join(arguments)} failed:\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}")


def submit(student: str, name: str, answers: dict[str, str]) -> None:
    """Put a notebook of nbgrader's own release into the submissions, with some answer cells filled."""
    folder = PLACE / "course" / "submitted" / student / ASSIGNMENT
    folder.mkdir(parents=True, exist_ok=True)
    notebook = sources.load(PLACE / "course" / "release" / ASSIGNMENT / f"{name}.ipynb")
    for cell in notebook["cells"]:
        answer = answers.get(cell["metadata"].get("nbgrader", {}).get("grade_id"))
        if answer is not None:
            cell["source"] = answer
    (folder / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def compare_releases(name: str) -> None:
    """Stop unless the release of nbgrader and ours agree cell by cell, in what stands in them."""
    theirs, ours = (
        [sources.text_of(cell).strip() for cell in sources.load(folder / f"{name}.ipynb")["cells"]]
        for folder in (PLACE / "course" / "release" / ASSIGNMENT, ROOT / "exercises" / "release")
    )
    for number, (one, other) in enumerate(zip(theirs, ours, strict=True)):
        if one != other:
            raise SystemExit(f"{name}, cell {number}: nbgrader releases\n{one}\nand we release\n{other}")


def wrong_points(read: dict[str, Exercise], scores: dict[str, Any]) -> list[str]:
    """What nbgrader gave and should not have."""
    found = []
    for name, exercise in read.items():
        for question in exercise.questions:
            wanted = {"solution": question.points, "untouched": 0.0}
            if (name, question.name) == MISTAKEN[:2]:
                mistake = next(part for part in question.mistakes if part.behaves.__name__ == MISTAKEN[2])
                wanted["mistaken"] = round(question.points * mistake.earns, 2)
            for student, points in wanted.items():
                got, most = scores[student][name][f"{question.name}-test"]
                if (got, most) != (points, question.points):
                    found.append(f"{student}, {name}, {question.name}: {got} of {most}, expected {points:g}")
    return found


def main() -> None:
    """Wait for another run in this folder, then prove."""
    PLACE.mkdir(parents=True, exist_ok=True)
    with (PLACE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        prove()


def prove() -> None:
    """Install, generate, submit, autograde, compare."""
    python, read = environment(), course()
    kernel_of_the_course()
    nbgrader(python, "generate_assignment", ASSIGNMENT, "--create")
    for name, exercise in read.items():
        compare_releases(name)
        submit("solution", name, dict(exercise.solutions))
        submit("untouched", name, {})
    name, asked, function = MISTAKEN
    hidden = sources.hidden_definitions(ROOT / "exercises" / "source" / f"{name}.ipynb", asked)
    hidden = "\n".join(line for line in hidden.splitlines() if "exercises.grader" not in line)
    answer = next(question.answer for question in read[name].questions if question.name == asked)
    submit("mistaken", name, {asked: f"{hidden}\n{answer} = {function}"})
    nbgrader(python, "autograde", ASSIGNMENT, "--create")
    everything = variables(python)
    shown = subprocess.run(
        [str(python), "-c", SCORES], cwd=PLACE / "course", env=everything, capture_output=True, text=True, check=True
    )
    found = wrong_points(read, json.loads(shown.stdout))
    if found:
        raise SystemExit("nbgrader gave other points:\n" + "\n".join(found))
    points = sum(question.points for exercise in read.values() for question in exercise.questions)
    print(f"nbgrader releases what we release, in {len(read)} notebooks; the solutions earn {points:g} of {points:g}")
    print("points, the untouched releases 0, and a known mistake what it says.")


if __name__ == "__main__":
    main()
