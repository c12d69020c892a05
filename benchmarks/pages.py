"""Measure the built pages: bytes, what of them is ours, and how soon and how fast the live parts answer.

Build the book first. Every time is the median of several loads in one Chromium, from files, without a network.

    python benchmarks/pages.py --out benchmarks/results/pages.json
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import unquote, urlparse

from page_bytes import KINDS, LARGEST, LIVE, by_kind, without_figures

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"
FIND = "[...document.querySelectorAll('*')].find(element => element.{0}).{0}"
PLAYGROUND, CLASSROOM = FIND.format("playground"), FIND.format("classroom")
WATCH = """() => { const wait = () => { const found = [...document.querySelectorAll('*')].find(e => e.playground);
  if (found?.shadowRoot.querySelector('.verdict')?.textContent) globalThis.firstAnswer = performance.now();
  else requestAnimationFrame(wait); }; requestAnimationFrame(wait); }"""
FRAMES = """count => new Promise(done => { const times = []; const tick = now => { times.push(now);
  times.length <= count ? requestAnimationFrame(tick) : done(times.slice(1).map((t, i) => t - times[i])); };
  requestAnimationFrame(tick); })"""


@contextmanager
def chromium() -> Iterator[Any]:
    """Start a Chromium that is installed on this machine."""
    from playwright.sync_api import sync_playwright

    executable = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    if executable is None:
        raise SystemExit("Chromium or Chrome is needed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def bytes_of(browser: Any, path: Path) -> dict[str, Any]:
    """Return the bytes of a page with all that it loads, of its own file, of the live parts in it, and by kind."""
    page = browser.new_page()
    loaded: set[Path] = set()
    page.on("request", lambda request: loaded.add(Path(unquote(urlparse(request.url).path))))
    page.goto(path.as_uri(), timeout=120_000)
    page.evaluate("async () => { await window.MathJax?.startup.promise; await document.fonts.ready; }")
    page.wait_for_load_state("networkidle")
    page.close()
    text = path.read_text(encoding="utf-8")
    return {
        "all": sum(file.stat().st_size for file in loaded if file.is_file()),
        "page": path.stat().st_size,
        "live": sum(len(found[0].encode()) for found in LIVE.finditer(text)),
        "kinds": by_kind(path, loaded),
        "sent": by_kind(path, loaded, compressed=True),
    }


def first_page(browser: Any, loads: int) -> dict[str, float]:
    """Return how soon the playground answers, and how long a copy of 120 vectors and one step of it take."""
    first, longest, steps = [], [], []
    for _ in range(loads):
        page = browser.new_page()
        page.add_init_script(f"({WATCH})()")
        page.goto((HTML / "index.html").as_uri())
        page.wait_for_function("() => globalThis.firstAnswer")
        first.append(page.evaluate("globalThis.firstAnswer"))
        page.get_by_role("spinbutton", name="Vectors").fill("120")
        page.get_by_role("spinbutton", name="Vectors").press("Enter")
        page.wait_for_function(f"() => {PLAYGROUND}.view.trace.steps === 241")
        longest.append(page.evaluate(f"{PLAYGROUND}.milliseconds"))
        moved = f"(() => {{ const {{ view }} = {PLAYGROUND}; const began = performance.now();"
        moved += (
            "for (let step = 0; step < 200; step++) view.step = step; return (performance.now() - began) / 200; })()"
        )
        steps.append(page.evaluate(moved))
        page.close()
    return {
        "first_answer_milliseconds": median(first),
        "copy_of_120_milliseconds": median(longest),
        "step_milliseconds": median(steps),
    }


def learning(browser: Any) -> dict[str, float]:
    """Return how long the machine that learns in the page needs, and how even the page's frames are meanwhile."""
    page = browser.new_page()
    page.goto((HTML / "book" / "06_copy.html").as_uri())
    page.get_by_role("button", name="Learn", exact=True).click()
    page.wait_for_function(f"() => {CLASSROOM}.runs[0].points.length > 1")
    began = page.evaluate("performance.now()")
    gaps = page.evaluate(FRAMES, 180)
    page.wait_for_function(f"() => {CLASSROOM}.runs[0].solved", timeout=300_000)
    seconds = (page.evaluate("performance.now()") - began) / 1000
    sequences = page.evaluate(f"{CLASSROOM}.runs[0].solved")
    page.close()
    return {
        "seconds": seconds,
        "sequences": sequences,
        "median_frame_milliseconds": median(gaps),
        "late_frames": sum(gap > 34 for gap in gaps) / len(gaps),
    }


def table(pages: dict[str, Any]) -> str:
    """Return the bytes of the pages by kind in kB, as they are stored / as a server sends them."""
    lines = [f"{'page, kB stored / sent':30}{'all':>12}{'- figures':>12}" + "".join(f"{kind:>12}" for kind in KINDS)]
    for name, sizes in pages.items():
        stored, sent = sizes["kinds"], sizes["sent"]
        parts = [(sum(stored.values()), sum(sent.values())), (without_figures(stored), without_figures(sent))]
        parts += [(stored[kind], sent[kind]) for kind in KINDS]
        lines.append(f"{name:30}" + "".join(f"{f'{a / 1e3:.0f} / {b / 1e3:.0f}':>12}" for a, b in parts))
    over = [name for name, sizes in pages.items() if without_figures(sizes["sent"]) > LARGEST]
    lines.append(f"over {LARGEST / 1e3:.0f} kB sent, without the data of figures: {', '.join(over) or 'none'}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loads", type=int, default=7)
    parser.add_argument("--bytes", action="store_true", help="count bytes only; the times in --out stay as they are")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if not (HTML / "index.html").exists():
        raise SystemExit("build the book first: make book")
    with chromium() as browser:
        names = sorted(path.relative_to(HTML).as_posix() for path in [HTML / "index.html", *HTML.glob("book/*.html")])
        kept = json.loads(arguments.out.read_text(encoding="utf-8")) if arguments.bytes and arguments.out else {}
        results = {
            "command": "python benchmarks/pages.py",
            "browser": f"Chromium {browser.version}",
            "processor": platform.processor() or platform.machine(),
            "pages": {name: bytes_of(browser, HTML / name) for name in names},
        }
        if arguments.bytes:
            results = {**kept, "pages": results["pages"]}
        else:
            results |= {"first_page": first_page(browser, arguments.loads), "learning": learning(browser)}
    print(table(results["pages"]))
    for part in {"first_page", "learning"} & set(results):
        print(part, {name: round(value, 2) for name, value in results[part].items()})
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
