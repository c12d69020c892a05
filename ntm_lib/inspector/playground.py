"""The playground: trained machines that run in a page over what its reader gives them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ntm_lib.inspector.modules import bundle, version
from ntm_lib.inspector.weights import exported
from ntm_lib.inspector.widget import for_script
from ntm_lib.models import NeuralTuringMachine
from ntm_lib.plots.machines import machine
from ntm_lib.pretrained import load_pretrained, pretrained_results
from ntm_lib.trace import record

TEXT = "neural turing machine"
"""What the reader finds written, and the static picture shows."""


def machines() -> list[dict[str, str]]:
    """Return the machines of the playground, the one that is shown first at the head: `name`, `label` and `task`."""
    moments = ("copy-lstm", "copy-lstm-middle", "copy-lstm-early")
    return [
        *({"name": name, "task": "copy", "label": f"copy, after {_shown(name):,} sequences"} for name in moments),
        {"name": "associative-recall-lstm", "task": "recall", "label": "recall an item"},
        {"name": "priority-sort-lstm", "task": "sort", "label": "sort by priority"},
    ]


def machine_script(name: str) -> str:
    """Return a script that puts the weights of a shipped machine where the playground looks for them."""
    return f"(globalThis.ntmMachines ??= {{}})[{json.dumps(name)}] = {for_script(_weights(name))};\n"


def html(folder: str = "") -> str:
    """Return the playground as text for a page.

    Args:
        folder: where the page finds the files `NAME.js` with what `machine_script(NAME)` returned, as the beginning of
            an address; the machine that is shown first lies in the page itself.
    """
    module, known = bundle("playground"), machines()
    name, first = f"ntm-playground-{version(module)}", known[0]["name"]
    data = for_script({"machines": known, "weights": {first: _weights(first)}, "folder": folder})
    return (
        f'<{name}><script type="application/json">{data}</script>{_picture(first)}</{name}>\n'
        f'<script type="module">\n{module}\ndefinePlayground("{name}");\n</script>'
    )


def _shown(name: str) -> int:
    return int(pretrained_results(name)["curve"][-1]["sequences"])


def _machine(name: str) -> NeuralTuringMachine:
    model = load_pretrained(name)
    if not isinstance(model, NeuralTuringMachine):
        raise ValueError(f"name must be that of a machine with a memory. Received: {name!r}")
    return model


def _weights(name: str) -> dict[str, Any]:
    return exported(_machine(name))


def _picture(name: str) -> str:
    """Return what is seen without scripts and in print: the first machine copies the text."""
    bits = np.unpackbits(np.frombuffer(TEXT.encode("ascii"), np.uint8)).reshape(-1, 8)
    inputs = np.zeros([1, 2 * len(bits) + 1, 9], np.float32)
    inputs[0, : len(bits), :8] = bits
    inputs[0, len(bits), 8] = 1.0
    return machine(record(_machine(name), inputs)).image()
