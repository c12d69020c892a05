"""Measure what touching k rows buys against touching all N: time, and what backpropagation must keep.

A bare memory, without a machine around it: at each step one head writes and one reads, both found by content, and the
backward pass returns the gradient of every key, of every vector written and of the first memory. Scores are dot
products. Three kinds of access: `dense` weighs all rows; `sparse` compares the key with all rows and touches the k
best; `indexed` compares it with the rows that a hash of random planes proposes. Sparse with k = N is dense, and is
tested so. Trained machines then say how many rows they need: all their heads keep the k largest weights only.

    python benchmarks/sparse.py --out benchmarks/results/sparse.json
"""

from __future__ import annotations

import argparse
import os
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

WIDTH, STEPS, TOUCHED, STRENGTH = 32, 10, 4, 20.0
SIZES = (256, 1024, 4096, 16_384, 65_536, 262_144)
LIKENESS = 0.9
"""The cosine between a key and the row it was made from."""
TABLES, ROWS_A_BUCKET = 8, 16
LARGEST = (1, 2, 4, 8, 16, 128)
TESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "copy, 20 vectors": ("copy-lstm", {"length": 20}),
    "copy, 100 vectors": ("copy-lstm", {"length": 100}),
    "repeat copy": ("repeat-copy-lstm", {}),
    "associative recall, 6 items": ("associative-recall-lstm", {"items": 6}),
    "key and value": ("key-value-lstm", {}),
    "priority sort": ("priority-sort-lstm", {}),
    "n-grams": ("n-grams-lstm", {}),
    "stories": ("stories-1-fact-lstm", {}),
}


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def softmax_gradient(weights: np.ndarray, upstream: np.ndarray) -> np.ndarray:
    return weights * (upstream - weights @ upstream)


class Dense:
    """Every row is weighed, written and read; the memory before each step is kept."""

    def __init__(self, memory: np.ndarray) -> None:
        self.memory = memory

    def forward(self, steps: list[tuple[np.ndarray, ...]]) -> np.ndarray:
        """Return the rows read, `[T, W]`; a step is (write key, read key, erase, add)."""
        self.steps, self.kept, reads = steps, [], []
        for write_key, read_key, erase, add in steps:
            before = self.memory
            writing, reading = (softmax(STRENGTH * (before @ key)) for key in (write_key, read_key))
            self.memory = before * (1 - np.outer(writing, erase)) + np.outer(writing, add)
            self.kept.append((before, writing, reading))
            reads.append(reading @ self.memory)
        return np.array(reads)

    def backward(self, upstream: np.ndarray) -> tuple[list[tuple[np.ndarray, ...]], np.ndarray]:
        """Return the gradient of each step's four vectors, last step first, and of the first memory."""
        to_memory, found = np.zeros_like(self.memory), []
        for (write_key, read_key, erase, add), (before, writing, reading), to_read in zip(
            self.steps[::-1], self.kept[::-1], upstream[::-1], strict=True
        ):
            to_reading = self.memory @ to_read
            to_memory += np.outer(reading, to_read)
            to_writing = ((add - before * erase) * to_memory).sum(axis=1)
            to_erase, to_add = -writing @ (before * to_memory), writing @ to_memory
            to_memory *= 1 - np.outer(writing, erase)
            keys = []
            for key, weights, back in ((write_key, writing, to_writing), (read_key, reading, to_reading)):
                scores = STRENGTH * softmax_gradient(weights, back)
                keys.append(scores @ before)
                to_memory += np.outer(scores, key)
            found.append((*keys, to_erase, to_add))
            self.memory = before
        return found, to_memory

    def bytes_kept(self) -> int:
        return sum(part.nbytes for parts in self.kept for part in parts)


class Sparse:
    """The k best rows are weighed, written and read; of each step only they are kept, and put back on the way back."""

    def __init__(self, memory: np.ndarray, touched: int = TOUCHED) -> None:
        self.memory, self.touched = memory, min(touched, len(memory))

    def best(self, key: np.ndarray) -> np.ndarray:
        """Return the rows with the highest scores."""
        scores = self.memory @ key
        return np.argpartition(scores, len(scores) - self.touched)[len(scores) - self.touched :]

    def moved(self, rows: np.ndarray) -> None:
        """Learn that these rows have other contents now."""

    def forward(self, steps: list[tuple[np.ndarray, ...]]) -> np.ndarray:
        self.steps, self.kept, reads, memory = steps, [], [], self.memory
        for write_key, read_key, erase, add in steps:
            to, of = self.best(write_key), self.best(read_key)
            writing, reading = (softmax(STRENGTH * (memory[r] @ key)) for r, key in ((to, write_key), (of, read_key)))
            before, seen = memory[to], memory[of]
            memory[to] = before * (1 - np.outer(writing, erase)) + np.outer(writing, add)
            self.moved(to)
            self.kept.append((to, of, before, seen, writing, reading))
            reads.append(reading @ memory[of])
        return np.array(reads)

    def backward(self, upstream: np.ndarray) -> tuple[list[tuple[np.ndarray, ...]], np.ndarray]:
        memory, found = self.memory, []
        to_memory = np.zeros_like(memory)  # the system gives pages of zeros only where something is added
        for (write_key, read_key, erase, add), (to, of, before, seen, writing, reading), to_read in zip(
            self.steps[::-1], self.kept[::-1], upstream[::-1], strict=True
        ):
            to_reading = memory[of] @ to_read
            to_memory[of] += np.outer(reading, to_read)
            upper = to_memory[to]
            to_writing = ((add - before * erase) * upper).sum(axis=1)
            to_erase, to_add = -writing @ (before * upper), writing @ upper
            to_memory[to] = upper * (1 - np.outer(writing, erase))
            memory[to] = before
            self.moved(to)
            keys = []
            for key, rows, held, weights, back in (
                (write_key, to, before, writing, to_writing),
                (read_key, of, seen, reading, to_reading),
            ):
                scores = STRENGTH * softmax_gradient(weights, back)
                keys.append(scores @ held)
                to_memory[rows] += np.outer(scores, key)
            found.append((*keys, to_erase, to_add))
        return found, to_memory

    bytes_kept = Dense.bytes_kept


class Indexed(Sparse):
    """As `Sparse`, but a key is compared only with the rows on its side of random planes, and of their neighbours."""

    def __init__(self, memory: np.ndarray, touched: int = TOUCHED) -> None:
        super().__init__(memory, touched)
        self.bits = max(1, round(np.log2(len(memory) / ROWS_A_BUCKET)))
        self.planes = np.random.default_rng(1).standard_normal((memory.shape[1], TABLES * self.bits)).astype("float32")
        self.powers = 1 << np.arange(self.bits)
        self.probes = np.array([0, *self.powers])
        self.codes = self.code(memory)
        self.buckets: list[dict[int, set[int]]] = [defaultdict(set) for _ in range(TABLES)]
        for row, codes in enumerate(self.codes.tolist()):
            for table, code in enumerate(codes):
                self.buckets[table][code].add(row)

    def code(self, rows: np.ndarray) -> np.ndarray:
        """Return for each row the number of its bucket in each table."""
        return ((rows @ self.planes > 0).reshape(-1, TABLES, self.bits) * self.powers).sum(axis=-1)

    def best(self, key: np.ndarray) -> np.ndarray:
        candidates: set[int] = set()
        for table, code in zip(self.buckets, self.code(key[np.newaxis])[0], strict=True):
            for probe in (code ^ self.probes).tolist():
                candidates.update(table.get(probe, ()))
        rows = np.fromiter(candidates, np.int64, len(candidates))
        self.looked_at = len(rows)
        if len(rows) <= self.touched:
            return super().best(key)
        scores = self.memory[rows] @ key
        return rows[np.argpartition(scores, len(rows) - self.touched)[len(rows) - self.touched :]]

    def moved(self, rows: np.ndarray) -> None:
        after = self.code(self.memory[rows])
        for row, old, new in zip(rows.tolist(), self.codes[rows].tolist(), after.tolist(), strict=True):
            for table, was, now in zip(self.buckets, old, new, strict=True):
                if was != now:
                    table[was].discard(row)
                    table[now].add(row)
        self.codes[rows] = after


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def drawn(rows: int, steps: int, rng: np.random.Generator, width: int = WIDTH) -> tuple[np.ndarray, list[Any]]:
    """Return a memory of rows of length 1, and steps whose keys are near rows of it."""
    memory = unit(rng.standard_normal((rows, width))).astype("float32")

    def step() -> tuple[np.ndarray, ...]:
        keys = key_near_a_row(memory, rng), key_near_a_row(memory, rng)
        return *keys, rng.random(width, "float32"), unit(rng.standard_normal(width)).astype("float32")

    return memory, [step() for _ in range(steps)]


def key_near_a_row(memory: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a key of length 1 that has the cosine `LIKENESS` with one of the rows."""
    row, noise = memory[rng.integers(len(memory))], rng.standard_normal(memory.shape[1])
    return (LIKENESS * row + (1 - LIKENESS**2) ** 0.5 * unit(noise - (noise @ row) * row)).astype("float32")


def check() -> None:
    """Sparse access with k = N must be dense, in values and in gradients; and the memory must come back."""
    memory, steps = drawn(12, 6, np.random.default_rng(0), width=5)
    upstream = np.random.default_rng(1).standard_normal((6, 5)).astype("float32")
    dense, sparse = Dense(memory.copy()), Sparse(memory.copy(), touched=12)
    np.testing.assert_allclose(dense.forward(steps), sparse.forward(steps), atol=1e-5)
    (one, first), (other, second) = dense.backward(upstream), sparse.backward(upstream)
    np.testing.assert_allclose(one, other, atol=1e-4)
    np.testing.assert_allclose(first, second, atol=1e-4)
    np.testing.assert_allclose(sparse.memory, memory, atol=0)


def found_by_index(memory: np.ndarray, index: Indexed, queries: int = 200) -> tuple[float, float]:
    """Return how often the index finds the best row of all, and how many rows it looks at."""
    rng, hits, looked = np.random.default_rng(2), 0, 0
    for _ in range(queries):
        key = key_near_a_row(memory, rng)
        hits += int((memory @ key).argmax()) in index.best(key).tolist()
        looked += index.looked_at
    return hits / queries, looked / queries


def access(rounds: int) -> list[dict[str, Any]]:
    """Return a row for each size: milliseconds a step, and bytes that a step leaves behind."""
    kinds = {"dense": Dense, "sparse": Sparse, "indexed": Indexed}
    rows: list[dict[str, Any]] = []
    upstream = np.random.default_rng(3).standard_normal((STEPS, WIDTH)).astype("float32")
    for size in SIZES:
        memory, steps = drawn(size, STEPS, np.random.default_rng(size))
        row: dict[str, Any] = {"slots": size, "memory_bytes": memory.nbytes}
        built = {}
        for name, kind in kinds.items():
            started = time.process_time()
            built[name] = kind(memory.copy())
            row[name] = {"build_seconds": round(time.process_time() - started, 4), "rounds": []}
        row["index"] = dict(zip(("found", "looked_at"), found_by_index(memory, built["indexed"]), strict=True))
        for number in range(rounds + 1):
            for name, one in built.items():
                started = time.process_time()
                one.forward(steps)
                row[name]["bytes_a_step"] = one.bytes_kept() // STEPS
                one.backward(upstream)
                if number:  # the first warms the caches
                    row[name]["rounds"].append(float(f"{(time.process_time() - started) / STEPS:.4g}"))
                np.testing.assert_allclose(one.memory, memory, atol=0)
        for name in kinds:
            row[name]["seconds"] = median(row[name]["rounds"])
        rows.append(row)
        told = "".join(f"{1e3 * row[name]['seconds']:12.3f}" for name in kinds)
        print(f"{size:8}{told}  bytes {row['dense']['bytes_a_step']:11,} {row['sparse']['bytes_a_step']:6,}", end="")
        print(f"  index finds {row['index']['found']:.1%}, looks at {row['index']['looked_at']:.0f}", flush=True)
    return rows


def trained(sequences: int) -> list[dict[str, Any]]:
    """Return how trained machines do if every head keeps only its k largest weights at each step, none retrained."""
    import tensorflow as tf

    from ntm_lib import addressing, evaluate, load_pretrained, pretrained_results
    from ntm_lib.tasks import TASKS

    whole = addressing.sharpen
    rows = []
    for name, (machine, difficulty) in TESTS.items():
        task = TASKS[pretrained_results(machine)["task"]["name"]]()
        row: dict[str, Any] = {"test": name, "machine": machine, "difficulty": difficulty, "kept": {}}
        for k in LARGEST:

            def largest(weights: Any, sharpening: Any, k: int = k) -> Any:
                weights = whole(weights, sharpening)
                least = tf.math.top_k(weights, min(k, weights.shape[-1])).values[..., -1:]
                weights = tf.where(weights >= least, weights, 0.0)
                return weights / tf.reduce_sum(weights, axis=-1, keepdims=True)

            with patch.object(addressing, "sharpen", largest):
                model = load_pretrained(machine)
                row["kept"][str(k)] = evaluate(model, task, sequences=sequences, **difficulty)
        told = "  ".join(f"k={k}: {result['bits']:.3g} bits" for k, result in row["kept"].items())
        print(f"{name:30}{told}", flush=True)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sequences", type=int, default=200)
    options = parser.parse_args()
    check()
    print("   slots   dense ms   sparse ms  indexed ms  a step, forwards and backwards")
    report: dict[str, Any] = {"access": access(options.rounds), "trained": trained(options.sequences)}
    if options.out:
        from ntm_lib.checkpoints import write_results
        from ntm_lib.runs import machine

        settings = {"width": WIDTH, "steps": STEPS, "touched": TOUCHED, "tables": TABLES, "likeness": LIKENESS}
        settings["sequences"] = options.sequences
        command = {"command": "python benchmarks/sparse.py --out benchmarks/results/sparse.json"}
        write_results({**command, "settings": settings, "machine": machine(), **report}, options.out)


if __name__ == "__main__":
    main()
