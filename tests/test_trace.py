"""A trace is what the reference computes at every step, and JSON keeps it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from machines import MANY_HEADS, answers, as_reference, batch, reference_state, small

from ntm_lib import LSTMBaseline, Trace, record, reference

MACHINES: dict[str, dict[str, Any]] = {
    "lstm": {},
    "feed-forward, many heads": {"controller": "feed-forward", **MANY_HEADS},
    "many heads, random start": {"initial_memory": "random", "initial_weights": "random", **MANY_HEADS},
}


MODEL = small(**MANY_HEADS)
"""Recording a machine for the first time takes a second or two: tests that need any machine share this one."""


@pytest.mark.parametrize("name", MACHINES)
def test_everything_recorded_is_the_references(name: str) -> None:
    model = small(**MACHINES[name])
    inputs = batch(2, 25)
    trace = record(model, inputs)
    np.testing.assert_array_equal(trace.inputs, inputs)
    for b in range(2):
        state = reference_state(model)
        np.testing.assert_allclose(trace.initial_memory[b], state.memory, atol=1e-7)
        np.testing.assert_allclose(trace.read.previous[b], state.read_weights, atol=1e-6)
        np.testing.assert_allclose(trace.write.previous[b], state.write_weights, atol=1e-6)
        logits, steps = reference.run(as_reference(model), inputs[b], state)
        np.testing.assert_allclose(trace.logits[b], logits, atol=1e-4)
        np.testing.assert_allclose(trace.outputs[b], 1 / (1 + np.exp(-logits)), atol=1e-4)
        for t, step in enumerate(steps):
            for part in ("memory", "reads", "hidden"):
                np.testing.assert_allclose(getattr(trace, part)[b, t], getattr(step.state, part), atol=1e-4)
            sides = (
                (trace.read, step.read_heads, step.read_stages),
                (trace.write, step.write_heads, step.write_stages),
            )
            for recorded, heads, stages in sides:
                for r, (head, stage) in enumerate(zip(heads, stages, strict=True)):
                    expected = {**head._asdict(), **stage._asdict()}
                    for part, value in expected.items():
                        if np.size(value):  # a read head has no erase and no add
                            found = getattr(recorded, part)[b, t, r]
                            np.testing.assert_allclose(found, value, atol=1e-4, err_msg=f"{part} at step {t}")


def test_every_part_has_its_documented_shape_and_float32() -> None:
    trace = record(MODEL, batch(3, 7), answers(3, 7), np.ones((3, 7)))
    b, t, i, o, n, w, c, r, h, k = 3, 7, 3, 2, 6, 4, 5, 2, 3, 5
    expected = {"inputs": (b, t, i), "logits": (b, t, o), "outputs": (b, t, o), "targets": (b, t, o), "mask": (b, t)}
    expected |= {"initial_memory": (b, n, w), "memory": (b, t, n, w), "reads": (b, t, r, w), "hidden": (b, t, c)}
    for name, shape in expected.items():
        assert getattr(trace, name).shape == shape, name
        assert getattr(trace, name).dtype == np.float32, name
    for heads, count in ((trace.read, r), (trace.write, h)):
        shapes = {"key": (w,), "strength": (), "gate": (), "shift": (k,), "sharpening": ()}
        shapes |= {"content": (n,), "gated": (n,), "shifted": (n,), "weights": (n,)}
        shapes |= {"erase": (w,), "add": (w,)} if heads is trace.write else {}
        for name, tail in shapes.items():
            assert getattr(heads, name).shape == (b, t, count, *tail), name
        assert heads.previous.shape == (b, count, n)
    assert trace.read.erase is None
    assert trace.read.add is None


def test_the_recorded_logits_are_the_models_and_follow_its_weights() -> None:
    model, inputs = small(), batch()
    np.testing.assert_allclose(record(model, inputs).logits, model(inputs), atol=1e-6)
    model.set_weights([weight * 0.5 for weight in model.get_weights()])
    np.testing.assert_allclose(record(model, inputs).logits, model(inputs), atol=1e-6)


def test_all_weightings_are_distributions_at_every_stage() -> None:
    trace = record(small(scale=2.0, **MANY_HEADS), batch(2, 20) * 10)
    for heads in (trace.read, trace.write):
        for part in ("content", "gated", "shifted", "weights"):
            assert getattr(heads, part).min() >= 0
            np.testing.assert_allclose(getattr(heads, part).sum(axis=-1), 1.0, rtol=1e-5)


def test_recording_another_batch_and_length_does_not_trace_again() -> None:
    from ntm_lib.trace import _recorder

    for size, steps in ((1, 1), (3, 4), (2, 9)):
        assert record(MODEL, batch(size, steps)).memory.shape[:2] == (size, steps)
    assert _recorder(MODEL).experimental_get_tracing_count() == 1


@pytest.mark.parametrize("targets", [None, answers()])
def test_json_keeps_every_array_exactly(targets: Any) -> None:
    trace = record(MODEL, batch(), targets)
    again = Trace.from_json(trace.to_json())

    def compare(one: Any, other: Any) -> None:
        for field in dataclasses.fields(one):
            a, b = getattr(one, field.name), getattr(other, field.name)
            if dataclasses.is_dataclass(a):
                compare(a, b)
            elif a is None:
                assert b is None
            else:
                assert b.dtype == a.dtype
                np.testing.assert_array_equal(a, b)

    compare(trace, again)


@cache
def whole() -> str:
    return record(MODEL, batch(1, 2)).to_json()


def broken(change: Callable[[dict[str, Any]], object]) -> str:
    plain = json.loads(whole())
    change(plain)
    return json.dumps(plain)


BROKEN: dict[str, tuple[Callable[[], str], str]] = {
    "not JSON": (lambda: "{", r"text must be the JSON of a Trace. Received: '{'"),
    "truncated": (lambda: whole()[:-40], r"text must be the JSON of a Trace"),
    "a number": (lambda: "3", r"text must have the schema .*Received: None"),
    "another schema": (lambda: broken(lambda plain: plain.update(schema="x/2")), r"schema .*Received: 'x/2'"),
    "no memory": (lambda: broken(lambda plain: plain.pop("memory")), r"text must hold all parts .*memory"),
    "no read heads": (lambda: broken(lambda plain: plain.pop("read")), r"text must hold all parts .*read"),
    "no key": (lambda: broken(lambda plain: plain["write"].pop("key")), r"text must hold all parts .*key"),
    "one too many": (lambda: broken(lambda plain: plain.update(more=[1])), r"text must hold all parts .*more"),
    "nan": (lambda: broken(lambda plain: plain.update(memory=[[float("nan")]])), r"trace.memory must be finite"),
    "text": (lambda: broken(lambda plain: plain.update(memory="none")), r"trace.memory must hold real numbers"),
    "logits of rank 0": (
        lambda: broken(lambda plain: plain.update(logits=3)),
        r"trace.logits must have shape \[B, T, O\]",
    ),
    "another batch": (
        lambda: broken(lambda plain: plain.update(logits=[plain["logits"][0]] * 2)),
        r"trace.logits must have 1 entries for B in \[B, T, O\]. Received shape: \(2, 2, 2\)",
    ),
    "a mask too long": (
        lambda: broken(lambda plain: plain.update(mask=[[1, 1, 1]])),
        r"trace.mask must have 2 entries",
    ),
    "a head of other slots": (
        lambda: broken(lambda plain: plain["write"].update(previous=[[[1.0, 0.0]]])),
        r"write.previous must have 3 entries for H in",
    ),
    "ragged": (lambda: broken(lambda plain: plain["read"].update(key=[[1], [1, 2]])), r"read.key must be an array"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_trace_is_refused(name: str) -> None:
    make, message = BROKEN[name]
    with pytest.raises(ValueError, match=message):
        Trace.from_json(make())


X = batch()
WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no machine": (
        lambda: record(LSTMBaseline(3, 2, units=2), X),
        r"model must be a NeuralTuringMachine. Received: <",
    ),
    "inputs of rank 2": (lambda: record(MODEL, X[0]), r"inputs must have shape \[B, T, I\]. Received shape: \(5, 3\)"),
    "inputs too wide": (lambda: record(MODEL, np.ones((1, 2, 4))), r"inputs must have 3 entries .*\(1, 2, 4\)"),
    "no steps": (lambda: record(MODEL, X[:, :0]), r"inputs must have at least one sequence and one step.*\(3, 0, 3\)"),
    "no sequences": (lambda: record(MODEL, X[:0]), r"inputs must have at least one sequence.*\(0, 5, 3\)"),
    "no float32": (
        lambda: record(MODEL, X.astype(float) + 1e300),
        r"inputs must be finite. Received inf at index \(0, 0, 0\)",
    ),
    "targets too wide": (lambda: record(MODEL, X, np.ones((3, 5, 3))), r"targets must have 2 entries \(num_outputs\)"),
    "nan": (lambda: record(MODEL, X * np.nan), r"inputs must be finite. Received nan at index \(0, 0, 0\)"),
    "text": (lambda: record(MODEL, np.full((1, 2, 3), "a")), r"inputs must hold real numbers"),
    "targets of another batch": (lambda: record(MODEL, X, answers(2)), r"targets must have 3 entries .*\(2, 5, 2\)"),
    "targets of other steps": (lambda: record(MODEL, X, answers(3, 4)), r"targets must have 5 entries .*\(3, 4, 2\)"),
    "nan in targets": (lambda: record(MODEL, X, answers() * np.nan), r"targets must be finite"),
    "mask of rank 3": (lambda: record(MODEL, X, mask=X), r"mask must have shape \[B, T\]. Received shape: \(3, 5, 3\)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_is_named_with_what_came(name: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_tensors_can_be_recorded_too() -> None:
    assert record(MODEL, tf.constant(batch())).logits.shape == (3, 5, 2)
