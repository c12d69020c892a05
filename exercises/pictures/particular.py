"""Which question has a picture of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exercises.pictures import broken, computed, predicted
from exercises.pictures.generic import Given, Picture

PARTICULAR: dict[tuple[str, str], Callable[[Any, Given], Picture]] = {
    ("01_introduction", "q1"): computed.hopping,
    ("01_introduction", "q2"): predicted.readings,
    ("01_introduction", "q3"): broken.two_messages,
    ("02_architecture", "q1"): computed.heads_in_a_row,
    ("03_addressing", "q1"): computed.one_match,
    ("03_addressing", "q4"): broken.follower,
    ("04_read_write", "q1"): predicted.three_writes,
    ("04_read_write", "q5"): broken.two_orders,
    ("05_training", "q1"): computed.windows,
    ("05_training", "q4"): broken.turned,
    ("06_copy", "q1"): computed.doubled,
    ("06_copy", "q2"): predicted.waiting_head,
    ("06_copy", "q3"): broken.too_long,
    ("07_attention", "q1"): predicted.five_weightings,
    ("08_gradient_flow", "q1"): computed.fading,
    ("09_lstm_comparison", "q1"): computed.states,
    ("09_lstm_comparison", "q2"): broken.layers,
    ("09_lstm_comparison", "q4"): broken.halving,
    ("10_sorting", "q2"): computed.patience,
    ("10_sorting", "q4"): broken.directions,
    ("11_question_answering", "q2"): predicted.parts_of_a_reading,
    ("11_question_answering", "q3"): computed.twice_the_key,
    ("12_stability", "q1"): computed.exchanged,
    ("12_stability", "q3"): broken.alike,
}
