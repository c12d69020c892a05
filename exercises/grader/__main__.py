"""`python -m exercises.grader grade|export|release|students ...`: the instructor's commands."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from exercises.grader.sandbox import InfrastructureError, NoSandboxError

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "exercises" / "source"
SALT = ROOT / "exercises" / "salt.txt"
DONE, USAGE, BROKEN_MACHINE, STOPPED = 0, 2, 3, 130


def main(arguments: list[str] | None = None) -> int:
    """Run a command. Exit codes: 0 done, 2 wrongly called, 3 the machine failed somewhere, which is no grade."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # some references use the library
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        return STOPPED
    except NoSandboxError as error:
        print(f"No sandbox, so nothing is graded. {error}", file=sys.stderr)
        print("To grade your own work without one: --trust (every report says so).", file=sys.stderr)
        return BROKEN_MACHINE
    except (InfrastructureError, OSError) as error:
        print(f"The machine failed, so this is no grade: {error}", file=sys.stderr)
        return BROKEN_MACHINE
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m exercises.grader", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_grade(commands.add_parser("grade", help="grade a folder of submissions"))
    _add_export(commands.add_parser("export", help="write grades for Canvas, Moodle or Gradescope"))
    _add_authoring(commands)
    return parser


def _add_grade(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("submissions", type=Path, help="a folder: STUDENT.ipynb, or one folder a student")
    parser.add_argument("--out", type=Path, required=True, help="the folder of results")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)")
    parser.add_argument("--dask", metavar="ADDRESS", help="grade on the Dask cluster at this address instead")
    parser.add_argument("--exercise", help="all notebooks are of this exercise (default: each says which)")
    parser.add_argument("--sources", type=Path, default=SOURCES, help="the folder of source notebooks")
    parser.add_argument(
        "--salt", type=Path, default=SALT, help="the file of the secret that hidden cases are drawn from"
    )
    parser.add_argument("--seconds", type=float, metavar="FACTOR", default=1.0, help="multiply all time limits by this")
    parser.add_argument("--fresh", action="store_true", help="a new box for each submission, not a fork of a warm one")
    parser.add_argument("--trust", action="store_true", help="no sandbox: for your own work only; every report says so")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(command=_grade)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("form", choices=("canvas", "moodle", "gradescope"), help="for which system")
    parser.add_argument("results", type=Path, help="the folder of results that `grade` wrote")
    parser.add_argument("--out", type=Path, help="file (canvas, moodle) or folder (gradescope) to write")
    parser.add_argument("--roster", type=Path, help="CSV with a column `student` and the system's own columns")
    parser.add_argument("--exercise", help="the exercise, where the results hold several")
    parser.set_defaults(command=_export)


def _add_authoring(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    release = commands.add_parser("release", help="make the students' notebooks from the sources")
    release.set_defaults(command=_release)
    students = commands.add_parser("students", help="write the tree that is served to a class")
    students.add_argument("out", type=Path, help="the folder to write")
    students.add_argument(
        "--repository", help="where the class gets it, for example https://github.com/OWNER/NAME; default: the course's"
    )
    students.set_defaults(command=_students)
    autograder = commands.add_parser("autograder", help="write the zip that Gradescope's autograder wants")
    autograder.add_argument("exercise", help="the exercise, for example 03_addressing")
    autograder.add_argument("--out", type=Path, required=True, help="the zip file to write")
    autograder.add_argument("--sources", type=Path, default=SOURCES, help="the folder of source notebooks")
    autograder.add_argument("--salt", type=Path, default=SALT, help="the file of the secret")
    autograder.add_argument("--trust", action="store_true", help="grade without a sandbox there; every result says so")
    autograder.set_defaults(command=_autograder)


def _grade(options: argparse.Namespace) -> int:
    if not sys.platform.startswith("linux"):  # the modules below need it
        raise NoSandboxError(
            f"Grading needs Linux, this is {sys.platform}. On Windows use WSL 2, on macOS a Linux machine."
        )
    from exercises.grader import batch, exports, hand_marking, reports, submissions
    from exercises.grader.events import Limits

    if options.jobs < 1:
        raise ValueError(f"-j: received {options.jobs}, expected at least 1")
    course = batch.Class.read(options.sources, options.exercise)
    out = options.out.absolute()
    found = submissions.find(options.submissions, list(course.exercises))
    found = [file for file in found if out not in (file.path.absolute(), *file.path.absolute().parents)]
    if not found:
        raise ValueError(f"{options.submissions} holds no submission: expected STUDENT.ipynb or folders of students.")
    limits = Limits()
    way = batch.Way(replace(limits, pace=options.seconds), options.trust, not options.fresh)
    if options.trust:
        print("--trust: answers run without a sandbox, with your rights. For your own work only.", file=sys.stderr)
    options.out.mkdir(parents=True, exist_ok=True)
    salt = batch.salt_from(options.salt)
    outcome = batch.grade_all(
        *(found, course, options.out, salt, way),
        workers=options.jobs,
        dask=options.dask,
        only=options.exercise,
        progress=not options.quiet,
    )
    graded = hand_marking.merge(options.out, outcome.records)
    exports.write_grades(options.out, graded, found, outcome.broken)
    reports.write_all(options.out, graded, course.exercises)
    hand_marking.write_queue(options.out, graded)
    return _summary(options.out, outcome, graded)


def _summary(out: Path, outcome: object, graded: list[dict]) -> int:
    from exercises.grader.batch import Outcome

    assert isinstance(outcome, Outcome)
    waiting = sum(text["points"] is None for record in graded for text in record["texts"])
    print(f"{len(graded)} graded ({outcome.resumed} of them earlier): {out / 'grades.csv'}, {out / 'class.html'}")
    if waiting:
        texts = "free text waits" if waiting == 1 else "free texts wait"
        print(f"{waiting} {texts} for points in {out / 'hand_marking.csv'}; fill them in and run this again.")
    for shown, trouble in outcome.broken.items():
        print(f"NOT GRADED, the machine failed: {shown}: {trouble}", file=sys.stderr)
    if outcome.broken:
        print("Run the same command again: what is graded is kept.", file=sys.stderr)
    return BROKEN_MACHINE if outcome.broken else DONE


def _export(options: argparse.Namespace) -> int:
    from exercises.grader import exports

    written = exports.export(options.form, options.results, options.out, options.roster, options.exercise)
    print(f"Wrote {written}")
    return DONE


def _release(options: argparse.Namespace) -> int:
    from exercises.grader import release

    for path in release.release_all():
        print(f"Wrote {path}")
    return DONE


def _students(options: argparse.Namespace) -> int:
    from exercises.grader import students

    students.write(options.out, repository=options.repository)
    return DONE


def _autograder(options: argparse.Namespace) -> int:
    from exercises.grader import autograder

    autograder.write_zip(options.out, options.exercise, options.sources, options.salt, options.trust)
    print(f"Wrote {options.out}. It holds the source notebook and the secret: give it to nobody but Gradescope.")
    return DONE


if __name__ == "__main__":
    raise SystemExit(main())
