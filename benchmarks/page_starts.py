"""Train the page's small machine from each of its starts, and tell which of them learn to copy, and how fast.

A start is a seed: `startingMachine` in ntm_lib/inspector/js/learning.js draws the same weights from it in every
browser, so no weights are shipped. Solved means: the mean of the last 200 sequences is below 0.1 bit, and the longest
probe has no wrong bit. CPU seconds are of one core; seconds on the clock depend on what else runs.

    python benchmarks/page_starts.py --out benchmarks/results/page_starts.json
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

SCRIPT = Path(__file__).resolve().parents[1] / "ntm_lib" / "inspector" / "js" / "learning.js"
TRAIN = """
const { Learner } = await import(process.argv[1]);
const { start, options, until } = JSON.parse(process.argv[2]);
const learner = new Learner(start, { seed: start, ...options });
const [used, began] = [process.cpuUsage(), performance.now()];
const spent = () => {
  const { user, system } = process.cpuUsage(used);
  return { cpu_seconds: (user + system) / 1e6, seconds: (performance.now() - began) / 1000 };
};
const curve = [];
let solved = null;
while (learner.sequences < until) {
  learner.step();
  if (learner.sequences % 200) continue;
  curve.push(Number(learner.bits.toFixed(3)));
  if (!solved && learner.isSolved()) solved = { sequences: learner.sequences, ...spent() };
}
const wrongBits = (length) => {
  const { logits, targets, mask, sizes } = learner.probe(length);
  return logits.filter((x, i) => mask[Math.floor(i / sizes.outputs)] && x > 0 !== targets[i] > 0.5).length;
};
const probes = Object.fromEntries([10, 20, 30].map((length) => [length, wrongBits(length)]));
const end = { start, solved, ...spent(), bits: learner.bits, right: learner.isSolved(), wrong_bits: probes, curve };
console.log(JSON.stringify({ options: learner.options, ...end }));
"""


def train(node: str, start: int, options: dict[str, Any], until: int) -> dict[str, Any]:
    """Return how one start did in the sequences up to `until`; it goes on when it is solved."""
    given = json.dumps({"start": start, "options": options, "until": until})
    command = [node, "--input-type=module", "--eval", TRAIN, SCRIPT.as_uri(), given]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--options", type=json.loads, default={}, help="JSON, as for Learner in learning.js")
    parser.add_argument("--until", type=int, default=10_000, help="after how many sequences to look")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    node = shutil.which("node")
    if node is None:
        sys.exit("node is needed to run the page's JavaScript")
    rows = []
    print("start  solved after  CPU s    s   all CPU s   bits at end   wrong bits at 10, 20, 30")
    for start in arguments.starts:
        row = train(node, start, arguments.options, arguments.until)
        rows.append(row)
        solved = row["solved"] or {"sequences": "never", "cpu_seconds": float("nan"), "seconds": float("nan")}
        print(
            f"{start:5}  {solved['sequences']:>12}  {solved['cpu_seconds']:5.1f} {solved['seconds']:5.1f}"
            f"  {row['cpu_seconds']:9.1f}   {row['bits']:11.4f}   {list(row['wrong_bits'].values())}",
            flush=True,
        )
    (options, *_) = [row.pop("options") for row in rows]  # the same in all
    done = [row["solved"] for row in rows if row["solved"]]
    print(f"{len(done)} of {len(rows)} solved", end="")
    print(f", after {median(one['cpu_seconds'] for one in done):.1f} CPU seconds in the median" if done else "")
    if arguments.out:
        arguments.out.write_text(json.dumps({"options": options, "starts": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
