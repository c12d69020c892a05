"""What a question is: the words in which a source notebook says how an answer is judged. NumPy only.

A source notebook ends each test cell with `grade(Question(...), globals())`. Who reads the source in the trusted
process puts a list under `COLLECTOR` into those globals, and `grade` adds the question to it. Without it the cell runs
in nbgrader, inside the student's kernel: then `grade` calls the answer itself and returns the points that it earns.
"""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from exercises import check
from exercises.grader.compare import differs

COLLECTOR = "__exercise_questions__"
PUBLIC_SHARE = 0.25  # of the points: at most this part is decided by cases that the student can read

Arguments = Mapping[str, Any]
Value = Any  # an array, a number, a string, a truth value, None, or lists and dicts of these


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people really give. An answer that behaves like it in every case gets this name.

    name: what the student does, as it is said to them: "your shift does not wrap".
    behaves: a function in the place of the student's, or, for a value question, the wrong value itself.
    hint: one question or one sentence that leads on and does not give the answer.
    earns: the share of the points that this mistake keeps at least, in [0, 1).
    """

    name: str
    behaves: Any
    hint: str
    earns: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a share outside [0, 1)."""
        if not 0 <= self.earns < 1:
            raise ValueError(f"earns: received {self.earns!r} for {self.name!r}, expected a share in [0, 1)")


@dataclass(frozen=True)
class Question:
    """One graded question.

    name: "q1"; the grade_id of its answer cell, and with "-test" that of its test cell.
    answer: the name that the answer cell defines.
    points: as in the metadata of the test cell.
    public: the cases that the student sees, each a dict of arguments by name.
    reference: all arguments of a case by name -> the expected value, after `through`.
    draw: generator -> the arguments of one hidden case.
    hidden: how many cases are drawn; or, where `draw` is None, the hidden cases themselves.
    kind: "function": the answer is called with the arguments of each case; "value": it is taken as it is.
    passes: the names of the arguments that a function is called with; None: all. The others are for `through`.
    through: a public function of check.py, or of the notebook's given cells: (arguments, answer) -> what is compared.
    mistakes: known wrong answers, the first that fits is named.
    tolerance: of numbers, absolute and relative.
    picture: a name in `check.PICTURES`; how expected and got are shown.
    uses: what the sandbox must hold besides NumPy and check.py: "numpy" (nothing), "tensorflow", or "ntm_lib" (both).
    seconds: what the calls of this answer may take together, on a slow machine.
    observe: the function that `through` names; `grade` looks it up.
    """

    name: str
    answer: str
    points: float
    public: Sequence[Arguments]
    reference: Callable[..., Value]
    draw: Callable[[np.random.Generator], Arguments] | None = None
    hidden: int | Sequence[Arguments] = 6
    kind: str = "function"
    passes: Sequence[str] | None = None
    through: str = "identity"
    mistakes: Sequence[Mistake] = ()
    tolerance: float = 1e-6
    picture: str = "value"
    uses: str = "numpy"
    seconds: float = 5.0
    observe: Callable[[Arguments, Value], Value] = field(default=check.identity, compare=False)

    def __post_init__(self) -> None:
        """Refuse what no grader could use."""
        _one_of("kind", self.kind, ("function", "value"))
        _one_of("uses", self.uses, ("numpy", "tensorflow", "ntm_lib"))
        _one_of("picture", self.picture, tuple(check.PICTURES))
        if not self.points > 0:
            raise ValueError(f"points: received {self.points!r} for {self.name}, expected a positive number")
        if not self.public:
            raise ValueError(f"public: received no case for {self.name}, expected at least one")
        if (self.draw is None) == isinstance(self.hidden, int):
            raise ValueError(f"{self.name}: expected `draw` with a number of hidden cases, or a list of hidden cases")
        if self.hidden_count < 1:
            raise ValueError(f"hidden: received {self.hidden!r} for {self.name}, expected at least one case")

    @property
    def hidden_count(self) -> int:
        """How many hidden cases there are."""
        return self.hidden if isinstance(self.hidden, int) else len(self.hidden)

    def hidden_cases(self, generator: np.random.Generator) -> list[Arguments]:
        """The hidden cases: drawn, or as listed."""
        if isinstance(self.hidden, int):
            assert self.draw is not None  # __post_init__ saw to it
            return [self.draw(generator) for _ in range(self.hidden)]
        return list(self.hidden)

    def passed(self, arguments: Arguments) -> dict[str, Any]:
        """The part of a case that the answer is called with: a deep copy, so that nobody can change the case."""
        names = arguments if self.passes is None else self.passes
        return {name: copy.deepcopy(arguments[name]) for name in names}

    def expected(self, arguments: Arguments) -> Value:
        """What a right answer gives in this case, after `through`."""
        return self.reference(**copy.deepcopy(dict(arguments)))

    def observed(self, arguments: Arguments, raw: Value) -> Value:
        """What is compared, from what the answer returned (or is). Raises Unusable, whose text is for students."""
        return self.observe(copy.deepcopy(dict(arguments)), raw)

    def mistaken(self, mistake: Mistake, arguments: Arguments) -> Value:
        """What this mistake gives in this case, after `through`."""
        raw = mistake.behaves(**self.passed(arguments)) if self.kind == "function" else copy.deepcopy(mistake.behaves)
        return self.observed(arguments, raw)


@dataclass(frozen=True)
class FreeText:
    """A question marked by hand: a markdown cell with its prompt and rubric in the cell before."""

    name: str
    points: float
    prompt: str
    rubric: str


@dataclass(frozen=True)
class Exercise:
    """One source notebook, read: everything the grader knows about it.

    setup: code of the locked cells that define what the statements give; it goes into the sandbox before the answers.
    solutions, starters: code of each answer cell by grade_id, with the solution and as released.
    hints: the folded hints of each question's statement, as Markdown.
    """

    name: str
    title: str
    setup: str
    questions: tuple[Question, ...]
    free_texts: tuple[FreeText, ...]
    solutions: Mapping[str, str]
    starters: Mapping[str, str]
    hints: Mapping[str, tuple[str, ...]]
    source_hash: str

    @property
    def points(self) -> float:
        """All points of the notebook, those marked by hand included."""
        return sum(question.points for question in self.questions) + sum(part.points for part in self.free_texts)


def recognise(question: Question, cases: Sequence[Arguments], observed: Sequence[Value]) -> Mistake | None:
    """The first known mistake that gives the same values in all these cases and is wrong in one of them, or None.

    observed: the value after `through` in each case, in the order of `cases`; a case that failed holds an Exception.
    """
    if any(isinstance(value, Exception) for value in observed):
        return None
    if _alike(question, question.expected, cases, observed):
        return None
    for mistake in question.mistakes:
        if _alike(question, partial(question.mistaken, mistake), cases, observed):
            return mistake
    return None


def earned(question: Question, public: Sequence[bool], hidden: Sequence[bool], mistake: Mistake | None = None) -> float:
    """Points: a quarter by the public cases, the rest by the hidden ones, equally within each part.

    A recognised mistake earns what it says, or what its right cases earn where that is more: to be named costs nothing.
    """
    share = float(PUBLIC_SHARE * np.mean(public) + (1 - PUBLIC_SHARE) * np.mean(hidden))
    return round(question.points * max(share, mistake.earns if mistake else 0.0), 2)


def grade(question: Question, namespace: dict[str, Any]) -> float | None:
    """Register the question with who collects it; in nbgrader, judge the answer here and return its points.

    namespace: the globals of the notebook. Raises AssertionError in nbgrader for an answer that earns nothing.
    """
    through = check.THROUGH.get(question.through) or namespace.get(question.through)
    if not callable(through):
        raise ValueError(f"through: received {question.through!r}, expected a function of check.py or of the notebook")
    question = replace(question, observe=through)
    if COLLECTOR in namespace:
        namespace[COLLECTOR].append(question)
        return None
    return _in_this_kernel(question, namespace)


def judge(
    question: Question, namespace: Mapping[str, Any], generator: np.random.Generator
) -> tuple[float, Mistake | None, list[str]]:
    """Judge an answer where it stands, without a sandbox. -> points, mistake, and what is wrong in each case."""
    cases = [*question.public, *question.hidden_cases(generator)]
    observed = [_or_error(_answer_in, question, namespace, arguments) for arguments in cases]
    messages = [
        str(value) if isinstance(value, Exception) else differs(question.expected(arguments), value, question.tolerance)
        for arguments, value in zip(cases, observed, strict=True)
    ]
    mistake = recognise(question, cases, observed)
    right, shown = [not message for message in messages], len(question.public)
    return earned(question, right[:shown], right[shown:], mistake), mistake, messages


def _in_this_kernel(question: Question, namespace: Mapping[str, Any]) -> float:
    """Judge in the student's own kernel: what nbgrader does, with what it cannot protect against."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):  # nbgrader gives 0 for a line on stderr
        warnings.simplefilter("ignore")
        points, mistake, messages = judge(question, namespace, np.random.default_rng())
    if mistake:
        print(f"{question.name}: {mistake.name}. {mistake.hint}")
    elif any(messages):
        seen = next(filter(None, messages[: len(question.public)]), "All public cases are right.")
        print(f"{question.name}: {sum(map(bool, messages))} of {len(messages)} cases are wrong. {seen}")
    if points == 0:
        raise AssertionError(f"{question.name} earns no points yet")
    return points


def _answer_in(question: Question, namespace: Mapping[str, Any], arguments: Arguments) -> Value:
    """Call the answer, or take it, and look at it through `through`. A call that changes its arguments is an error."""
    if question.answer not in namespace:
        raise check.Unusable(f"`{question.answer}` is not defined")
    raw = namespace[question.answer]
    if question.kind == "function":
        passed = question.passed(arguments)
        raw = raw(**passed)
        changed = check.changed_arguments(question.passed(arguments), passed)
        if changed:
            raise check.Unusable(changed)
    return question.observed(arguments, copy.deepcopy(raw))


def _or_error(function: Callable[..., Value], *arguments: Any) -> Value:
    """What the function returns, or the exception that it raises."""
    try:
        return function(*arguments)
    except Exception as error:
        return error


def _alike(
    question: Question, value_in: Callable[[Arguments], Value], cases: Sequence[Arguments], observed: Sequence[Value]
) -> bool:
    """Whether `value_in` gives what was observed in every case; the first difference decides, an error is one."""
    for arguments, got in zip(cases, observed, strict=True):
        value = _or_error(value_in, arguments)
        if isinstance(value, Exception) or differs(value, got, question.tolerance):
            return False
    return True


def _one_of(name: str, received: str, known: Sequence[str]) -> None:
    if received not in known:
        raise ValueError(f"{name}: received {received!r}, expected one of {', '.join(known)}")
