"""Read a Dockerfile, as far as those that repo2docker writes need it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from string import Template

INSTRUCTIONS = {
    *("FROM", "ARG", "ENV", "RUN", "COPY", "USER", "WORKDIR"),
    *("LABEL", "EXPOSE", "ENTRYPOINT", "CMD"),
}


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions in order, each with what follows it on one line.

    Raises:
        ValueError: if there is one that is not known.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = []
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word not in INSTRUCTIONS:
            raise ValueError(
                f"Dockerfile: received the instruction {word!r}, expected {', '.join(sorted(INSTRUCTIONS))}"
            )
        found.append((word, rest.strip()))
    return found


def assigned(rest: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that `ENV NAME=VALUE ...` sets, with the older ones filled in."""
    pairs = (part.partition("=") for part in shlex.split(rest))
    return {name: filled(value, variables) for name, _, value in pairs}


def filled(text: str, variables: Mapping[str, str]) -> str:
    """Put the values of variables into `${NAME}`."""
    return Template(text).safe_substitute(variables)
