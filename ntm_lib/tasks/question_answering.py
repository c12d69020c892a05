"""The deck's question answering, slide 11, made answerable: keys and values, then keys to give the values of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntm_lib import checks
from ntm_lib.tasks.base import Range, Task, TaskBatch, inputs_and_targets


class KeyValueTask(Task):
    """Tell the values of keys that were shown with them before.

    A context is a row of tokens, one-hot and one a step: key, value, key, value. No key comes twice. The question is a
    row of keys from the context, all different and marked on a channel of its own; at each of them its value is due.
    In the deck the answer is a random token of the context, of which the question says nothing.

    How many of the tokens are in use is a difficulty too: a curriculum begins with few.

    Args:
        context_length: the tokens of the context, an even number; 50 in the deck.
        question_length: the keys asked for, at most half the context; 10 in the deck.
        vocab_size: the number of different tokens, at least half the context; 100 in the deck.

    Raises:
        ValueError: if a number is not whole and positive, the context is odd, or a number does not fit the others.

    Example:
        >>> import numpy as np
        >>> from ntm_lib import KeyValueTask
        >>> task = KeyValueTask(context_length=8, question_length=2, vocab_size=10)
        >>> print(task.describe(task.sample(1, np.random.default_rng(0))))
        pairs: 4: 5, 6: 6, 2: 9, 7: 7
        questions: [4, 2]
        answers: [5, 9]
    """

    name = "key-value"
    curriculum = (
        {"pairs": 2, "questions": 4, "tokens": 5},
        {"pairs": (2, 4), "questions": 4, "tokens": 10},
        {"pairs": (2, 6), "questions": 4, "tokens": 10},
        {"pairs": (2, 6), "questions": 4, "tokens": 30},
        {"pairs": (2, 8), "questions": 6, "tokens": 100},
        {"pairs": (4, 16), "questions": 10, "tokens": 100},
    )

    def __init__(self, context_length: int = 50, question_length: int = 10, vocab_size: int = 100) -> None:
        self.context_length = checks.positive_integer("context_length", context_length, minimum=2)
        if self.context_length % 2:
            raise ValueError(f"context_length must be even: keys and values. Received: {context_length!r}")
        self.question_length = checks.positive_integer("question_length", question_length)
        self.vocab_size = checks.positive_integer("vocab_size", vocab_size)
        self.num_inputs, self.num_outputs = self.vocab_size + 1, self.vocab_size
        self.difficulty: dict[str, Range] = {
            "pairs": self.context_length // 2,
            "questions": self.question_length,
            "tokens": self.vocab_size,
        }
        self._check(self.context_length // 2, self.question_length, self.vocab_size)

    def _check(self, pairs: int, questions: int, tokens: int) -> None:
        if questions > pairs:
            raise ValueError(f"question_length must be at most the number of keys, {pairs}. Received: {questions}")
        if pairs > tokens:
            raise ValueError(f"vocab_size must be at least the number of keys, {pairs}. Received: {tokens}")
        if tokens > self.vocab_size:
            raise ValueError(f"tokens must be at most vocab_size, {self.vocab_size}. Received: {tokens}")

    def steps(self, *, pairs: int, questions: int, **_: Any) -> int:
        """Return T of a sequence of that many pairs and questions."""
        return 2 * pairs + questions

    def slots(self, *, pairs: int, **_: Any) -> int:
        """Return one for each pair."""
        return pairs

    def draw(self, rng: np.random.Generator, *, pairs: int, questions: int, tokens: int) -> TaskBatch:
        """Return one sequence: `[T, vocab_size + 1]`, `[T, vocab_size]` and `[T]`."""
        questions = min(questions, pairs)
        self._check(pairs, questions, tokens)
        keys = rng.permutation(tokens)[:pairs]
        values = rng.integers(0, tokens, size=pairs)
        asked = rng.permutation(pairs)[:questions]
        steps, context = 2 * pairs + questions, 2 * pairs
        shown = np.concatenate([np.stack([keys, values], axis=-1).ravel(), keys[asked]])
        inputs = np.zeros((steps, self.num_inputs), np.float32)
        targets = np.zeros((steps, self.num_outputs), np.float32)
        inputs[np.arange(steps), shown] = 1.0
        inputs[context:, self.vocab_size] = 1.0
        targets[context + np.arange(questions), values[asked]] = 1.0
        return TaskBatch(inputs, targets, (np.arange(steps) >= context).astype(np.float32))

    def text(self, inputs: np.ndarray, targets: np.ndarray, asked: np.ndarray) -> str:
        """Return the sequence in words."""
        tokens = inputs[:, : self.vocab_size].argmax(-1)
        context = int(np.flatnonzero(asked)[0])
        pairs = ", ".join(f"{key}: {value}" for key, value in tokens[:context].reshape(-1, 2))
        answers = targets[asked].argmax(-1).tolist()
        return f"pairs: {pairs}\nquestions: {tokens[asked].tolist()}\nanswers: {answers}"


def generate_qa_task(
    context_length: int,
    question_length: int,
    vocab_size: int,
    *,
    batch_size: int = 1,
    seed: int | np.random.Generator | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw keys with values and questions about them: the deck's slide 11, with questions that can be answered.

    Args:
        context_length: the tokens of the context, keys and values in turn.
        question_length: the keys that are asked for.
        vocab_size: the number of different tokens.
        batch_size: B.
        seed: a whole number, a NumPy generator, or None for a different draw each time.

    Returns:
        `(inputs, targets)`: `[B, context_length + question_length, vocab_size + 1]` and
        `[B, context_length + question_length, vocab_size]`, float32.

    Raises:
        ValueError: if a number is not whole and positive or does not fit the others, or `seed` is not a seed.

    Example:
        >>> from ntm_lib import generate_qa_task
        >>> inputs, targets = generate_qa_task(8, 2, 10, batch_size=3, seed=0)
        >>> inputs.shape, targets.shape
        ((3, 10, 11), (3, 10, 10))
    """
    return inputs_and_targets(KeyValueTask(context_length, question_length, vocab_size), batch_size, seed)
