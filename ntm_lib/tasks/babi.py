"""Read bAbI (Weston et al. 2015, arXiv:1502.05698) in the form in which it is distributed, and train on it."""

from __future__ import annotations

import re
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from ntm_lib.tasks.base import Range, Task, TaskBatch
from ntm_lib.tasks.stories import ANSWER, ASK, STOP, Line, encode, told

Story = list[Line]


def load_babi(path: str | Path) -> dict[str, list[Story]]:
    r"""Read the stories of bAbI from the distributed archive, a folder or one file.

    A file holds lines such as "2 John moved to the bedroom." and "3 Where is John? \t bedroom \t 2"; a line numbered 1
    begins a new story. Words are lower-cased.

    Args:
        path: a `.tar.gz` or `.tar` archive, a folder, or one `.txt` file. In archives and folders every file whose name
            begins with "qa" and ends in ".txt" is read.

    Returns:
        The stories of every file, by its name without ".txt", such as "qa1_single-supporting-fact_train". Where an
        archive has the same name in several folders ("en" and "en-10k"), the folder stands before it: "en-10k/qa1_...".

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        ValueError: if there is no such file in it, the archive is damaged, or a line is not of this form: then the file
            and the number of the line are named.

    Example:
        >>> from pathlib import Path
        >>> from ntm_lib import load_babi
        >>> text = "1 Mary moved to the bathroom.\n2 Where is Mary?\tbathroom\t1\n"
        >>> _ = Path("qa1_test.txt").write_text(text)
        >>> for line in load_babi("qa1_test.txt")["qa1_test"][0]:
        ...     print(line)
        mary moved to the bathroom.
        where is mary? bathroom
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"path must name bAbI's archive, a folder or a file. Received: {str(path)!r}")
    files = dict(_files(path))
    if not files:
        raise ValueError(f"path must hold files named qa*.txt. Received {path}, which holds none")
    stems = [PurePosixPath(name).stem for name in files]
    return {
        stem if stems.count(stem) == 1 else f"{PurePosixPath(name).parent.name}/{stem}": _stories(name, text)
        for stem, (name, text) in zip(stems, files.items(), strict=True)
    }


class BabiTask(Task):
    """Answer the questions of stories that are given, drawn at random, word by word as in `StoryTask`.

    Args:
        stories: such as `load_babi` returns for one name.
        vocabulary: all words, in the order of the channels; those of `stories` if not given. A machine needs the same
            one for training and for test stories.

    Raises:
        ValueError: if there is no story, or a word is not in the vocabulary.

    Example:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from ntm_lib import BabiTask, load_babi
        >>> lines = ["1 Mary moved to the bathroom.", "2 Where is Mary?", "bathroom", "1"]
        >>> _ = Path("qa1_test.txt").write_text(lines[0] + chr(10) + chr(9).join(lines[1:]))
        >>> task = BabiTask(load_babi("qa1_test.txt")["qa1_test"])
        >>> task.sample(4, np.random.default_rng(0)).inputs.shape
        (4, 11, 10)
        >>> print(*task.vocabulary)  # one channel each
        - . ? bathroom is mary moved the to where
    """

    name = "babi"

    def __init__(self, stories: Sequence[Story], *, vocabulary: Sequence[str] | None = None) -> None:
        if not stories:
            raise ValueError("stories must hold at least one story. Received none")
        self.vocabulary = tuple(vocabulary or words(stories))
        self.stories = [encode(story, self.vocabulary) for story in stories]
        self.num_inputs = self.num_outputs = len(self.vocabulary)
        self.difficulty: dict[str, Range] = {}
        told_of = "\n\n".join("\n".join(map(str, story)) for story in stories)
        self.variant = {"stories": len(stories), "checksum": zlib.crc32(" ".join((told_of, *self.vocabulary)).encode())}

    def steps(self) -> int:
        """Return T of the longest story."""
        return max(len(story.mask) for story in self.stories)

    def draw(self, rng: np.random.Generator) -> TaskBatch:
        """Return one of the stories: `[T, I]`, `[T, O]` and `[T]`."""
        return self.stories[int(rng.integers(len(self.stories)))]

    def text(self, inputs: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> str:
        """Return the story, a line each."""
        return told(inputs, targets, asked, self.vocabulary)


def words(*families: Sequence[Story]) -> tuple[str, ...]:
    """Return all words of families of stories, sorted, and the tokens that stand between them."""
    lines = [line for stories in families for story in stories for line in story]
    return tuple(sorted({word for line in lines for word in (*line.words, *line.answer)} | {STOP, ASK, ANSWER}))


def _files(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every file of bAbI."""

    def wanted(name: str) -> bool:
        last = PurePosixPath(name).name
        return last.startswith("qa") and last.endswith(".txt")

    if path.is_dir():
        for file in sorted(path.rglob("*.txt")):
            if wanted(file.name):
                yield str(file), _text(str(file), file.read_bytes())
    elif path.suffix == ".txt":
        yield str(path), _text(str(path), path.read_bytes())
    else:
        try:
            with tarfile.open(path) as archive:
                for member in archive:
                    content = archive.extractfile(member) if member.isfile() and wanted(member.name) else None
                    if content is not None:
                        yield member.name, _text(member.name, content.read())
        except (tarfile.TarError, EOFError, OSError) as error:
            raise ValueError(f"path must be a readable archive of bAbI. Received {path}: {error}") from error


def _text(name: str, content: bytes) -> str:
    """Return the text of a file; if it is none, name the line in which that shows."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{name}, line {number} must be text in UTF-8. Received: {error}") from error


def _stories(name: str, text: str) -> list[Story]:
    stories: list[Story] = []
    for number, line in enumerate(re.split(r"\r?\n", text), start=1):
        if not line.strip():
            continue
        place, said = _line(f"{name}, line {number}", line)
        if place == 1:
            stories.append([])
        if not stories or place != len(stories[-1]) + 1:
            raise ValueError(f"{name}, line {number} must have the next number of its story. Received: {line!r}")
        stories[-1].append(said)
    return stories


def _line(where: str, line: str) -> tuple[int, Line]:
    """Return the number of a line within its story, and what it says."""
    number, _, rest = line.partition(" ")
    parts = [part.strip() for part in rest.split("\t")]
    said = tuple(parts[0].rstrip(".? ").lower().split())
    question = len(parts) == 3 and bool(parts[1])
    if not number.isdecimal() or not said or not (len(parts) == 1 or question):
        raise ValueError(
            f"{where} must be a number and a statement, or a question, its answer and its facts between tabs. "
            f"Received: {line[:80]!r}"
        )
    if not question:
        return int(number), Line(said)
    facts, answer = parts[2].split(), tuple(word.strip() for word in parts[1].lower().split(","))
    if not all(answer):
        raise ValueError(f"{where} must have words between the commas of its answer. Received: {parts[1]!r}")
    if not all(fact.isdecimal() and 0 < int(fact) < int(number) for fact in facts):
        raise ValueError(f"{where} must name its facts by the numbers of earlier lines. Received: {parts[2]!r}")
    return int(number), Line(said, answer, tuple(int(fact) for fact in facts))
