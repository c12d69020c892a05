"""Archives that are the same for the same contents."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PACKED = (".pdf", ".whl", ".png", ".npz", ".woff", ".woff2", ".zip", ".gz")
NOT_FOR_READERS = (".buildinfo", ".doctrees")


class Entry(NamedTuple):
    """A file of an archive: its name there, and where it is or what it holds."""

    name: str
    data: Path | bytes


def write_zip(out: Path, entries: Iterable[Entry], epoch: int, first: Entry | None = None) -> None:
    """Write an archive whose bytes depend on names and contents alone; one entry may stand before the sorted others."""
    date = time.gmtime(max(epoch, 315532800))[:6]  # a zip knows no year before 1980
    with zipfile.ZipFile(out, "w") as archive:
        for entry in [*([first] if first else []), *sorted(entries, key=lambda entry: entry.name)]:
            info = zipfile.ZipInfo(entry.name, date)
            info.create_system, info.external_attr = 3, 0o100644 << 16  # as on Unix, whatever wrote it
            info.compress_type = (
                zipfile.ZIP_STORED if (entry is first or entry.name.endswith(PACKED)) else zipfile.ZIP_DEFLATED
            )
            data = entry.data if isinstance(entry.data, bytes) else entry.data.read_bytes()
            archive.writestr(info, data, compresslevel=9)


def tree(folder: Path, prefix: str) -> Iterator[Entry]:
    """Yield every file of a folder but those that no reader needs."""
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.is_file() and not set(NOT_FOR_READERS) & set(relative.parts):
            yield Entry(f"{prefix}/{relative.as_posix()}", path)
