"""Let Sphinx read the docstrings of the library, which are written to be read in a terminal.

They name shapes and arguments between single backticks, and write |x| for a length and w* for a product: in Sphinx's
own language bars and stars are markup, and a line "R." begins a list, so they are escaped here; a backtick means code.
The lines of an example, from ">>>" to the next empty line, stay as they are.
Keras hides the arguments of its classes behind *args: the signature shown is that of their constructor.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from sphinx.application import Sphinx

MARKUP_OUTSIDE_CODE = re.compile(r"(`[^`]*`)|([|*\\])|(\w_(?=\W|$))")


def escaped(line: str) -> str:
    """Return a line of a docstring in which bars, stars, backslashes and a closing underscore are plain characters."""

    def plain(found: re.Match) -> str:
        code, sign, underscored = found.groups()
        return code or (f"\\{sign}" if sign else f"{underscored[0]}\\_")

    return re.sub(r": ([A-Z])\.$", r": \1\\.", MARKUP_OUTSIDE_CODE.sub(plain, line))


def escape_docstring(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Escape a docstring in place; runs before napoleon gives Args, Returns and Raises their form."""
    in_example = False
    for number, line in enumerate(lines):
        in_example = bool(line.strip()) and (in_example or line.lstrip().startswith(">>> "))
        if not in_example:
            lines[number] = escaped(line)


def constructor_signature(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Return the signature of a class as its constructor has it, where Keras would show *args."""
    if what != "class" or "*args" not in str(signature):
        return signature, returns
    parameters = list(inspect.signature(thing.__init__).parameters.values())[1:]
    plain = [each.replace(annotation=inspect.Parameter.empty) for each in parameters]
    return str(inspect.Signature(plain)), returns


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the escaping ahead of all other listeners."""
    app.connect("autodoc-process-docstring", escape_docstring, priority=100)
    app.connect("autodoc-process-signature", constructor_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
