"""Stories: each answer is checked by a reader of the text that shares nothing with the generator; and bAbI's files."""

from __future__ import annotations

import io
import os
import re
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ntm_lib import BabiTask, StoryTask, load_babi
from ntm_lib.tasks import TASKS
from ntm_lib.tasks.babi import words
from ntm_lib.tasks.stories import KINDS, Line, encode

DATA = Path(os.environ.get("NTM_SHARED", Path(__file__).parents[2] / "shared")) / "data" / "babi_tasks_en-10k.tar.gz"


class Reader:
    """Follows a story by its text and answers its questions."""

    def __init__(self) -> None:
        self.at: dict[str, str] = {}
        self.bag: dict[str, list[str]] = {}
        self.seen: dict[str, list[str]] = {}

    def hear(self, sentence: str) -> None:
        person, verb, *_, last = sentence.split()
        if verb == "went":
            self.at[person] = last
            for thing in self.bag.get(person, []):
                self.seen[thing].append(last)
        elif verb == "took":
            assert all(last not in bag for bag in self.bag.values()), "one thing, one holder"
            assert self.seen.get(last, [self.at[person]])[-1] == self.at[person], "it must be here"
            self.bag.setdefault(person, []).append(last)
            self.seen.setdefault(last, [self.at[person]])
        else:
            assert verb == "dropped"
            self.bag[person].remove(last)

    def answer(self, question: str) -> str:
        if found := re.fullmatch(r"where is the (\w+)", question):
            return self.seen[found[1]][-1]
        if found := re.fullmatch(r"where is (\w+)", question):
            return self.at[found[1]]
        if found := re.fullmatch(r"where was the (\w+) before the (\w+)", question):
            *_, before, now = self.seen[found[1]]
            assert now == found[2]
            return before
        if found := re.fullmatch(r"is (\w+) in the (\w+)", question):
            return "yes" if self.at[found[1]] == found[2] else "no"
        if found := re.fullmatch(r"how many things does (\w+) carry", question):
            return ["none", "one", "two", "three", "four"][len(self.bag.get(found[1], []))]
        (person,) = re.fullmatch(r"what does (\w+) carry", question).groups()
        return " ".join(self.bag.get(person, [])) or "nothing"


@pytest.mark.parametrize("statements", [1, 2, 9])
@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_follows_from_the_story_as_it_is_told(kind: str, statements: int) -> None:
    task = StoryTask(kind, statements=statements)
    batch = task.sample(150, np.random.default_rng(statements))
    answers: Counter[str] = Counter()
    for example in range(150):
        reader = Reader()
        for line in task.describe(batch, example).splitlines():
            if line.endswith("."):
                reader.hear(line[:-1])
            else:
                question, answer = line.split("? ")
                assert reader.answer(question) == answer, line
                answers[answer] += 1
    assert len(answers) >= 2
    if statements > 1:  # with one, hardly anybody has had the time to take a thing
        assert answers.most_common(1)[0][1] < 0.75 * answers.total(), "no answer is nearly always right"


def test_a_story_is_shown_word_by_word_and_asks_where_a_word_is_due() -> None:
    lines = [Line(("anna", "went", "to", "the", "cellar")), Line(("what", "does", "anna", "carry"), ("key", "cup"))]
    inputs, targets, mask = encode(lines, StoryTask.vocabulary)
    shown = [StoryTask.vocabulary[i] for i in inputs.argmax(axis=1)]
    assert " ".join(shown) == "anna went to the cellar . what does anna carry ? - -"
    np.testing.assert_array_equal(mask, [0] * 11 + [1, 1])
    assert [StoryTask.vocabulary[i] for i in targets[-2:].argmax(axis=1)] == ["key", "cup"]
    with pytest.raises(
        ValueError, match=r"vocabulary must hold every word of the story. Received one without zeppelin"
    ):
        encode([Line(("zeppelin",))], StoryTask.vocabulary)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_name_for_the_command_line(kind: str) -> None:
    assert TASKS[f"stories-{kind}"]().kind == kind


def test_an_unknown_kind_is_told_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"kind must be one of '1-fact', .*Received: '2-fact'. Did you mean '2-facts'"):
        StoryTask("2-fact")


# --- bAbI

TEXT = """1 Mary moved to the bathroom.
2 Daniel got the apple there.
3 What is Daniel carrying? \tapple\t2
4 Mary got the milk.
5 What is Mary carrying?\tmilk,football\t4 2
1 John is in the park.
2 Is John in the park?\tyes\t1
"""


def write_archive(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def test_a_file_a_folder_and_an_archive_are_read_alike(tmp_path: Path) -> None:
    folder = tmp_path / "tasks" / "en"
    folder.mkdir(parents=True)
    (folder / "qa8_lists_test.txt").write_text(TEXT)
    (folder / "README.txt").write_text("no stories")
    archive = write_archive(tmp_path / "b.tar.gz", {"tasks/en/qa8_lists_test.txt": TEXT, "tasks/README.txt": "none"})
    expected = {
        "qa8_lists_test": [
            [
                Line(("mary", "moved", "to", "the", "bathroom")),
                Line(("daniel", "got", "the", "apple", "there")),
                Line(("what", "is", "daniel", "carrying"), ("apple",), (2,)),
                Line(("mary", "got", "the", "milk")),
                Line(("what", "is", "mary", "carrying"), ("milk", "football"), (4, 2)),
            ],
            [Line(("john", "is", "in", "the", "park")), Line(("is", "john", "in", "the", "park"), ("yes",), (1,))],
        ]
    }
    for path in (archive, tmp_path / "tasks", folder / "qa8_lists_test.txt"):
        assert load_babi(path) == expected


def test_the_same_name_in_two_folders_keeps_both(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "b.tar.gz", {"x/en/qa1_test.txt": TEXT, "x/en-10k/qa1_test.txt": TEXT * 2})
    stories = load_babi(archive)
    assert {name: len(each) for name, each in stories.items()} == {"en/qa1_test": 2, "en-10k/qa1_test": 4}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 Mary moved.\n2 Where is Mary? \tattic", r"qa1.txt, line 2 must be a number and a statement"),
        ("1 Mary moved.\nMary slept.", r"qa1.txt, line 2 must be a number and a statement"),
        ("1 Mary moved.\n3 Mary slept.", r"qa1.txt, line 2 must have the next number of its story"),
        ("2 Mary moved.", r"qa1.txt, line 1 must have the next number of its story"),
        ("1 Mary moved.\n2", r"qa1.txt, line 2 must be a number and a statement"),
        ("1 Mary moved.\n2 Where?\tattic\tone", r"qa1.txt, line 2 must name its facts by the .*Received: 'one'"),
        ("1 Mary moved.\n2 Where?\tattic\t2", r"qa1.txt, line 2 must name its facts by .*earlier lines. Received: '2'"),
        ("1 Mary moved.\n2 Where?\tattic\t\u00b2", r"qa1.txt, line 2 must name its facts by the numbers"),
        ("1 Mary moved.\n2 Where?\tattic,\t1", r"qa1.txt, line 2 must have words between .*Received: 'attic,'"),
        ("1 Mary moved.\n\u00b2 Mary slept.", r"qa1.txt, line 2 must be a number and a statement"),
    ],
)
def test_a_corrupt_line_is_named_with_its_file(line: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "qa1.txt").write_text(line)
    with pytest.raises(ValueError, match=message):
        load_babi(tmp_path)


def test_bytes_that_are_no_text_are_named_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "qa1.txt").write_bytes(b"1 Mary moved.\n2 Mary sl\xffpt.\n")
    for path in (tmp_path, tmp_path / "qa1.txt"):
        with pytest.raises(ValueError, match=r"qa1.txt, line 2 must be text in UTF-8. Received: .*0xff"):
            load_babi(path)
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "qa1.txt", "en/qa1.txt")
    with pytest.raises(ValueError, match=r"^en/qa1.txt, line 2 must be text in UTF-8"):
        load_babi(tmp_path / "b.tar.gz")


def test_what_is_no_babi_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"path must name bAbI's archive, a folder or a file"):
        load_babi(tmp_path / "none")
    with pytest.raises(ValueError, match=r"path must hold files named qa\*.txt"):
        load_babi(tmp_path)
    archive = write_archive(tmp_path / "b.tar.gz", {"qa1.txt": TEXT * 500})
    archive.write_bytes(archive.read_bytes()[:60])
    with pytest.raises(ValueError, match=r"path must be a readable archive of bAbI"):
        load_babi(archive)


def test_babis_stories_become_sequences_of_one_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "qa8.txt").write_text(TEXT)
    (stories,) = load_babi(tmp_path).values()
    task = BabiTask(stories, vocabulary=words(stories, [[Line(("zeppelin",))]]))
    assert "zeppelin" in task.vocabulary
    batch = task.sample(30, np.random.default_rng(0))
    assert batch.inputs.shape == (30, task.max_steps, len(task.vocabulary))
    texts = {task.describe(batch, example) for example in range(30)}
    assert "john is in the park.\nis john in the park? yes" in texts
    assert any("what is mary carrying? milk football" in text for text in texts)
    assert task.variant == BabiTask(stories, vocabulary=task.vocabulary).variant
    assert task.variant != BabiTask([*stories[::-1]], vocabulary=task.vocabulary).variant, "other stories"
    with pytest.raises(ValueError, match=r"stories must hold at least one story. Received none"):
        BabiTask([])
    with pytest.raises(ValueError, match=r"vocabulary must hold every word"):
        BabiTask(stories, vocabulary=("mary",))


@pytest.mark.skipif(not DATA.exists(), reason="needs the distributed archive of bAbI")
@pytest.mark.slow
def test_the_distributed_archive_is_read_whole() -> None:
    families = load_babi(DATA)
    assert len(families) == 39, "one of the forty files is missing from this copy"
    for name, stories in families.items():
        questions = sum(bool(line.answer) for story in stories for line in story)
        assert questions == (10_000 if name.endswith("train") else 1_000), name
    first = families["qa1_single-supporting-fact_test"][0]
    assert str(first[2]) == "where is john? hallway"
    assert first[2].facts == (1,)


def test_a_story_can_be_told_of_fewer_people() -> None:
    task = StoryTask("1-fact")
    batch = task.sample(40, np.random.default_rng(0), people=2, statements=3)
    told = "\n".join(task.describe(batch, example) for example in range(40))
    assert "anna" in told
    assert "boris" in told
    assert "clara" not in told
    assert "dario" not in told
    with pytest.raises(ValueError, match=r"people must be at most 4. Received: 5"):
        task.sample(1, np.random.default_rng(0), people=5)
