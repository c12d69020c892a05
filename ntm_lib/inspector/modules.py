"""Join the inspector's JavaScript files into one module that can stand inside a page."""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "js"

IMPORT = re.compile(r'^import \{[^}\n]*\} from "\./(\w+)\.js";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?function|class|const)", re.M)
COMMENT = re.compile(r"^ */\*\*(?:.|\n)*?\*/\n|^ *//.*\n|(?<=[;,{]) // .*$", re.M)
DECLARED = re.compile(r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", re.M)


@functools.lru_cache(maxsize=8)
def bundle(*names: str) -> str:
    """Return the named files of `js/`, and those that they import, as the text of one module.

    A file comes behind the files that it imports. Imports and the word export are taken out, so every name that a file
    declares at its top is a name of the whole. Comments stay behind: the files themselves are the text to read.

    Args:
        names: files without their ending, such as "element".

    Raises:
        ValueError: if there is no such file, files import each other in a ring, two files declare the same name, or a
            text cannot stand in a page.
    """
    files: dict[str, str] = {}
    for name in names:
        _collect(name, files, ())
    owners: dict[str, str] = {}
    for name, text in files.items():
        for declared in DECLARED.findall(text):
            if owners.setdefault(declared, name) != name:
                raise ValueError(f"{declared} must be declared in one file. Received: {owners[declared]}.js, {name}.js")
        if re.search(r"</script|<!--", text, re.I) or IMPORT.sub("", text).find("\nimport ") >= 0:
            raise ValueError(f"{name}.js must hold no closing script, no HTML comment and no other form of import")
    return "\n".join(EXPORT.sub("", COMMENT.sub("", IMPORT.sub("", text))).strip() for text in files.values())


def version(text: str) -> str:
    """Return eight letters that change with a text: part of an element's name."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _collect(name: str, files: dict[str, str], importing: tuple[str, ...]) -> None:
    if name in files:
        return
    if name in importing:
        raise ValueError(
            f"files must not import each other in a ring. Received: {' imports '.join([*importing, name])}"
        )
    path = FOLDER / f"{name}.js"
    if not path.is_file():
        raise ValueError(f"names must be files of {FOLDER.name}. Received: {name!r}")
    text = path.read_text(encoding="utf-8")
    for imported in IMPORT.findall(text):
        _collect(imported, files, (*importing, name))
    files[name] = text
