"""Let Lighthouse judge every built page: performance and accessibility, as a desktop computer and as a slow telephone.

Build the book first; Node.js and Chromium are needed. The pages are served from this machine with gzip, as GitHub Pages
does, and the network and the processor are slowed down as Lighthouse's two presets say. A busy machine makes the times
longer: run nothing else. `--runs 3` keeps the median of three by performance.

    python benchmarks/lighthouse.py --out benchmarks/results/lighthouse.json
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"
TOOL = ROOT / "_build" / "lighthouse"
VERSION = "12.8.2"
WANTED = 0.95
PRESETS = {"desktop": ["--preset=desktop"], "mobile": []}
TIMES = {
    "first_text": "first-contentful-paint",
    "largest_text": "largest-contentful-paint",
    "interactive": "interactive",
    "blocked": "total-blocking-time",
}


@cache
def compressed(path: Path) -> bytes:
    """Return a file as GitHub Pages sends it."""
    return gzip.compress(path.read_bytes(), 6)


class Pages(SimpleHTTPRequestHandler):
    """A server of files that compresses text, and keeps connections open."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send a file."""
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return self.send_error(404)
        packs = path.suffix in {".html", ".css", ".js", ".svg", ".json"}
        data = compressed(path) if packs else path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "max-age=600")
        if packs:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(data)
        return None

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder; yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def lighthouse() -> Path:
    """Return the program, installed outside the course's files on first use."""
    program = TOOL / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not program.exists():
        TOOL.mkdir(parents=True, exist_ok=True)
        packages = ["--no-save", "--no-audit", "--no-fund", "--prefix", str(TOOL), f"lighthouse@{VERSION}"]
        subprocess.run(["npm", "install", *packages], check=True)
    return program


def browser() -> str:
    """Return the path of Chromium or Chrome."""
    names = ["chromium", "chromium-browser", "google-chrome"]
    found = os.environ.get("CHROME_PATH") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise SystemExit("Chromium or Chrome is needed, or its path as CHROME_PATH")
    return found


def judged(address: str, preset: str) -> dict[str, Any]:
    """Return the scores of one visit, and its times in milliseconds."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "report.json"
        options = ["--only-categories=performance,accessibility", "--output=json", f"--output-path={out}", "--quiet"]
        flags = "--chrome-flags=--no-sandbox --headless=new --disable-gpu"
        command = ["node", str(lighthouse()), address, *PRESETS[preset], *options, flags]
        subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": browser()})
        report = json.loads(out.read_text(encoding="utf-8"))
    audits = report["audits"]
    refused = [part["id"] for part in report["categories"]["accessibility"]["auditRefs"] if part["weight"]]
    return {
        **{name: report["categories"][name]["score"] for name in ("performance", "accessibility")},
        **{name: round(audits[audit]["numericValue"]) for name, audit in TIMES.items()},
        "shift": round(audits["cumulative-layout-shift"]["numericValue"], 3),
        "sent": round(audits["total-byte-weight"]["numericValue"]),
        "refused": [name for name in refused if audits[name]["score"] == 0],
    }


def median_of(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the run in the middle by performance."""
    return sorted(runs, key=lambda run: run["performance"])[len(runs) // 2]


def table(results: dict[str, Any]) -> str:
    """Return the results as lines to read."""
    lines = [f"{'page':30}{'preset':>9}{'perform.':>9}{'access.':>9}{'text, s':>9}{'ready, s':>9}{'blocked, s':>11}"]
    for name, presets in results["pages"].items():
        for preset, run in presets.items():
            scores = f"{run['performance'] * 100:9.0f}{run['accessibility'] * 100:9.0f}"
            times = f"{run['first_text'] / 1e3:9.1f}{run['interactive'] / 1e3:9.1f}{run['blocked'] / 1e3:11.2f}"
            lines.append(f"{name:30}{preset:>9}{scores}{times}  {' '.join(run['refused'])}")
    runs = [run for presets in results["pages"].values() for run in presets.values()]
    good = sum(min(run["performance"], run["accessibility"]) >= WANTED for run in runs)
    return "\n".join([*lines, f"{good} of {len(runs)} have at least {WANTED * 100:.0f} in both"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", help="such as book/06_copy.html; all of them if none is named")
    parser.add_argument("--presets", nargs="+", choices=list(PRESETS), default=list(PRESETS))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--html", type=Path, default=HTML, help="the folder of the built pages")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if not (arguments.html / "index.html").exists():
        raise SystemExit("build the book first: make book")
    built = [arguments.html / "index.html", *sorted(arguments.html.glob("book/*.html"))]
    names = arguments.pages or [path.relative_to(arguments.html).as_posix() for path in built]
    results: dict[str, Any] = {
        "command": f"python benchmarks/lighthouse.py --runs {arguments.runs}",
        "lighthouse": VERSION,
        "browser": subprocess.run([browser(), "--version"], capture_output=True, text=True, check=True).stdout.strip(),
        "pages": {},
    }
    with served(arguments.html) as address:
        for name in names:
            results["pages"][name] = {
                preset: median_of([judged(f"{address}/{name}", preset) for _ in range(arguments.runs)])
                for preset in arguments.presets
            }
            print(name, results["pages"][name], flush=True)
            if arguments.out:
                arguments.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(table(results))


if __name__ == "__main__":
    main()
