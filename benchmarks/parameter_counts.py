"""How many parameters the machines of the paper have, and how many ours have.

Tables 1 to 3 of Graves, Wayne and Danihelka (2014), arXiv:1410.5401, print a number of parameters for each network, but
not what is counted. This script counts by explicit formula and tries many conventions: which gates have biases or
peepholes, what the heads and the outputs see, which initial states are learned. Prints a table and writes it as JSON.

    python benchmarks/parameter_counts.py
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

MEMORY_VECTOR_DIM = 20
RESULTS = Path(__file__).resolve().parent / "results" / "parameter_counts.json"


class Row(NamedTuple):
    """One printed number. `units` is the size of a layer; `heads` is 0 for the LSTM without a memory."""

    table: str
    task: str
    heads: int
    layers: int
    units: int
    printed: int


PAPER = (
    Row("feed-forward", "copy", 1, 1, 100, 17_162),
    Row("feed-forward", "repeat copy", 1, 1, 100, 16_712),
    Row("feed-forward", "associative recall", 4, 1, 256, 146_845),
    Row("feed-forward", "n-grams", 1, 1, 100, 14_656),
    Row("feed-forward", "priority sort", 8, 1, 512, 508_305),
    Row("lstm", "copy", 1, 1, 100, 67_561),
    Row("lstm", "repeat copy", 1, 1, 100, 66_111),
    Row("lstm", "associative recall", 1, 1, 100, 70_330),
    Row("lstm", "n-grams", 1, 1, 100, 61_749),
    Row("lstm", "priority sort", 5, 2, 100, 269_038),
    Row("baseline", "copy", 0, 3, 256, 1_352_969),
    Row("baseline", "repeat copy", 0, 3, 512, 5_312_007),
    Row("baseline", "associative recall", 0, 3, 256, 1_344_518),
    Row("baseline", "n-grams", 0, 3, 128, 331_905),
    Row("baseline", "priority sort", 0, 3, 128, 384_424),
)
# Inputs and outputs. Those of the first four tasks are what the baselines' numbers imply (see `explained_baseline`).
PAPER_CHANNELS = {
    "copy": (10, 9),
    "repeat copy": (8, 7),
    "associative recall": (8, 6),
    "n-grams": (1, 1),
    "priority sort": (9, 8),
}
OUR_CHANNELS = {**PAPER_CHANNELS, "copy": (9, 8), "repeat copy": (10, 9)}


# --- ours


def head_numbers(width: int, read_heads: int, write_heads: int, shifts: int) -> int:
    """Key, strength, gate, shift kernel, sharpening for each head; erase and add for each write head."""
    address = width + 1 + 1 + shifts + 1
    return read_heads * address + write_heads * (address + 2 * width)


def our_ntm(controller: str, inputs: int, outputs: int, units: int, heads: int = 1, layers: int = 1) -> int:
    """One layer of Keras LSTM or Dense, one Dense for all heads, one Dense from [h, r]; nothing initial is learned."""
    if layers != 1:
        raise ValueError(f"layers: received {layers}, expected 1")
    reads, gates = heads * MEMORY_VECTOR_DIM, 4 if controller == "lstm" else 1
    seen = inputs + reads + (units if controller == "lstm" else 0)
    emitted = head_numbers(MEMORY_VECTOR_DIM, heads, heads, shifts=3)
    return gates * units * (seen + 1) + (units + 1) * emitted + (units + reads + 1) * outputs


def our_baseline(inputs: int, outputs: int, units: int, layers: int = 3) -> int:
    """A stack of Keras LSTM layers and one Dense on the last of them."""
    first, later = 4 * units * (inputs + units + 1), 4 * units * (2 * units + 1)
    return first + (layers - 1) * later + (units + 1) * outputs


def ours(row: Row) -> int | None:
    """Our machine in the sizes of a row of the paper; None where we have no such machine (two controller layers)."""
    inputs, outputs = OUR_CHANNELS[row.task]
    if row.table == "baseline":
        return our_baseline(inputs, outputs, row.units, row.layers)
    return our_ntm(row.table, inputs, outputs, row.units, row.heads) if row.layers == 1 else None


# --- the paper's LSTM without a memory: explained


@dataclass(frozen=True)
class BaselineConvention:
    """What an LSTM of several layers may be connected to, and what each unit has besides its weights."""

    inputs_to_every_layer: bool
    every_layer_to_outputs: bool
    inputs_to_outputs: bool
    output_biases: bool
    biases: int  # a unit
    peepholes: int  # a unit
    initial_states: int  # learned, a unit: 1 is h, 2 is h and c


EXPLAINED = BaselineConvention(True, True, False, True, biases=4, peepholes=0, initial_states=2)


def explained_baseline(inputs: int, outputs: int, units: int, layers: int = 3) -> int:
    """The convention that reproduces four of the five baselines, with the channels of `PAPER_CHANNELS`."""
    return baseline(EXPLAINED, inputs, outputs, units, layers)


def baseline(convention: BaselineConvention, inputs: int, outputs: int, units: int, layers: int = 3) -> int:
    """The number of parameters of a stack of LSTM layers of equal size."""
    extra = convention.biases + convention.peepholes + convention.initial_states
    recurrent = 4 * units * units * layers
    between = 4 * units * units * (layers - 1)
    from_inputs = 4 * units * inputs * (layers if convention.inputs_to_every_layer else 1)
    into_an_output = units * (layers if convention.every_layer_to_outputs else 1) + convention.output_biases
    into_an_output += inputs if convention.inputs_to_outputs else 0
    return recurrent + between + from_inputs + extra * units * layers + into_an_output * outputs


def baseline_conventions() -> Iterator[BaselineConvention]:
    """All that are tried."""
    for switches in itertools.product((False, True), repeat=4):
        for biases, peepholes, initial_states in itertools.product((0, 3, 4, 8), (0, 2, 3), (0, 1, 2)):
            every_layer, to_outputs, skip, output_biases = switches
            yield BaselineConvention(every_layer, to_outputs, skip, output_biases, biases, peepholes, initial_states)


def baseline_channels(convention: BaselineConvention, row: Row) -> list[tuple[int, int]]:
    """Every (inputs, outputs) up to 40 and 20 with which the convention gives the printed number."""
    found = []
    for inputs, outputs in itertools.product(range(1, 41), range(1, 21)):
        if baseline(convention, inputs, outputs, row.units, row.layers) == row.printed:
            found.append((inputs, outputs))
    return found


def search_baselines() -> dict[str, Any]:
    """How many rows each convention reproduces, and the conventions that reproduce the most."""
    rows = [row for row in PAPER if row.table == "baseline"]
    results = []
    for convention in baseline_conventions():
        channels = {row.task: baseline_channels(convention, row) for row in rows}
        results.append((convention, {task: found for task, found in channels.items() if found}))
    most = max(len(found) for _, found in results)
    return {
        "conventions": len(results),
        "by_rows_reproduced": histogram(len(found) for _, found in results),
        "best": [{**vars(convention), "channels": found} for convention, found in results if len(found) == most],
    }


# --- the paper's NTMs: not explained


@dataclass(frozen=True)
class NTMConvention:
    """What may be connected and learned in an NTM. x inputs, y previous outputs, r reads, h hidden units."""

    heads: (
        str  # "separate": H read and H write heads; "shared": each does both; "one write": H read heads, one write head
    )
    heads_see: str  # "h", "hr", "hx", "hxr"
    head_biases: bool
    outputs_see: str
    output_biases: bool
    controller_sees_y: bool
    initial_feed_forward_state: bool
    lstm_extra: int  # a unit: 4 biases, and what there is of peepholes and initial states
    initial_memory: int  # 0, one number, one slot, one number a slot, every cell
    initial_reads: bool
    initial_weighting: int  # a head: 0, one number, one number a slot


def ntm_conventions() -> Iterator[NTMConvention]:
    """All that are tried, each with every number of shifts from 1 to 41."""
    sees, switch = ("h", "hr", "hx", "hxr"), (False, True)
    heads, extra = ("separate", "shared", "one write"), (4, 5, 6, 7, 8, 9)
    memory, weighting = (0, 1, 20, 128, 128 * 20), (0, 1, 128)
    options = (heads, sees, switch, sees, switch, switch, switch, extra, memory, switch, weighting)
    return itertools.starmap(NTMConvention, itertools.product(*options))


def split_by_shifts(c: NTMConvention, row: Row, inputs: int, outputs: int) -> tuple[int, int]:
    """The number of parameters with 0 shifts, and how many each shift adds."""
    width, units, hidden = MEMORY_VECTOR_DIM, row.units, row.units * row.layers
    write_heads = {"separate": row.heads, "shared": 0, "one write": 1}[c.heads]
    weightings = row.heads + write_heads
    emitted = weightings * (width + 3) + (row.heads if c.heads == "shared" else write_heads) * 2 * width
    reads = row.heads * width
    seen = inputs + reads + (outputs if c.controller_sees_y else 0)
    if row.table == "lstm":
        controller = 4 * units * (seen * row.layers + units * (2 * row.layers - 1)) + c.lstm_extra * hidden
    else:
        controller = units * (seen + 1 + c.initial_feed_forward_state)
    into_a_head = hidden + c.head_biases + ("x" in c.heads_see) * inputs + ("r" in c.heads_see) * reads
    into_an_output = hidden + c.output_biases + ("x" in c.outputs_see) * inputs + ("r" in c.outputs_see) * reads
    initial = c.initial_memory + c.initial_reads * reads + c.initial_weighting * weightings
    return controller + into_a_head * emitted + into_an_output * outputs + initial, into_a_head * weightings


def shifts_that_fit(convention: NTMConvention, row: Row) -> int | None:
    """The number of allowed shifts (1 to 41) with which the convention gives the printed number, if there is one."""
    without, each = split_by_shifts(convention, row, *PAPER_CHANNELS[row.task])
    shifts, rest = divmod(row.printed - without, each)
    return shifts if rest == 0 and 1 <= shifts <= 41 else None


def expected_by_chance(hits: list[int], conventions: int) -> dict[str, float]:
    """How many conventions would reproduce 0, 1, 2 ... rows if each row were hit as often, but independently."""
    chances = [1.0]
    for rate in (count / conventions for count in hits):
        miss, hit = [*chances, 0.0], [0.0, *chances]
        chances = [(1 - rate) * without + rate * more for without, more in zip(miss, hit, strict=True)]
    return {str(rows): round(chance * conventions, 1) for rows, chance in enumerate(chances[:4])}


def search_ntms() -> dict[str, Any]:
    """How many of the ten rows each convention reproduces, when each row may have its own number of shifts."""
    rows = [row for row in PAPER if row.table != "baseline"]
    fits = [[shifts_that_fit(convention, row) for row in rows] for convention in ntm_conventions()]
    hits = [sum(fit[index] is not None for fit in fits) for index in range(len(rows))]
    copies = [index for index, row in enumerate(rows) if row.task == "copy"]
    both = [(fit[copies[0]], fit[copies[1]]) for fit in fits if all(fit[index] is not None for index in copies)]
    return {
        "conventions": len(fits),
        "rows": len(rows),
        "by_rows_reproduced": histogram(sum(shifts is not None for shifts in fit) for fit in fits),
        "expected_by_chance": expected_by_chance(hits, len(fits)),
        "reproduce_both_copy_rows": len(both),
        "reproduce_both_copy_rows_with_the_same_shifts": sum(first == second for first, second in both),
    }


# --- the report


def histogram(values: Iterator[int]) -> dict[str, int]:
    """How often each number occurs, as JSON wants it."""
    return {str(value): count for value, count in sorted(Counter(values).items())}


def table() -> list[dict[str, Any]]:
    """One entry a row of the paper."""
    entries = []
    for row in PAPER:
        inputs, outputs = PAPER_CHANNELS[row.task]
        count = ours(row)
        entry = {**row._asdict(), "ours": count, "ours_minus_printed": None if count is None else count - row.printed}
        if row.table == "baseline":
            explained = explained_baseline(inputs, outputs, row.units, row.layers)
            entry |= {"inputs": inputs, "outputs": outputs, "explained": explained}
            entry["explained_minus_printed"] = explained - row.printed
        entries.append(entry)
    return entries


def contradictions() -> dict[str, int]:
    """What no convention can explain.

    If an LSTM controller differs from a feed-forward one only in having four times the weights from what it sees, then
    what fewer channels save (copy against repeat copy) differs by 300 weights for each channel the controller sees.
    And associative recall has fewer channels than copy: with the same machine it cannot have more parameters.
    """
    printed = {(row.table, row.task): row.printed for row in PAPER}
    fewer = {name: printed[name, "copy"] - printed[name, "repeat copy"] for name in ("feed-forward", "lstm")}
    return {
        "copy_minus_repeat_copy_feed_forward": fewer["feed-forward"],
        "copy_minus_repeat_copy_lstm": fewer["lstm"],
        "lstm_minus_feed_forward": fewer["lstm"] - fewer["feed-forward"],
        "must_be_a_multiple_of": 3 * 100,
        "associative_recall_minus_copy_lstm": printed["lstm", "associative recall"] - printed["lstm", "copy"],
    }


def report() -> dict[str, Any]:
    """Everything, ready for JSON."""
    chance = {str(bits): 5.5 * 5.5 * bits for bits in (6, 8)}
    return {
        "rows": table(),
        "baseline_search": search_baselines(),
        "ntm_search": search_ntms(),
        "contradictions": contradictions(),
        "repeat_copy_chance_bits_by_vector_width": chance,
    }


def show(result: dict[str, Any]) -> None:
    """Print the table and what the searches found."""
    print(f"{'':13}{'task':20}{'printed':>10}{'explained':>11}{'ours':>11}{'ours - printed':>16}")
    for row in result["rows"]:
        explained = f"{row['explained']:,}" if "explained" in row else "-"
        count, difference = row["ours"], row["ours_minus_printed"]
        ours_text = "-" if count is None else f"{count:,}"
        difference_text = "-" if difference is None else f"{difference:+,}"
        print(
            f"{row['table']:13}{row['task']:20}{row['printed']:>10,}{explained:>11}{ours_text:>11}{difference_text:>16}"
        )
    for name in ("baseline_search", "ntm_search"):
        search = result[name]
        print(f"\n{name}: {search['conventions']:,} conventions, by rows reproduced: {search['by_rows_reproduced']}")


def main() -> None:
    """Count, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RESULTS, help="where to write the JSON")
    out: Path = parser.parse_args().out
    result = report()
    show(result)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {out}")


if __name__ == "__main__":
    main()
