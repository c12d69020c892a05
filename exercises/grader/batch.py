"""Grade many submissions: in this process, in several, or on a Dask cluster; go on where an earlier run stopped."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import multiprocessing
import os
import secrets
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from exercises.grader import grading, records, sources, submissions
from exercises.grader.confine import PR_SET_PDEATHSIG, prctl
from exercises.grader.grading import Job, Way
from exercises.grader.sandbox import InfrastructureError, require
from exercises.grader.spec import Exercise

ATTEMPTS = 2  # of a submission that the machine failed on
GRADE = grading.grade  # what a job is given to, here or elsewhere
AHEAD = 3  # jobs in flight for each worker: enough to keep it busy, few enough to keep memory flat


@dataclass
class Outcome:
    """What a run of the batch gave: the records in the order of the files, and the files that the machine failed on."""

    records: list[dict[str, Any]] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    resumed: int = 0


@dataclass(frozen=True)
class Class:
    """The exercises of a class, read once."""

    exercises: dict[str, Exercise]
    texts: dict[str, bytes]  # the source notebooks

    @functools.cached_property
    def with_library(self) -> set[str]:
        """The exercises whose answers or references may use the course's library."""
        uses = {name: any(q.uses != "numpy" for q in exercise.questions) for name, exercise in self.exercises.items()}
        return {name for name, text in self.texts.items() if uses[name] or b"ntm_lib" in text}

    @staticmethod
    def read(folder: Path, only: str | None = None) -> Class:
        """Read all source notebooks of a folder, or one."""
        paths = [path for path in sorted(folder.glob("*.ipynb")) if only in (None, path.stem)]
        if not paths:
            raise ValueError(f"{folder} holds no source notebook{f' named {only}' if only else ''}.")
        return Class(
            {path.stem: sources.read(path) for path in paths}, {path.stem: path.read_bytes() for path in paths}
        )


def salt_from(path: Path) -> bytes:
    """The secret that hidden cases are drawn from; made on first use, readable by the owner only."""
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(32) + "\n")
    salt = path.read_bytes().strip()
    if len(salt) < 16:
        raise ValueError(f"{path} holds {len(salt)} characters, expected a secret of at least 16.")
    return salt


def jobs_of(
    found: Sequence[submissions.Found], course: Class, salt: bytes, way: Way, only: str | None
) -> Iterator[Job]:
    """Read the submissions one after another; each with the key that its record will have."""
    forms = {name: grading.form_of(exercise) for name, exercise in course.exercises.items()}
    grader, environment = records.grader_digest(), records.environment(way.trust, way.limits)
    library = records.library_digest()
    secret = hashlib.sha256(salt).hexdigest()
    for file in found:
        submission = submissions.read(file, forms, only)
        exercise = course.exercises.get(submission.exercise)
        key = records.key(
            submission=[submission.digest, submission.verdict, submission.student, submission.exercise],
            source=exercise.source_hash if exercise else "",
            salt=secret,
            grader=grader,
            library=library if submission.exercise in course.with_library else "",
            environment=environment,
        )
        yield Job(submission, submission.exercise, course.texts.get(submission.exercise, b""), salt, way, key)


@contextlib.contextmanager
def executor(workers: int, dask: str | None) -> Iterator[Executor | None]:
    """Where the jobs run: None for this process itself, else several processes here, or the cluster at an address."""
    if dask is not None:
        with _dask(dask) as client:
            yield client.get_executor(pure=False, retries=0)
    elif workers == 1:
        yield None
    else:
        with _processes(workers) as pool:
            yield pool


def _begin_process() -> None:
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process is asked to stop, and it asks the others


@contextlib.contextmanager
def _dask(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError:
        raise InfrastructureError("dask.distributed is not installed. Cure: pip install distributed") from None
    try:
        client = Client(address, timeout="20s")
    except (OSError, TimeoutError, ValueError) as error:
        raise InfrastructureError(f"No Dask cluster answers at {address}: {error}") from error
    try:
        yield client
    finally:
        client.close()


def grade_all(
    found: Sequence[submissions.Found],
    course: Class,
    out: Path,
    salt: bytes,
    way: Way,
    workers: int = 1,
    dask: str | None = None,
    only: str | None = None,
    progress: bool = True,
) -> Outcome:
    """Grade every submission that has no record yet, and write a record as soon as it is graded."""
    if not way.trust and dask is None:
        require()
    outcome = Outcome()
    done: dict[str, dict[str, Any]] = {}
    with contextlib.ExitStack() as opened:
        pool = opened.enter_context(executor(workers, dask))
        bar = opened.enter_context(tqdm(total=len(found), unit="submission", disable=not progress))
        place = _Place(pool, workers if dask is None else 64, opened)

        def finish(job: Job, record: dict[str, Any] | None, trouble: str) -> None:
            if record is None:
                outcome.broken[job.submission.shown] = trouble
            else:
                try:
                    records.write(out, record)
                except ValueError as error:  # what one student handed in must not stop the batch
                    outcome.broken[job.submission.shown] = f"{type(error).__name__}: {error}"
                else:
                    done[job.submission.shown] = _slim(record)
            bar.update()

        for job in jobs_of(found, course, salt, way, only):
            record = records.read(out, job.submission.shown, job.key)
            if record is not None:
                outcome.resumed += 1
                done[job.submission.shown] = _slim(record)
                bar.update()
            else:
                place.put(job, finish)
        place.empty(finish)
    outcome.records = [done[file.shown] for file in found if file.shown in done]
    return outcome


def _slim(record: dict[str, Any]) -> dict[str, Any]:
    """A record without its pictures, which stay in its file: memory does not grow with them."""
    questions = [{**question, "public": [], "output": "", "code": ""} for question in record["questions"]]
    return {**record, "questions": questions}


Finish = Callable[[Job, dict[str, Any] | None, str], None]


class _Place:
    """Runs jobs, a bounded number at a time. A job that the machine fails on is tried again, then given up."""

    def __init__(self, pool: Executor | None, workers: int, opened: contextlib.ExitStack) -> None:
        self.pool, self.most, self.opened = pool, AHEAD * workers, opened
        self.flying: dict[Future[dict[str, Any]], tuple[Job, int]] = {}

    def put(self, job: Job, finish: Finish) -> None:
        """Take a job; wait for others to end when too many are under way."""
        if self.pool is None:
            finish(job, *_here(job))
            return
        while len(self.flying) >= self.most:
            self._collect(finish)
        self._submit(job, 1, finish)

    def empty(self, finish: Finish) -> None:
        """Wait for all jobs."""
        while self.flying:
            self._collect(finish)

    def _submit(self, job: Job, attempt: int, finish: Finish) -> None:
        assert self.pool is not None
        try:
            self.flying[self.pool.submit(GRADE, job)] = (job, attempt)
        except BrokenProcessPool:
            self._one_by_one(job, finish)

    def _collect(self, finish: Finish) -> None:
        future = next(iter(wait(self.flying, return_when=FIRST_COMPLETED).done))
        job, attempt = self.flying.pop(future)
        try:
            record = future.result()
        except BrokenProcessPool:
            self._one_by_one(job, finish)
        except Exception as error:
            if attempt < ATTEMPTS:
                self._submit(job, attempt + 1, finish)
            else:
                finish(job, None, f"{type(error).__name__}: {error}")
        else:
            finish(job, record, "")

    def _one_by_one(self, job: Job, finish: Finish) -> None:
        """A process of the pool has ended and took the pool with it: find out in whose job, and go on without it."""
        suspects = [job, *(other for other, _ in self.flying.values())]
        self.flying.clear()
        for suspect in suspects:
            record, trouble = None, "the process that judged it ended"
            with _processes(1) as alone:
                try:
                    record = alone.submit(GRADE, suspect).result()
                except BrokenProcessPool:
                    pass
                except Exception as error:
                    trouble = f"{type(error).__name__}: {error}"
            finish(suspect, record, trouble)
        assert isinstance(self.pool, ProcessPoolExecutor)
        self.pool = self.opened.enter_context(_processes(self.most // AHEAD))


def _processes(count: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=_begin_process)


def _here(job: Job) -> tuple[dict[str, Any] | None, str]:
    trouble = ""
    for _ in range(ATTEMPTS):
        try:
            return GRADE(job), ""
        except Exception as error:  # a fault of the grader itself is no grade either
            trouble = f"{type(error).__name__}: {error}"
    return None, trouble
