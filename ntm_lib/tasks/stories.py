"""Stories with questions, of the kind of bAbI (Weston et al. 2015, arXiv:1502.05698), from a small world of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ntm_lib import checks
from ntm_lib.tasks.base import Range, Task, TaskBatch

PEOPLE = ("anna", "boris", "clara", "dario")
PLACES = ("attic", "cellar", "harbour", "library", "market", "station")
THINGS = ("book", "cup", "key", "lamp")
NUMBERS = ("none", "one", "two", "three", "four")
OTHER_WORDS = (
    *("went", "to", "the", "took", "dropped", "where", "is", "was", "before", "in", "yes", "no"),
    *("how", "many", "things", "does", "carry", "what", "nothing"),
)
STOP, ASK, ANSWER = ".", "?", "-"
"""The tokens that end a statement, end a question, and stand where a word of the answer is due."""


@dataclass(frozen=True)
class Line:
    """A statement, or a question with its answer."""

    words: tuple[str, ...]
    answer: tuple[str, ...] = ()
    """Empty for a statement."""
    facts: tuple[int, ...] = ()
    """The numbers of the lines that the answer follows from, the first line being 1."""

    def __str__(self) -> str:
        """Return the line as text."""
        said = " ".join(self.words)
        return f"{said}? {','.join(self.answer)}" if self.answer else f"{said}."

    def tokens(self) -> list[str]:
        """Return the words as a machine is shown them, one a step."""
        return [*self.words, *([ASK] + [ANSWER] * len(self.answer) if self.answer else [STOP])]


@dataclass
class World:
    """Who is where and who has what, and what has been told of it."""

    people: Sequence[str] = PEOPLE
    place: dict[str, str] = field(default_factory=dict)
    """Of each person who has been seen."""
    holder: dict[str, str] = field(default_factory=dict)
    """Of each thing that is carried, in the order in which it was taken."""
    trail: dict[str, list[str]] = field(default_factory=dict)
    """The places of each thing, the last one being where it is."""

    def go(self, person: str, place: str) -> str:
        """Let a person walk to a place, with all that they carry."""
        self.place[person] = place
        for thing in self.carried(person):
            self.trail[thing].append(place)
        return f"{person} went to the {place}"

    def take(self, person: str, thing: str) -> str:
        """Let a person take a thing; one that nobody has seen is found on the spot."""
        self.holder[thing] = person
        self.trail.setdefault(thing, [self.place[person]])
        return f"{person} took the {thing}"

    def drop(self, person: str, thing: str) -> str:
        """Let a person put a thing down."""
        del self.holder[thing]
        return f"{person} dropped the {thing}"

    def carried(self, person: str) -> list[str]:
        """Return what a person carries, in the order in which it was taken."""
        return [thing for thing, holder in self.holder.items() if holder == person]

    def free(self, person: str) -> list[str]:
        """Return the things that a person could take: those that lie here, and those nobody has seen."""
        here = self.place[person]
        return [t for t in THINGS if t not in self.holder and self.trail.get(t, [here])[-1] == here]


QUESTION_STEPS = {"1-fact": 5, "2-facts": 6, "3-facts": 9, "yes-no": 7, "counting": 8, "lists": 5 + len(THINGS)}
"""The steps of the longest question of each kind, with its answer."""
KINDS = tuple(QUESTION_STEPS)


class StoryTask(Task):
    """Answer questions about who is where and who carries what, in a story told word by word.

    A machine is shown one word a step, one-hot, with "." after a statement and "?" after a question; then, for each
    word of the answer, the sign "-", and at that step the word is due. Questions come between statements.

    Args:
        kind: what is asked. "1-fact": where a person is. "2-facts": where a thing is. "3-facts": where a thing was
            before it was somewhere else. "yes-no": whether a person is in a place. "counting": how many things a person
            carries. "lists": which, in the order in which they were taken.
        questions: the most questions in a story; their number is uniform from 1. How many statements come before
            each, and how many people there are, is a difficulty too: a curriculum begins with few.
        statements: how many statements come before each question. Where that is not enough for the kind to be asked,
            up to three more are told.

    Raises:
        ValueError: if the kind is unknown, or a number is not whole and positive.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import StoryTask
        >>> task = StoryTask("2-facts", questions=2)
        >>> print(task.describe(task.sample(1, np.random.default_rng(1), questions=2)))
        boris went to the library.
        dario went to the station.
        boris took the lamp.
        where is the lamp? library
        dario went to the cellar.
        dario took the book.
        where is the book? cellar
    """

    curriculum = (
        {"questions": (1, 3), "statements": 1, "people": 1},
        {"questions": (2, 5), "statements": 1, "people": 2},
        {"questions": (2, 5), "statements": 1, "people": 3},
        {"questions": (2, 5), "statements": 1},
    )
    tests = ({"questions": 10, "statements": 2}, {"questions": 5, "statements": 6})
    vocabulary = tuple(sorted({*PEOPLE, *PLACES, *THINGS, *NUMBERS, *OTHER_WORDS, STOP, ASK, ANSWER}))
    """All words, in the order of the channels."""

    def __init__(self, kind: str = "1-fact", *, questions: int = 5, statements: int = 2) -> None:
        self.kind = checks.choice("kind", kind, KINDS)
        self.name = f"stories-{self.kind}"
        self.num_inputs = self.num_outputs = len(self.vocabulary)
        self.difficulty: dict[str, Range] = {
            "questions": (1, checks.positive_integer("questions", questions)),
            "statements": checks.positive_integer("statements", statements),
            "people": len(PEOPLE),
        }

    def steps(self, *, questions: int, statements: int, **_: Any) -> int:
        """Return T: no story with that many questions is longer."""
        more = 3 if self.kind in ("2-facts", "3-facts") else 0  # once in a story, before its first question
        return questions * (6 * statements + QUESTION_STEPS[self.kind]) + 6 * more

    def draw(self, rng: np.random.Generator, *, questions: int, statements: int, people: int) -> TaskBatch:
        """Return one story: `[T, I]`, `[T, O]` and `[T]`."""
        return encode(self.story(rng, questions, statements, people), self.vocabulary)

    def story(self, rng: np.random.Generator, questions: int, statements: int, people: int) -> list[Line]:
        """Return a story of some of the people with that many questions, and that many statements before each."""
        if people > len(PEOPLE):
            raise ValueError(f"people must be at most {len(PEOPLE)}. Received: {people}")
        world, lines = World(PEOPLE[:people]), []
        for _ in range(questions):
            for _ in range(statements):
                lines.append(self._statement(rng, world))
            while (question := self._question(rng, world)) is None:
                lines.append(self._statement(rng, world, lead=True))
            lines.append(question)
        return lines

    def _statement(self, rng: np.random.Generator, world: World, *, lead: bool = False) -> Line:
        """Let something happen; with `lead`, the next thing that makes a question about things possible."""
        person = str(rng.choice(world.people))
        if lead and world.place:
            person = next(iter(world.holder.values()), next(iter(world.place)))
        carried, known = world.carried(person), person in world.place
        free = world.free(person) if known else []
        events = ["go"] if self.kind in ("1-fact", "yes-no") or not known else ["go", "take", "take", "drop"]
        event = str(rng.choice(events))
        if lead and known:
            event = "go" if carried else "take"
        if event == "take" and free:
            told = world.take(person, str(rng.choice(free)))
        elif event == "drop" and carried:
            told = world.drop(person, str(rng.choice(carried)))
        else:
            lying = [trail[-1] for thing, trail in world.trail.items() if thing not in world.holder]
            goals = lying if lead and not carried and lying else PLACES
            elsewhere = [place for place in goals if place != world.place.get(person)]
            told = world.go(person, str(rng.choice(elsewhere)))
        return Line(tuple(told.split()))

    def _question(self, rng: np.random.Generator, world: World) -> Line | None:
        """Return a question that the story so far answers, or None if there is none of this kind."""
        if self.kind in ("2-facts", "3-facts"):
            return self._about_a_thing(rng, world)
        # Half of the questions are about somebody who carries something: else most answers would be "none".
        carriers = sorted(set(world.holder.values()))
        person = str(rng.choice(carriers if carriers and rng.random() < 0.5 else [*world.place]))
        here, carried = world.place[person], world.carried(person)
        if self.kind == "1-fact":
            return _ask(f"where is {person}", here)
        if self.kind == "yes-no":
            place = here if rng.random() < 0.5 else str(rng.choice([p for p in PLACES if p != here]))
            return _ask(f"is {person} in the {place}", "yes" if place == here else "no")
        if self.kind == "counting":
            return _ask(f"how many things does {person} carry", NUMBERS[len(carried)])
        return _ask(f"what does {person} carry", *(carried or ["nothing"]))

    def _about_a_thing(self, rng: np.random.Generator, world: World) -> Line | None:
        moved = [thing for thing, trail in world.trail.items() if self.kind == "2-facts" or len(trail) > 1]
        if not moved:
            return None
        thing = str(rng.choice(moved))
        trail = world.trail[thing]
        if self.kind == "2-facts":
            return _ask(f"where is the {thing}", trail[-1])
        # Before the last time that it came to the place where it is.
        return _ask(f"where was the {thing} before the {trail[-1]}", trail[-2])

    def text(self, inputs: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> str:
        """Return the story, a line each."""
        return told(inputs, targets, asked, self.vocabulary)


def _ask(question: str, *answer: str) -> Line:
    return Line(tuple(question.split()), tuple(answer))


def encode(lines: Sequence[Line], vocabulary: Sequence[str]) -> TaskBatch:
    """Return a story as one sequence, one word a step.

    Args:
        lines: the story.
        vocabulary: all words and the tokens ".", "?" and "-"; V is their number.

    Returns:
        `TaskBatch` without a batch axis: `[T, V]`, `[T, V]` and `[T]`.

    Raises:
        ValueError: if a word is not in the vocabulary.
    """
    number = {word: channel for channel, word in enumerate(vocabulary)}
    tokens = [token for line in lines for token in line.tokens()]
    answers = [word for line in lines for word in line.answer]
    unknown = sorted({*tokens, *answers} - number.keys())
    if unknown:
        raise ValueError(f"vocabulary must hold every word of the story. Received one without {', '.join(unknown)}")
    inputs, targets = np.zeros((2, len(tokens), len(number)), np.float32)
    inputs[np.arange(len(tokens)), [number[token] for token in tokens]] = 1.0
    due = np.array([token == ANSWER for token in tokens])
    targets[np.flatnonzero(due), [number[word] for word in answers]] = 1.0
    return TaskBatch(inputs, targets, due.astype(np.float32))


def told(inputs: np.ndarray, targets: np.ndarray, asked: np.ndarray, vocabulary: Sequence[str]) -> str:
    """Return an encoded story `[T, V]`, `[T, V]`, `[T]` as text, a line each."""
    lines: list[str] = []
    words: list[str] = []
    for shown, due, target in zip(inputs, asked, targets, strict=True):
        token = vocabulary[int(shown.argmax())] if shown.any() else None
        if due:
            lines[-1] += f" {vocabulary[int(target.argmax())]}"
        elif token in (STOP, ASK):
            lines.append(" ".join(words) + str(token))
            words = []
        elif token is not None:
            words.append(token)
    return "\n".join(lines)
