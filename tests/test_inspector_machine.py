"""The machine in plain JavaScript: the same numbers as TensorFlow, in every tensor, at every step, and in training.

`python tests/test_inspector_machine.py` writes the golden traces of the JavaScript tests anew.
"""

from __future__ import annotations

import base64
import functools
import gzip
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from machines import MANY_HEADS, SIZES, batch, small

from ntm_lib import NeuralTuringMachine, load_pretrained, record
from ntm_lib.inspector.modules import bundle
from ntm_lib.inspector.weights import FORMS, exported
from ntm_lib.metrics import bits_per_sequence
from ntm_lib.schedules import HoldThenDecay
from ntm_lib.tasks import CopyTask
from ntm_lib.trace import HEAD_SHAPES, WRITE_SHAPES, Trace

SCRIPTS = Path(__file__).resolve().parents[1] / "ntm_lib" / "inspector" / "js"
GOLDEN = SCRIPTS / "tests" / "golden"
TOLERANCE = 1e-4
SAMPLES = 8
KERNELS_AND_BIASES = ("kernel", "bias", "head_kernel", "head_bias", "output_kernel", "output_bias")


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        reason = "no node on this machine: the JavaScript was not tested"
        if os.environ.get("NTM_REQUIRE_NODE"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found


def run_script(node: str, body: str, given: Any) -> Any:
    """Run JavaScript with `given` in scope and return what it returns, arrays as lists."""
    imports = "\n".join(
        f'import * as {name} from "{(SCRIPTS / f"{name}.js").as_uri()}";'
        for name in ("machine", "weights", "gradient", "learning")
    )
    script = f"""
      import {{ readFileSync }} from "node:fs";
      {imports}
      const given = JSON.parse(readFileSync(0));
      const result = (() => {{ {body} }})();
      const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
      process.stdout.write(JSON.stringify(result, plain));
    """
    command = [node, "--input-type=module", "--eval", script]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


RUN = "return machine.runMachine(weights.decodeWeights(given.machine), given.inputs, given.changes);"


def tensors_of(trace: Trace) -> dict[str, np.ndarray]:
    """All tensors of the first sequence by the names of the JavaScript tests, each `[T, ...]`."""
    tensors = {name: getattr(trace, name)[0] for name in ("logits", "outputs", "memory", "reads", "hidden")}
    for part, names in (("read", [*HEAD_SHAPES]), ("write", [*HEAD_SHAPES, *WRITE_SHAPES])):
        head = getattr(trace, part)
        tensors |= {f"{part}.{name}": getattr(head, name)[0] for name in names if name != "previous"}
    return tensors


def assert_same_trace(trace: Trace, received: dict[str, Any]) -> None:
    given = {name: values for name, values in received.items() if not isinstance(values, dict)}
    given |= {f"{part}.{name}": values for part in ("read", "write") for name, values in received[part].items()}
    expected = tensors_of(trace)
    expected |= {f"{part}.previous": getattr(trace, part).previous[0] for part in ("read", "write")}
    expected |= {"initialMemory": trace.initial_memory[0], "inputs": trace.inputs[0]}
    assert set(given) - {"steps", "sizes", "targets", "mask"} == set(expected)
    for name, values in expected.items():
        difference = np.abs(np.asarray(given[name], float) - values.ravel()).max()
        assert difference < TOLERANCE, f"{name} differs by {difference}"


# The files that the JavaScript tests read.

CASES = ("lstm", "feed-forward", "many heads", "learned starts", "constant weightings")


@functools.cache  # TensorFlow compiles a program for each of them
def small_cases() -> dict[str, NeuralTuringMachine]:
    machines = (
        small(),
        small(1, controller="feed-forward"),
        small(2, **MANY_HEADS),
        small(3, initial_memory="learned", initial_weights="learned"),
        small(4, scale=1.0, initial_memory="random", initial_weights="constant"),
    )
    return dict(zip(CASES, machines, strict=True))


def small_golden() -> dict[str, Any]:
    inputs = batch(1, 6)
    golden = {}
    for name, model in small_cases().items():
        trace = {part: text(values) for part, values in tensors_of(record(model, inputs)).items()}
        golden[name] = {"machine": exported(model, "float32"), "inputs": text(inputs), "trace": trace}
    return golden


def long_golden() -> dict[str, Any]:
    model = load_pretrained("copy-lstm")
    inputs = CopyTask().sample(1, np.random.default_rng(7), length=120).inputs
    samples = {part: text(samples_of(values)) for part, values in tensors_of(record(model, inputs)).items()}
    return {"machine": exported(model, "float16"), "inputs": text(inputs), "samples": samples}


def samples_of(values: np.ndarray) -> np.ndarray:
    """As in support.js: up to 8 numbers of each step, at places that wander."""
    steps = len(values)
    rows = values.reshape(steps, -1)
    size = rows.shape[1]
    count = min(size, SAMPLES)
    places = (7 * np.arange(steps)[:, None] + np.arange(count) * (size // count)) % size
    return np.take_along_axis(rows, places, axis=1)


def text(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode("ascii")


def numbers(encoded: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(encoded), "<f4")


def write_golden() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, content in (("small", small_golden()), ("copy-120", long_golden())):
        compressed = gzip.compress(json.dumps(content, separators=(",", ":")).encode(), 9, mtime=0)
        (GOLDEN / f"{name}.json.gz").write_bytes(compressed)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "part"), [("small", "trace"), ("copy-120", "samples")])
def test_the_golden_traces_are_what_tensorflow_gives_today(name: str, part: str) -> None:
    kept = json.loads(gzip.decompress((GOLDEN / f"{name}.json.gz").read_bytes()))
    fresh = small_golden() if name == "small" else long_golden()
    kept, fresh = (content if name == "small" else {name: content} for content in (kept, fresh))
    assert set(kept) == set(fresh)
    for case, content in fresh.items():
        assert set(kept[case][part]) == set(content[part])
        np.testing.assert_array_equal(numbers(kept[case]["inputs"]), numbers(content["inputs"]))
        for tensor, values in content[part].items():
            difference = np.abs(numbers(kept[case][part][tensor]) - numbers(values)).max()
            assert difference < TOLERANCE / 2, f"{case}, {tensor}"
    assert sum(path.stat().st_size for path in GOLDEN.iterdir()) < 400_000


@pytest.mark.slow
def test_the_javascript_tests_pass(node: str) -> None:
    files = sorted(path for path in (SCRIPTS / "tests").glob("*.test.js") if path.stem.split(".")[0] in OWN)
    assert len(files) == len(OWN)
    done = subprocess.run([node, "--test", *files], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr


OWN = ("gradient", "learning", "machine", "weights")


# The machine as it runs in the page.


@pytest.mark.slow
@pytest.mark.parametrize("length", [20, 120])
def test_a_trained_machine_gives_the_same_trace(node: str, length: int) -> None:
    model = load_pretrained("copy-lstm")
    inputs = CopyTask().sample(1, np.random.default_rng(length), length=length).inputs
    given = {"machine": exported(model, "float16"), "inputs": inputs.ravel().tolist()}
    assert_same_trace(record(model, inputs), run_script(node, RUN, given))


IN_A_PAGE = """<!doctype html><meta charset="utf-8"><script type="module">
{module}
const given = {given};
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
window.answer = JSON.stringify(runMachine(decodeWeights(given.machine), given.inputs), plain);
</script>"""


def test_what_learning_adds_to_the_machine_stays_small() -> None:
    assert len(bundle("learning").encode()) - len(bundle("machine").encode()) < 30 * 1024


@pytest.mark.slow
def test_the_browser_gives_the_same_trace(browser: Any, tmp_path: Path) -> None:
    """As a page runs it: the module that stands in it, from a file, over a copy of 120 vectors."""
    model = load_pretrained("copy-lstm")
    inputs = CopyTask().sample(1, np.random.default_rng(120), length=120).inputs
    given = json.dumps({"machine": exported(model, "float16"), "inputs": inputs.ravel().tolist()})
    (tmp_path / "machine.html").write_text(IN_A_PAGE.format(module=bundle("machine"), given=given))
    page = browser.new_page()
    page.goto((tmp_path / "machine.html").as_uri())
    page.wait_for_function("() => window.answer")
    assert_same_trace(record(model, inputs), json.loads(page.evaluate("window.answer")))
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_any_machine_gives_the_same_trace(node: str, name: str) -> None:
    model, inputs = small_cases()[name], batch(1, 40)
    given = {"machine": exported(model, "float32"), "inputs": inputs.ravel().tolist()}
    assert_same_trace(record(model, inputs), run_script(node, RUN, given))


def test_fewer_slots_are_a_machine_with_fewer_slots(node: str) -> None:
    model, fewer, inputs = small(), small(memory_size=4), batch(1, 12)
    fewer.set_weights(model.get_weights())
    given = {"machine": exported(model, "float32"), "inputs": inputs.ravel().tolist(), "changes": {"slots": 4}}
    assert_same_trace(record(fewer, inputs), run_script(node, RUN, given))


ANSWERS = """
  const decoded = weights.decodeWeights(given.machine);
  return given.inputs.map((inputs) => machine.runMachine(decoded, inputs).logits);
"""


@pytest.mark.parametrize("form", ["int8", "float16"])
def test_the_exported_machine_makes_no_mistake(node: str, form: str) -> None:
    model, rng = load_pretrained("copy-lstm"), np.random.default_rng(0)
    batches = [CopyTask().sample(4, rng, length=length) for length in (20, 80, 120)]
    given = {
        "machine": exported(model, form),
        "inputs": [one.ravel().tolist() for part in batches for one in part.inputs],
    }
    logits = iter(run_script(node, ANSWERS, given))
    for part in batches:
        for targets, mask in zip(part.targets, part.mask, strict=True):
            answer = np.reshape(next(logits), targets.shape) > 0
            assert ((answer != (targets > 0.5)) & (mask[:, None] > 0.5)).sum() == 0


# The form in which weights travel.


def decoded(part: dict[str, Any]) -> np.ndarray:
    kinds = {"float32": "<f4", "float16": "<f2", "int8": "i1"}
    values = np.frombuffer(base64.b64decode(part["data"]), kinds[part["type"]]).reshape(part["shape"])
    return values * numbers(part["scales"]) if part["type"] == "int8" else values.astype(np.float32)


@pytest.mark.parametrize("form", FORMS)
def test_weights_survive_as_well_as_the_form_says(form: str) -> None:
    model = load_pretrained("copy-lstm")
    content = json.loads(json.dumps(exported(model, form)))
    for name in KERNELS_AND_BIASES:
        values = getattr(model.cell.controller, name).numpy()
        first, *others = name.split("_")
        received = decoded(content["arrays"][first + "".join(word.capitalize() for word in others)])
        if form == "int8" and values.ndim == 2:
            steps = np.abs(values).max(axis=0) / 127
            assert (np.abs(received - values) <= 0.5001 * steps).all()
        else:
            np.testing.assert_array_equal(received, values)


def test_the_standard_machine_is_small() -> None:
    model = load_pretrained("copy-lstm")
    sizes = {form: len(json.dumps(exported(model, form), separators=(",", ":"))) for form in FORMS}
    assert sizes["int8"] < 90_000
    assert sizes["float16"] < 190_000


def test_a_column_of_zeros_stays_zero() -> None:
    model = small()
    model.cell.controller.kernel.assign(tf.zeros_like(model.cell.controller.kernel))
    assert not decoded(exported(model)["arrays"]["kernel"]).any()


def test_starts_are_named_where_they_have_a_name() -> None:
    arrays = exported(small(), "float32")["arrays"]
    assert arrays["initialMemory"] == {"shape": [6, 4], "start": 1e-6}
    assert arrays["initialWeights"] == {"shape": [2, 6], "start": "one-hot"}
    assert exported(small(initial_weights="constant"))["arrays"]["initialWeights"]["start"] == 1 / 6
    model = small(initial_memory="learned", initial_weights="random")
    arrays = exported(model)["arrays"]
    np.testing.assert_array_equal(decoded(arrays["initialMemory"]), model.cell.memory_start.numpy().T)
    assert decoded(arrays["initialWeights"]).sum() == pytest.approx(2.0)


def test_what_is_no_machine_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model must be a NeuralTuringMachine. Received: 'copy-lstm'"):
        exported("copy-lstm")
    with pytest.raises(ValueError, match=r"form must be one of 'int8', 'float16', 'float32'. Received: 'int4'"):
        exported(small(), "int4")


@pytest.mark.parametrize("form", FORMS)
def test_a_weight_that_is_not_finite_is_refused(form: str) -> None:
    model = small()
    model.cell.controller.head_bias.assign(np.full(model.cell.heads.total, np.nan))
    with pytest.raises(ValueError, match=r"head_bias must be finite. Received nan"):
        exported(model, form)


def test_a_weight_too_large_for_half_precision_is_refused() -> None:
    model = small()
    model.cell.controller.kernel.assign(np.full(model.cell.controller.kernel.shape, 1e5))
    with pytest.raises(ValueError, match=r"kernel must be at most 65504 in size for .*float16. Received: 100000"):
        exported(model, "float16")
    assert decoded(exported(model, "int8")["arrays"]["kernel"]).max() == pytest.approx(1e5)


# The machine that learns in the page.


def uniform_numbers(seed: int, count: int) -> np.ndarray:
    """Mulberry32, as in machine.js."""
    mask, numbers = 0xFFFFFFFF, np.empty(count)
    for index in range(count):
        seed = (seed + 0x6D2B79F5) & mask
        mixed = ((seed ^ (seed >> 15)) * (seed | 1)) & mask
        mixed ^= (mixed + (((mixed ^ (mixed >> 7)) * (mixed | 61)) & mask)) & mask
        numbers[index] = (mixed ^ (mixed >> 14)) / 2**32
    return numbers


def starting_kernels(seed: int, sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """What `startingMachine` in learning.js draws."""
    width, units, outputs = sizes["width"], sizes["units"], sizes["outputs"]
    shapes = {
        "inputs": (sizes["inputs"] + width, 4 * units),
        "hidden": (units, 4 * units),
        "headKernel": (units, 2 * (width + 3 + sizes["shifts"]) + 2 * width),
        "outputKernel": (units + width, outputs),
    }
    drawn = uniform_numbers(seed, sum(rows * columns for rows, columns in shapes.values()))
    kernels = {}
    for name, (rows, columns) in shapes.items():
        part, drawn = np.split(drawn, [rows * columns])
        kernels[name] = ((2 * part - 1) * np.sqrt(6 / (rows + columns))).astype(np.float32).reshape(rows, columns)
    kernels["kernel"] = np.concatenate([kernels.pop("inputs"), kernels.pop("hidden")])
    return kernels


def test_a_seed_gives_the_same_start_in_python(node: str) -> None:
    machine = run_script(node, "return learning.startingMachine(given);", 4)
    for name, values in starting_kernels(4, machine["sizes"]).items():
        np.testing.assert_array_equal(np.float32(machine[name]), values.ravel())


TEACH = """
  const learner = new learning.Learner(learning.startingMachine(1, given.sizes), given.options);
  const drawn = machine.uniformGenerator(given.options.seed);
  const start = structuredClone(learner.machine);
  const memory = given.options.initialMemory === "constant" ? 0 : start.initialMemory.length;
  for (let i = 0; i < memory; i++) drawn();
  const batches = Array.from({ length: given.steps }, () =>
    Array.from({ length: given.options.batchSize }, () => {
      drawn(); // the length, of which there is only one
      return learning.copySequence(given.options.longest, given.sizes.outputs, drawn);
    }),
  );
  const bits = batches.map(() => learner.step().bits);
  return { start, batches, bits, end: learner.machine };
"""


@pytest.mark.parametrize(("memory", "clip_norm"), [("constant", 10.0), ("learned", 0.5)])
def test_learning_is_that_of_the_library(node: str, memory: str, clip_norm: float) -> None:
    """The same start, the same sequences: after five updates the weights are the same."""
    steps, length, rate = 5, 4, 5e-3
    sizes = {"inputs": 4, "outputs": 3, "slots": 6, "width": 5, "units": 9}
    sizes |= {"readHeads": 1, "writeHeads": 1, "shifts": 3}
    options = {"shortest": length, "longest": length, "batchSize": 2, "sequences": 40, "learningRate": rate, "seed": 3}
    options |= {"clipNorm": clip_norm, "beta2": 0.99, "epsilon": 1e-4, "spreadPenalty": 0.01, "initialMemory": memory}
    result = run_script(node, TEACH, {"sizes": sizes, "options": options, "steps": steps})

    model = NeuralTuringMachine(4, 3, 6, 5, units=9, initial_memory=memory, spread_penalty=0.01)
    put(model, result["start"])
    schedule = HoldThenDecay(rate, 20)
    optimizer = keras.optimizers.Adam(schedule, beta_2=0.99, epsilon=1e-4, global_clipnorm=clip_norm)
    for drawn, bits in zip(result["batches"], result["bits"], strict=True):
        arrays = {name: np.float32([one[name] for one in drawn]) for name in ("inputs", "targets", "mask")}
        inputs, targets = (arrays[name].reshape(2, 2 * length + 1, -1) for name in ("inputs", "targets"))
        with tf.GradientTape() as tape:
            loss = bits_per_sequence(targets, model(inputs, training=True), arrays["mask"])
            total = loss + sum(model.losses)
        assert float(loss) == pytest.approx(bits, rel=1e-4)
        gradients = tape.gradient(total, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    for name, values in shown(model).items():
        moved = np.abs(values.ravel() - np.float32(result["start"][name])).max()
        assert moved > 1e-3 or name == "initialMemory"
        np.testing.assert_allclose(result["end"][name], values.ravel(), rtol=0, atol=2e-5, err_msg=name)


def shown(model: NeuralTuringMachine) -> dict[str, np.ndarray]:
    """The trained arrays by their names in JavaScript."""
    arrays = {}
    for name in KERNELS_AND_BIASES:
        first, *others = name.split("_")
        arrays[first + "".join(word.capitalize() for word in others)] = getattr(model.cell.controller, name).numpy()
    if model.cell.initial_memory == "learned":
        arrays["initialMemory"] = model.cell.memory_start.numpy().T
    return arrays


def put(model: NeuralTuringMachine, machine: dict[str, Any]) -> None:
    """Give a model the arrays of a machine in JavaScript."""
    for name in KERNELS_AND_BIASES:
        first, *others = name.split("_")
        variable = getattr(model.cell.controller, name)
        values = machine[first + "".join(word.capitalize() for word in others)]
        variable.assign(np.reshape(values, variable.shape))
    if model.cell.initial_memory == "learned":
        shape = (model.memory_size, model.memory_vector_dim)
        model.cell.memory_start.assign(np.reshape(machine["initialMemory"], shape).T)


def test_sizes_of_the_golden_machines_are_those_of_the_tests() -> None:
    sizes = exported(small())["sizes"]
    assert (sizes["slots"], sizes["width"], sizes["units"]) == (
        SIZES["memory_size"],
        SIZES["memory_vector_dim"],
        SIZES["units"],
    )


if __name__ == "__main__":
    write_golden()
