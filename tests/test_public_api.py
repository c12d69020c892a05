"""What a user sees of the library: names, signatures, docstrings that tell the truth, and what imports what."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from machines import SIZES, batch

import ntm_lib

ROOT = Path(ntm_lib.__file__).parent
NAMES = sorted(ntm_lib.__all__)


# --- names

# Slides 1 to 13 of the deck: name, its positional arguments.
DECK = {
    "NeuralTuringMachine": ["num_inputs", "num_outputs", "memory_size", "memory_vector_dim"],
    "NTMController": ["num_inputs", "num_outputs", "memory_vector_dim"],
    "cosine_similarity": ["x", "y"],
    "content_addressing": ["key", "memory"],
    "read_memory": ["memory", "read_weights"],
    "write_memory": ["memory", "write_weights", "erase_vector", "add_vector"],
    "train_step": ["inputs", "targets", "model", "optimizer"],
    "generate_copy_task": ["sequence_length", "vector_dim"],
    "attention_mechanism": ["query", "keys", "values"],
    "read_with_attention": ["memory", "read_query"],
    "compute_gradients": ["model", "inputs", "targets"],
    "plot_gradient_flow": ["gradients"],
    "SimpleNTM": ["units", "memory_size", "memory_vector_dim"],
    "generate_sorting_task": ["sequence_length", "max_value"],
    "train_sorting_ntm": ["ntm", "num_epochs"],
    "generate_qa_task": ["context_length", "question_length", "vocab_size"],
    "train_qa_ntm": ["ntm", "num_epochs"],
    "analyze_ntm_stability": ["ntm", "num_iterations"],
    "plot_memory_stability": ["memory_changes"],
    "experiment_memory_scaling": ["input_dim", "output_dim", "memory_sizes"],
    "plot_scaling_results": ["results"],
}


@pytest.mark.parametrize("name", DECK)
def test_the_decks_names_take_the_decks_arguments_and_everything_more_by_name(name: str) -> None:
    parameters = inspect.signature(getattr(ntm_lib, name)).parameters.values()
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    assert [p.name for p in positional] == DECK[name]
    assert all(p.default is p.empty for p in positional)
    rest = [p for p in parameters if p not in positional]
    assert all(p.kind is p.VAR_KEYWORD or (p.kind is p.KEYWORD_ONLY and p.default is not p.empty) for p in rest)


# As above, for the other names: what comes before the star.
OTHERS = {
    "interpolate": ["content_weights", "previous_weights", "gate"],
    "shift": ["weights", "kernel"],
    "sharpen": ["weights", "sharpening"],
    "address": ["memory", "previous_weights", "key", "strength", "gate", "kernel", "sharpening"],
    "split_heads": ["raw", "sizes"],
    "bits_per_sequence": ["targets", "logits", "mask"],
    "bit_errors": ["targets", "logits", "mask"],
    "sequence_accuracy": ["targets", "logits", "mask"],
    "record": ["model", "inputs", "targets", "mask"],
    "train": ["task"],
    "evaluate": ["model", "task"],
    "dataset": ["task", "batch_size"],
    "CopyTask": ["vector_dim"],
    "LSTMBaseline": ["num_inputs", "num_outputs"],
    "NTMCell": ["num_inputs", "num_outputs", "memory_size", "memory_vector_dim"],
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_other_signatures_stay(name: str) -> None:
    parameters = inspect.signature(getattr(ntm_lib, name)).parameters.values()
    assert [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD] == OTHERS[name]


def test_the_machines_options_and_defaults() -> None:
    options = {
        "controller": "lstm",
        "units": 100,
        "read_heads": 1,
        "write_heads": 1,
        "shift_range": 1,
        "initial_memory": "constant",
        "initial_weights": "one-hot",
    }
    for made in (ntm_lib.NeuralTuringMachine, ntm_lib.NTMCell):
        parameters = inspect.signature(made).parameters
        assert {name: parameters[name].default for name in options} == options
    assert inspect.signature(ntm_lib.NeuralTuringMachine).parameters["spread_penalty"].default == 0.01


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(ntm_lib, name) is not None
    assert name in dir(ntm_lib)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"nothing_of_this_name"):
        _ = ntm_lib.nothing_of_this_name


# --- docstrings


def public_functions() -> Iterator[tuple[str, Any]]:
    """Every public function, class, and public method written in the library."""
    for name in NAMES:
        thing = getattr(ntm_lib, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            yield name, thing
        if inspect.isclass(thing):
            for method, value in vars(thing).items():
                if inspect.isfunction(value) and not method.startswith("_"):
                    yield f"{name}.{method}", value


DOCUMENTED = dict(public_functions())


@pytest.mark.parametrize("name", DOCUMENTED)
def test_everything_public_is_documented(name: str) -> None:
    text = inspect.getdoc(DOCUMENTED[name])
    assert text
    assert re.match(r"[`A-Z]", text)
    assert text.split("\n\n")[0].rstrip().endswith((".", ":")), "the first paragraph is a sentence"


FUNCTIONS = {name: thing for name, thing in DOCUMENTED.items() if inspect.isfunction(thing) and "." not in name}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_of_every_public_function_is_documented(name: str) -> None:
    text = inspect.getdoc(FUNCTIONS[name]) or ""
    arguments = list(inspect.signature(FUNCTIONS[name]).parameters)
    assert list(sections(text).get("Args", [])) == arguments
    assert re.search(r"^Returns:|^Return ", text, re.M)
    assert "Raises:" in text or not arguments or name == "sequence_accuracy"


# The fields of named tuples and data classes have docstrings of their own.
CONSTRUCTORS = {
    name: made
    for name, made in DOCUMENTED.items()
    if inspect.isclass(made) and not issubclass(made, tuple) and not hasattr(made, "__dataclass_fields__")
}


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_every_argument_of_a_constructor_is_documented(name: str) -> None:
    made = CONSTRUCTORS[name]
    parameters = inspect.signature(made).parameters.values()
    arguments = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD and p.name != "name"]
    assert list(sections(inspect.getdoc(made) or "").get("Args", {})) == arguments


def sections(text: str) -> dict[str, dict[str, str]]:
    """The entries under `Args:` and the text under `Returns:`, as `{section: {entry: text}}`."""
    found: dict[str, dict[str, str]] = {}
    for title, body in re.findall(r"^(Args|Returns|Raises):\n((?:    .*\n?|\n)+)", text, re.M):
        entries = re.split(r"^    (?=\S)", body, flags=re.M)[1:]
        named = (entry.partition(":") for entry in entries)
        found[title] = {name: rest for name, _, rest in named} if title == "Args" else {"": body}
    return found


# --- the shapes in the docstrings are true

LENGTHS = {"B": 2, "T": 5, "I": 3, "O": 4, "N": 7, "W": 6, "R": 8, "H": 8, "K": 3, "D": 9, "Q": 10, "V": 11}


def shapes(text: str) -> list[tuple[int, ...]]:
    """All shapes like `[B, N]` in a text, with the letters replaced."""
    named = (re.findall(r"\w+", found) for found in re.findall(r"`\[([A-Z, ]+)\]`", text))
    return [tuple(LENGTHS[letter] for letter in letters) for letters in named]


WITH_SHAPES = [
    *("content_addressing", "interpolate", "shift", "sharpen", "address", "read_memory", "write_memory"),
    *("attention_mechanism", "read_with_attention", "bits_per_sequence", "bit_errors"),
]


@pytest.mark.parametrize("heads", [False, True])
@pytest.mark.parametrize("name", WITH_SHAPES)
def test_the_shapes_in_docstrings_are_true(name: str, heads: bool) -> None:
    """Arguments of the documented shapes, without and with the axis of heads, give results of the documented shape."""
    function = getattr(ntm_lib, name)
    documented = sections(inspect.getdoc(function) or "")
    arguments: dict[str, np.ndarray] = {}
    for argument, text in documented["Args"].items():
        possible = shapes(text)
        if argument in ("gate", "sharpening") and not possible:
            possible = shapes(documented["Args"]["strength"])  # "as are gate and sharpening"
        if argument == "previous_weights" and not possible:
            possible = shapes(documented["Args"]["content_weights"])  # "of the same shape"
        if possible:
            other_layout = argument == "memory" and "slots_last" in text
            shape = possible[0] if other_layout or not heads else possible[-1]
            arguments[argument] = np.full(shape, 1 / shape[-1])
    result = function(**arguments)
    returned = documented["Returns"][""]
    alike = re.search(r"of the shape of `(\w+)`", returned)
    expected = [arguments[alike[1]].shape] if alike else shapes(returned) or [()]
    for part in result if isinstance(result, tuple) else [result]:
        assert tuple(part.shape) == (expected[-1] if heads else expected[0])


def test_the_shapes_of_the_machine_are_true() -> None:
    model = ntm_lib.NeuralTuringMachine(**SIZES)
    inputs = batch(2, 5)
    text = sections(inspect.getdoc(ntm_lib.NeuralTuringMachine.call) or "")
    assert "`[B, T, I]`" in text["Args"]["inputs"]
    assert "`[B, T]`" in text["Args"]["mask"]
    assert "`[B]`" in text["Args"]["sequence_lengths"]
    assert "`[B, T, O]`" in text["Returns"][""]
    assert model(inputs, mask=np.ones((2, 5)), sequence_lengths=np.array([5, 5])).shape == (2, 5, 2)
    raw, _ = model.cell.controller(inputs[:, 0], [np.zeros((2, 4)), np.zeros((2, 5)), np.zeros((2, 5))])
    assert raw.shape == (2, model.cell.heads.total)
    parameters = ntm_lib.split_heads(raw, model.cell.heads)
    heads, slots = model.cell.heads.heads, SIZES["memory_size"]
    assert parameters.key.shape == (2, heads, 4)
    assert model.cell.initial_state(2).weights.shape == (2, heads, slots)


# --- what imports what


def test_importing_the_library_does_not_import_tensorflow() -> None:
    """Nor do its list of names, and the command line's help."""
    program = (
        "import sys, ntm_lib, ntm_lib.__main__; dir(ntm_lib); assert 'train' in ntm_lib.__all__\n"
        "try: ntm_lib.__main__.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "ntm_lib.shift; assert 'tensorflow' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


# What is further down imports only what is further up; names on one line do not import each other.
FLOORS = [
    ["checks", "reference_equations", "schedules", "several"],
    ["numerics", "reference", "recurrence", "recipes", "tasks.base", "attention"],
    [
        *("addressing", "memory", "heads", "metrics", "tasks.copy", "tasks.repeat_copy", "tasks.associative_recall"),
        *("tasks.ngrams", "tasks.priority_sort", "tasks.sorting", "tasks.question_answering", "tasks.stories"),
    ],
    ["controllers", "tasks.babi"],
    ["tasks"],
    ["cells.ntm", "data"],
    ["masks", "sequence_model"],
    ["models", "baselines", "checkpoints"],
    ["training", "trace", "analysis", "scaling", "experiments", "pretrained"],
    [
        *("runs", "plots.style", "deck"),
        *("inspector.modules", "inspector.payload", "inspector.weights"),
    ],
    ["plots.machines", "plots.learning", "plots.scaling", "plots.architecture", "inspector.driven"],
    ["plots.examples"],
    ["plots", "inspector.widget", "inspector.moments"],
    ["inspector.recorder"],
    [
        *("inspector", "inspector.playground", "inspector.classroom", "inspector.books"),
        *("inspector.addressing", "inspector.architecture", "inspector.tape", "inspector.write"),
    ],
    ["inspector.figures"],
    ["__main__"],
]
FLOOR = {module: number for number, modules in enumerate(FLOORS) for module in modules}


def imported(path: Path) -> set[str]:
    """The modules of the library that a file imports, also inside its functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ntm_lib":
            inside = (node.module or "").removeprefix("ntm_lib").lstrip(".")
            names |= {inside} if inside else {alias.name for alias in node.names}
            assert node.level == 0, "imports are absolute"
        elif isinstance(node, ast.Import):
            names |= {a.name.removeprefix("ntm_lib.") for a in node.names if a.name.startswith("ntm_lib.")}
    return names


MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
    if path != ROOT / "__init__.py"
}


@pytest.mark.parametrize("module", MODULES)
def test_nothing_looks_upward(module: str) -> None:
    if module == "cells":
        assert imported(MODULES[module]) == set()
        return
    assert module in FLOOR, "give the new module a place in FLOORS"
    for other in imported(MODULES[module]):
        assert FLOOR[other] < FLOOR[module], f"{module} imports {other}"


def test_the_reference_is_independent_of_the_library() -> None:
    assert imported(MODULES["reference_equations"]) == set()
    assert imported(MODULES["reference"]) == {"reference_equations"}
    for name in ("reference", "reference_equations"):
        assert not re.search(r"import (tensorflow|keras)", MODULES[name].read_text())


def test_no_check_of_a_users_input_is_a_bare_assert() -> None:
    for path in MODULES.values():
        asserts = [node.lineno for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Assert)]
        assert not asserts, f"{path.name}: {asserts}"
