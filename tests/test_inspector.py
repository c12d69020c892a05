"""The inspector's Python side: what a page carries, how exact it is, what is refused, that nothing can break out."""

from __future__ import annotations

import base64
import builtins
import dataclasses
import gzip
import html
import json
import os
import re
import shutil
import subprocess
import sys
import types
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from machines import MANY_HEADS, answers, batch, small

from ntm_lib import CopyTask, Trace, inspect, load_pretrained, record
from ntm_lib.inspector import Inspector, bundle, driven, modules, payload, widget

MODEL = small(**MANY_HEADS)
HOSTS = ("element", "widget")
JS_FILES = (
    *("payload", "dom", "canvas", "layout", "heads", "transport", "theme", "style", "spoken", "problem", "host"),
    "inspector",
    *HOSTS,
)


@cache
def trace() -> Trace:
    return record(MODEL, batch(2, 6), answers(2, 6), np.ones((2, 6)))


@cache
def copied(length: int) -> Trace:
    return record(load_pretrained("copy-lstm"), *CopyTask().sample(1, np.random.default_rng(3), length=length))


def decoded(packed: dict[str, Any]) -> dict[str, np.ndarray]:
    """What js/payload.js makes of the bytes, and of the memory, in NumPy."""
    kinds = {"unit": (np.uint8, 255), "signed": (np.int8, 127), "number": ("<f4", 1)}
    sizes = {letter: packed["sizes"][name] for letter, name in payload.SIZES.items()} | {"T": packed["steps"]}
    content, parts = zlib.decompress(base64.b64decode(packed["data"])), {}
    for name, kind in packed["parts"].items():
        dtype, scale = kinds[kind]
        shape = [sizes[letter] for letter in payload.STORED[name]]
        length = int(np.prod(shape)) * np.dtype(dtype).itemsize
        parts[name] = np.frombuffer(content[:length], dtype).reshape(shape) / scale
        content = content[length:]
    assert content == b""
    parts["memory"] = np.empty((sizes["T"], sizes["N"], sizes["W"]))
    now = parts["initialMemory"]
    for t in range(sizes["T"]):
        weights, erase, add = (parts[f"write.{name}"][t] for name in ("weights", "erase", "add"))
        for w, e in zip(weights, erase, strict=True):
            now = now * (1 - np.outer(w, e))
        now = now + np.einsum("hn,hw->nw", weights, add)
        parts["memory"][t] = now
    return parts


# --- the payload


@pytest.mark.parametrize("length", [20, 120])
def test_a_copy_is_small_and_as_exact_as_the_eye(length: int) -> None:
    """Half a step of rounding and for the memory what rounding adds up to over all writes."""
    original = copied(length)
    packed = payload.payload(original)
    parts = decoded(packed)
    assert len(json.dumps(packed)) < {20: 12_000, 120: 60_000}[length]
    for name in ("read", "write"):
        heads = getattr(original, name)
        for field in ("weights", "content", "gate", "shift"):
            assert np.abs(parts[f"{name}.{field}"] - getattr(heads, field)[0]).max() <= 0.5 / 255 + 1e-6
        assert np.abs(parts[f"{name}.key"] - heads.key[0]).max() <= 0.5 / 127 + 1e-6
        for field in ("strength", "sharpening"):
            np.testing.assert_allclose(parts[f"{name}.{field}"], getattr(heads, field)[0], rtol=2.0**-11)
    np.testing.assert_allclose(parts["logits"], original.logits[0], rtol=2.0**-11)
    np.testing.assert_array_equal(parts["inputs"], original.inputs[0])
    np.testing.assert_array_equal(parts["targets"], original.targets[0])
    assert np.abs(parts["memory"] - original.memory[0]).max() < 0.02


def test_every_part_of_many_heads_is_there_and_of_the_chosen_example() -> None:
    packed = payload.payload(trace(), 1)
    assert packed["sizes"] == dict(zip(payload.SIZES.values(), (3, 2, 6, 4, 5, 2, 3, 5), strict=True))
    assert list(packed["parts"]) == list(payload.STORED)
    parts = decoded(packed)
    np.testing.assert_allclose(parts["inputs"], trace().inputs[1], rtol=2.0**-11)
    np.testing.assert_allclose(parts["write.erase"], trace().write.erase[1], atol=0.5 / 255 + 1e-6)
    np.testing.assert_allclose(parts["memory"], trace().memory[1], atol=0.02)


def test_targets_and_mask_may_be_missing() -> None:
    packed = payload.payload(record(MODEL, batch(1, 2)))
    assert {"targets", "mask"}.isdisjoint(packed["parts"])
    decoded(packed)


@pytest.mark.parametrize(
    ("values", "exact", "kind"),
    [
        ([0.0, 1.0], True, "unit"),
        ([0.0, 0.3], False, "unit"),
        ([0.0, 0.3], True, "number"),
        ([-0.5, 1.0], False, "signed"),
        ([-0.5, 1.0], True, "number"),
        ([0.0, 1.5], False, "number"),
    ],
)
def test_the_rounding_follows_the_range(values: list[float], exact: bool, kind: str) -> None:
    assert payload.encode(np.array(values, np.float32), exact=exact)[0] == kind


def test_the_tables_of_both_sides_agree() -> None:
    source = (modules.FOLDER / "payload.js").read_text()
    assert f'PAYLOAD_SCHEMA = "{payload.PAYLOAD_SCHEMA}"' in source
    assert f"MAX_TRACE_STEPS = {payload.MAX_STEPS};" in source


# --- what is refused


def changed(**parts: Any) -> Trace:
    return dataclasses.replace(trace(), **parts)


def head(**parts: Any) -> Trace:
    return changed(read=dataclasses.replace(trace().read, **parts))


def poisoned(name: str, value: float) -> Trace:
    values = getattr(trace(), name).copy()
    values.flat[3] = value
    return changed(**{name: values})


def no_heads() -> Trace:
    fields = {f.name: getattr(trace().read, f.name) for f in dataclasses.fields(trace().read)}
    empty = {name: None if v is None else v[:, :0] if name == "previous" else v[:, :, :0] for name, v in fields.items()}
    return changed(reads=trace().reads[:, :, :0], read=dataclasses.replace(trace().read, **empty))


BAD: dict[str, tuple[Callable[[], object], str]] = {
    "no trace": (lambda: inspect("x"), r"model_or_trace must be a NeuralTuringMachine or a Trace. Received: str"),
    "no inputs": (lambda: inspect(MODEL), r"inputs must be an array \[B, T, I\] if a machine is given. Received: None"),
    "both": (lambda: inspect(trace(), batch()), r"must not be given with a trace"),
    "wrong inputs": (lambda: inspect(MODEL, batch(channels=4)), r"inputs must have 3 entries \(num_inputs\)"),
    "no payload": (lambda: payload.payload({"schema": "x"}), r"must be a Trace of the schema 'ntm_lib/trace/1'.*dict"),
    "NaN": (lambda: inspect(poisoned("memory", np.nan)), r"trace.memory must be finite. Received nan"),
    "infinity": (lambda: inspect(poisoned("logits", np.inf)), r"trace.logits must be finite. Received inf"),
    "no bit": (lambda: inspect(changed(targets=np.full((2, 6, 2), 0.5))), r"trace.targets must be bits, each 0 or 1"),
    "text": (lambda: inspect(changed(reads="none")), r"trace.reads must hold real numbers"),
    "empty": (lambda: inspect(changed(inputs=trace().inputs[:, :0])), r"inputs must have at least one entry for T"),
    "no heads": (lambda: inspect(no_heads()), r"must have at least one entry for R in \[B, T, R, W\]"),
    "another shape": (
        lambda: inspect(changed(reads=trace().reads[:, :5])),
        r"trace.reads must have 6 entries for T in \[B, T, R, W\]. Received shape: \(2, 5, 2, 4\)",
    ),
    "another rank": (lambda: inspect(head(gate=np.ones(3))), r"trace.read.gate must have shape \[B, T, R\]"),
    "a write head without add": (
        lambda: inspect(changed(write=dataclasses.replace(trace().write, add=None))),
        r"trace.write.add must hold real numbers",
    ),
    "too long": (
        lambda: inspect(record(MODEL, batch(1, payload.MAX_STEPS + 1))),
        r"must have at most 241 steps T to be shown. Received: 242",
    ),
    "another example": (lambda: inspect(trace(), example=2), r"example must be below the batch size 2. Received: 2"),
    "half an example": (lambda: inspect(trace(), example=0.5), r"example must be a whole number of at least 0"),  # type: ignore[arg-type]
    "step": (lambda: inspect(trace(), step=6), r"step must be below 6. Received: 6"),
    "negative step": (lambda: inspect(trace(), step=-1), r"step must be a whole number of at least 0"),
    "head": (lambda: inspect(trace(), head=3), r"head must be below 3. Received: 3"),
    "no file": (lambda: bundle("nothing"), r"names must be files of js. Received: 'nothing'"),
}


@pytest.mark.parametrize("name", BAD)
def test_errors_say_what_was_received_and_expected(name: str) -> None:
    call, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_the_longest_sequence_is_shown() -> None:
    assert inspect(MODEL, batch(1, payload.MAX_STEPS)).step == 0


# --- the object


def test_a_machine_and_its_trace_show_the_same() -> None:
    mask = np.ones((2, 6))
    shown = inspect(MODEL, batch(2, 6), targets=answers(2, 6), mask=mask, example=1)
    assert shown.data == inspect(trace(), example=1).data


def test_step_head_and_playing_can_be_set_and_are_checked() -> None:
    shown = inspect(trace(), step=2, head=1)
    assert (shown.step, shown.head, shown.playing) == (2, 1, False)
    shown.step, shown.head, shown.playing = 5, 2, True
    assert (shown.step, shown.head, shown.playing) == (5, 2, True)
    for name in ("step", "head"):
        with pytest.raises(ValueError, match=f"{name} must be below"):
            setattr(shown, name, 6)
    assert (shown.step, shown.head) == (5, 2)


def test_the_widget_and_the_object_are_one() -> None:
    pytest.importorskip("anywidget")
    shown = inspect(trace(), step=2, title="t")
    assert (shown.widget.step, shown.widget.title, shown.widget.payload) == (2, "t", shown.data)
    shown.step = 4
    assert shown.widget.step == 4
    seen: list[int] = []
    shown.widget.observe(lambda change: seen.append(change["new"]), "step")
    shown.widget.step = 1
    assert (shown.step, seen) == (1, [1])
    assert shown.widget is shown.widget


def as_if_live(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.delenv(driven.STATIC, raising=False)


def types_shown(shown: Inspector) -> set[str]:
    bundled = shown._repr_mimebundle_()
    return set(bundled[0] if isinstance(bundled, tuple) else bundled)


VIEW = "application/vnd.jupyter.widget-view+json"


def test_a_live_kernel_gets_the_widget_and_always_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("anywidget")
    assert types_shown(inspect(trace())) == {"text/plain", "text/html"}, "no kernel"
    as_if_live(monkeypatch)
    assert types_shown(inspect(trace())) == {"text/plain", "text/html", VIEW}
    monkeypatch.setenv(driven.STATIC, "1")
    assert types_shown(inspect(trace())) == {"text/plain", "text/html"}


def test_without_anywidget_everything_else_works(monkeypatch: pytest.MonkeyPatch) -> None:
    as_if_live(monkeypatch)
    original = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "anywidget":
            raise ImportError(name)
        return original(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    widget._widget_class.cache_clear()
    driven.widget_base.cache_clear()
    shown = inspect(trace())
    assert types_shown(shown) == {"text/plain", "text/html"}
    with pytest.raises(ImportError, match=r"the widget needs anywidget: python -m pip install anywidget"):
        _ = shown.widget


# --- the text


def parts_of(text: str) -> tuple[str, str, str]:
    """Data, picture and module."""
    found = re.fullmatch(
        r'<(ntm-inspector-\w{8}) data-lm-suppress-shortcuts="true"><script type="application/json">(.*?)</script>'
        r'(<img [^>]*>|<p>[^<]*</p>)</\1>\n<script type="module">\n'
        r'(.*)\ndefineElement\("\1", mountInspector\);\n</script>',
        text,
        re.S,
    )
    assert found
    return found[2], found[3], found[4]


@pytest.mark.parametrize("length", [20, 120])
def test_a_figure_without_its_module_stays_below_150_kb(length: int) -> None:
    data, picture, _ = parts_of(inspect(copied(length)).html())
    assert len(data) + len(picture) < 150_000
    assert 'src="data:image/png;base64,' in picture
    assert "the write head puts on average" in picture


def test_where_no_picture_fits_its_text_stands_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = inspect(trace())
    monkeypatch.setattr(widget, "LARGEST_FIGURE", len(parts_of(shown.html())[0]))
    _, picture, _ = parts_of(shown.html())
    assert picture.startswith("<p>Six rasters over 6 steps")


def test_more_data_than_a_figure_may_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widget, "LARGEST_FIGURE", 1000)
    with pytest.raises(ValueError, match=r"must be at most 1,000 bytes: show fewer steps. Received: [\d,]+ of 6 steps"):
        inspect(trace()).html()


NASTY = '</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> & "quoted" \u2028'


def test_nothing_in_a_title_can_break_out() -> None:
    text = inspect(trace(), title=NASTY).html()
    data, _, _ = parts_of(text)
    assert json.loads(data)["title"] == NASTY
    assert not set("<>&\u2028") & set(data)
    assert text.lower().count("</script") == 2


def test_the_alternative_text_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = widget.machine
    monkeypatch.setattr(widget, "machine", lambda *a, **k: dataclasses.replace(drawn(*a, **k), alt=NASTY))
    _, picture, _ = parts_of(inspect(trace()).html())
    assert html.escape(NASTY) in picture


# --- the module


def test_a_bundle_holds_every_file_once_behind_what_it_imports() -> None:
    text = bundle("inspector", "element")
    assert not re.search(r"^(import|export) ", text, re.M)
    names = (
        "class Panel",
        "function headNumbers",
        "PAYLOAD_SCHEMA =",
        "class InspectorView",
        "function defineElement",
    )
    order = [text.index(name) for name in names]
    assert order == sorted(order)
    assert text.count("class InspectorView") == 1
    assert bundle("payload", "inspector", "canvas").count("class Panel") == 1


def test_the_version_changes_with_the_text() -> None:
    assert re.fullmatch(r"\w{8}", modules.version("a"))
    assert modules.version("a") != modules.version("b")


USES_A = 'import { a } from "./a.js";\n'


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"a": "const x = 1;\n", "b": 'import { x } from "./a.js";\nfunction x() {}\n'},
            r"x must be declared in one file",
        ),
        (
            {"a": 'import { b } from "./b.js";\n', "b": 'import { a } from "./a.js";\n'},
            r"in a ring. Received: b imports a",
        ),
        ({"a": "", "b": "const x = '</SCRIPT>';\n"}, r"b.js must hold no closing script"),
        ({"a": "", "b": "// <!-- \n"}, r"b.js must hold no closing script, no HTML comment"),
        ({"a": "", "b": '\nimport a from "./a.js";\n'}, r"no other form of import"),
        ({"a": "", "b": 'import { c } from "./c.js";\n'}, r"names must be files of .*Received: 'c'"),
    ],
)
def test_files_that_cannot_be_joined(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, files: Any, message: str) -> None:
    for name, text in files.items():
        (tmp_path / f"{name}.js").write_text(text)
    monkeypatch.setattr(modules, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=message):
        modules.bundle.__wrapped__("b")


def test_all_files_can_stand_in_one_module() -> None:
    names = [path.stem for path in modules.FOLDER.glob("*.js")]
    assert set(JS_FILES) <= set(names)
    assert len(bundle(*sorted(names))) > 10_000


def test_the_inspector_stays_small() -> None:
    """The module that a page carries, that of a kernel, and the files with their comments.

    Forty kilobytes are aimed at. What is over is spread over more than a hundred functions, so a feature would have to
    go: reading every cell by keys, or working out in the page what follows from other parts of a trace. Compressed it
    is a third.
    """
    for host in HOSTS:
        text = bundle("inspector", host).encode()
        assert len(text) < 44 * 1024
        assert len(gzip.compress(text)) < 15 * 1024
    assert sum((modules.FOLDER / f"{name}.js").stat().st_size for name in JS_FILES) < 60 * 1024


def test_the_page_reads_what_is_written_here() -> None:
    """Node's own runner: decoding, completing and refusing, in js/tests/payload.test.js."""
    node = shutil.which("node")
    if node is None:
        if os.environ.get("NTM_REQUIRE_NODE"):
            pytest.fail("no node on this machine", pytrace=False)
        pytest.skip("no node on this machine (NTM_REQUIRE_NODE=1 makes this a failure)")
    file = modules.FOLDER / "tests" / "payload.test.js"
    done = subprocess.run([node, "--test", file], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "# fail 0" in done.stdout
