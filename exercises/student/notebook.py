"""`check` and `submit` of one notebook: run the public cases, name the mistake, keep the progress, write the file."""

from __future__ import annotations

import contextlib
import copy
import html
import inspect as python_inspect
import json
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from exercises.student.cases import PICTURES, THROUGH
from exercises.student.pictures import drawn, labelled, text_of
from exercises.student.progress import progress_html, remember
from exercises.student.submitting import submission
from exercises.student.values import Unusable, changed_arguments, differs, unjudged

Namespace = Mapping[str, Any]
FOR_THE_MACHINE = ("ask", "look", "longest")  # arguments that say how a run is looked at
HINT_BOX = "border-left:4px solid #b8860b;padding:4px 10px;margin:6px 0"


class Result(NamedTuple):
    """One public case: what came out, what is wrong with it ('' for nothing), and what Python warned of."""

    arguments: dict[str, Any]
    expected: Any
    got: Any
    raw: Any
    message: str
    warning: str


def exercise(name: str, cases: str) -> tuple[Callable[[str], None], Callable[..., None]]:
    """The `check` and `submit` of the notebook `name`. cases: the JSON that the release holds in a folded cell."""
    told = revived(json.loads(cases))
    questions = {question["name"]: question for question in told["questions"]}

    def check(question: str) -> None:
        """Try the public cases of a question, "q1" for example, on what you have defined above."""
        if question not in questions:
            free = [part["name"] for part in told["free_texts"]]
            known_names = ", ".join(questions)
            show(
                f"<p>{'A person reads' if question in free else 'There is no'} {html.escape(str(question))}. "
                f"check knows {known_names}.</p>"
            )
            return
        namespace = python_inspect.currentframe().f_back.f_globals  # type: ignore[union-attr]
        asked = questions[question]
        results = attempts(asked, namespace)
        remember(name, list(questions), question, all(not result.message for result in results))
        show(feedback(asked, results) + progress_html(name))

    def submit(file: str | None = None) -> None:
        """Write the file that you hand in, beside this notebook. It sends nothing. file: the notebook's own name."""
        namespace = python_inspect.currentframe().f_back.f_globals  # type: ignore[union-attr]
        show(f"<p>{html.escape(submission(name, list(questions), file, namespace))}</p>")

    return check, submit


def attempts(asked: dict[str, Any], namespace: Namespace) -> list[Result]:
    """The answer in each public case. Never raises for what a student wrote."""
    results = []
    for case in asked["cases"]:
        # nbgrader gives 0 for a line on stderr, so what is written there goes to stdout.
        with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stderr(sys.stdout):
            warnings.simplefilter("always")
            raw, got, message = _one_attempt(asked, case, namespace)
        said = f"{warned[0].category.__name__}: {str(warned[0].message)[:200]}" if warned else ""
        results.append(Result(case["arguments"], case["expected"], got, raw, message, said))
    return results


def _one_attempt(asked: dict[str, Any], case: dict[str, Any], namespace: Namespace) -> tuple[Any, Any, str]:
    """What the answer gave, what that is after `through`, and what is wrong with it."""
    raw = got = None
    try:
        raw = _raw(asked, case["arguments"], namespace)
        through = THROUGH.get(asked["through"]) or namespace[asked["through"]]
        got = _seen(through, case["arguments"], raw)
        return raw, got, differs(case["expected"], got, asked["tolerance"])
    except Unusable as error:
        return raw, got, str(error)
    except Exception as error:  # the student's code may raise anything
        return raw, got, error_text(error)


def _seen(through: Callable[..., Any], arguments: dict[str, Any], raw: Any) -> Any:
    """The value that is compared. An error here happens in a given cell, so no line of the student's is named."""
    try:
        return through(copy.deepcopy(arguments), raw)
    except Unusable:
        raise
    except Exception as error:
        raise Unusable(unjudged(error, raw)) from error


def _raw(asked: dict[str, Any], arguments: dict[str, Any], namespace: Namespace) -> Any:
    """What the answer returns for these arguments, or the value that it is."""
    answer = asked["answer"]
    if answer not in namespace:
        raise Unusable(f"{answer} is not defined yet: run the cell above first")
    if asked["kind"] == "value":
        return namespace[answer]
    if not callable(namespace[answer]):
        raise Unusable(f"{answer} is a {type(namespace[answer]).__name__}, expected a function")
    names = arguments if asked["passes"] is None else asked["passes"]
    passed = {name: copy.deepcopy(arguments[name]) for name in names}
    raw = namespace[answer](**passed)
    if changed := changed_arguments({name: arguments[name] for name in names}, passed):
        raise Unusable(changed)
    return raw


def error_text(error: BaseException) -> str:
    """An exception in one sentence, with the line of the student's own cell that led to it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "ipykernel" in frame.filename or frame.filename.startswith("<")]
    where = f' in line {own[-1].lineno} of your cell, "{own[-1].line or ""}"' if own else ""
    return f"{type(error).__name__}{where}: {str(error)[:300]}"


def named_mistake(asked: dict[str, Any], results: Sequence[Result]) -> dict[str, Any] | None:
    """The first known mistake whose values are the answer's in every public case, and wrong in one of them."""
    if any(result.got is None for result in results) or not any(result.message for result in results):
        return None
    for mistake in asked["mistakes"]:
        pairs = zip(mistake["values"], results, strict=True)
        if not any(differs(value, result.got, asked["tolerance"]) for value, result in pairs):
            return mistake
    return None


def feedback(asked: dict[str, Any], results: Sequence[Result]) -> str:
    """What `check` says about one question, as HTML."""
    right = sum(not result.message for result in results)
    parts = [f"<p><b>{asked['name']}</b>: {right} of {len(results)} public cases right.</p>"]
    if mistake := named_mistake(asked, results):
        named, hint = html.escape(mistake["name"]), html.escape(mistake["hint"])
        parts.append(f'<div style="{HINT_BOX}"><b>It looks as if {named}.</b> {hint}</div>')
    for number, result in enumerate(results, 1):
        parts.append(_case(asked, number, result))
    hidden, points = asked["hidden_points"], asked["points"]
    verdict = "They try what these cases try, with other values." if right == len(results) else ""
    parts.append(
        f"<p><b>{hidden:g} of the {points:g} points are decided by {asked['hidden']} hidden cases</b>, "
        f"which the grader runs after you have handed in. {verdict}</p>"
    )
    return "".join(parts)


def _case(asked: dict[str, Any], number: int, result: Result) -> str:
    given = arguments_shown(result.arguments)
    mark = "✗" if result.message else "✓"
    said = "".join(f"<div>{html.escape(line)}</div>" for line in (result.message, result.warning) if line)
    picture = PICTURES[asked["picture"]](result.arguments, result.expected, result.got, result.raw)
    opened = "open" if result.message else ""
    head = f"<summary>{mark} case {number}</summary>"
    return f"<details {opened}>{head}<div>{given}</div>{said}{picture}</details>"


def arguments_shown(arguments: Mapping[str, Any]) -> str:
    """What a case gives, as HTML: pictures where they are pictures, without what says how a run is looked at."""
    told = {html.escape(name): value for name, value in arguments.items() if name not in FOR_THE_MACHINE}
    pictures = {name: drawn(value, name) for name, value in told.items()}
    small = ", ".join(f"{name} = {text_of(told[name])}" for name in told if "<svg" not in pictures[name])
    large = {name: picture for name, picture in pictures.items() if "<svg" in picture}
    return f"<small>{small}</small>{labelled(large) if large else ''}"


def revived(value: Any) -> Any:
    """The values that a release keeps as JSON: {"__array__": ...} becomes an array again."""
    if isinstance(value, dict):
        if "__array__" in value:
            return np.array(value["__array__"], dtype=value["dtype"]).reshape(value["shape"])
        return {name: revived(part) for name, part in value.items()}
    return [revived(part) for part in value] if isinstance(value, list) else value


def show(text: str) -> None:
    """Show HTML in a notebook; print its words elsewhere."""
    try:
        from IPython import get_ipython
        from IPython.display import HTML, display
    except ImportError:
        get_ipython = None
    if get_ipython is not None and get_ipython() is not None:
        display(HTML(f'<div style="max-width:60em;line-height:1.5">{text}</div>'))
    else:
        print(plain_words(text))


def plain_words(text: str) -> str:
    """The words of HTML, without pictures."""
    text = re.sub(r"<svg.*?</svg>|<script.*?</script>", "[picture]", text, flags=re.DOTALL)
    text = re.sub(r"</(p|div|summary|details|li)>", "\n", text)
    return html.unescape(re.sub(r"\n\s*\n+", "\n", re.sub(r"<[^>]+>", "", text))).strip()
