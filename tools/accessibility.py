"""Check the built pages with axe-core: every page, light and dark, in a window of 1280 and of 390 pixels.

    python -m tools.accessibility                           says what it finds, and fails if that is anything
    python -m tools.accessibility --out accessibility.json  also writes what `book/accessibility.md` shows

A check of the colours of one word costs as much as ten other rules on it, so what looks alike is checked once on each
page: of the marked words of code one of each kind, of the formulas within the text two. `--whole` checks all of them.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Browser, Page, sync_playwright

from tools.browser import ARGUMENTS, Theme, browser_program, prefer_theme

ROOT = Path(__file__).resolve().parents[1]
SIZES = {1280: 900, 390: 844}
THEMES: tuple[Theme, ...] = ("light", "dark")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
"""What axe-core calls the levels A and AA of WCAG 2.0 to 2.2, and what it advises beyond them."""

SETTLED = "async () => { await window.MathJax?.startup?.promise; }"
DRAWN = """() => [...document.querySelectorAll('article.bd-article *')].filter(e => e.localName.startsWith('ntm-'))
  .every(e => e.shadowRoot?.querySelector('canvas, [role=alert]'))"""
UNFOLD = """() => { const open = root => { for (const each of root.querySelectorAll('details')) each.open = true;
    for (const each of root.querySelectorAll('*')) if (each.shadowRoot) open(each.shadowRoot); };
  open(document); }"""
ALIKE = """() => { const seen = new Set();
  for (const word of document.querySelectorAll('pre span, code span, dt.sig span, dt.sig em')) {
    const look = `${word.parentElement.className} ${word.className} ${word.getAttribute('style')}`;
    if (seen.has(look) && !word.querySelector('a, button')) word.replaceWith(...word.childNodes);
    seen.add(look);
  }
  const formulas = [...document.querySelectorAll('p mjx-container:not([display=true])')].slice(2);
  const widths = formulas.map(each => each.getBoundingClientRect().width);
  formulas.forEach((each, place) => {
    const gap = document.createElement('span');
    gap.textContent = 'x'; // a formula may be all that a heading or a link says
    gap.style.cssText = `display: inline-block; width: ${widths[place]}px`;
    each.replaceWith(gap);
  }); }"""
STOPS_SET = """() => [...document.querySelectorAll('pre, .pst-scrollable-table-container, .cell_output > .output')]
  .every(e => (e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight) === (e.tabIndex === 0))"""
SETS_STOPS_AFTER = 400
"""Milliseconds from a change of the page or its width to when the theme has made what scrolls a stop of Tab."""
RUN = """async tags => {
  const options = { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations', 'incomplete'] };
  const found = await axe.run(document, options);
  const shown = list => list.map(({ id, impact, nodes }) =>
    ({ rule: id, impact, places: nodes.map(node => node.html.slice(0, 160)) }));
  const passes = found.passes.map(({ id }) => id);
  return { violations: shown(found.violations), undecided: shown(found.incomplete), passes };
}"""


@dataclass(frozen=True)
class Found:
    """What axe-core says of a page as it stands in the window."""

    violations: list[dict[str, Any]]
    """`rule`, `impact`, and the HTML of the `places`."""
    undecided: list[dict[str, Any]]
    """The same, where a person has to look."""
    passes: list[str]
    """The rules that found something to check, and no fault."""


@functools.cache
def axe() -> str:
    """Return axe-core."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def axe_version() -> str:
    """Return the version of axe-core, which its first line says."""
    return axe().split(maxsplit=3)[2].removeprefix("v")


def prepare(page: Page, *, whole: bool = False) -> None:
    """Unfold everything in an open page, wait until it is drawn, and load axe-core into it.

    Args:
        page: of Playwright. It does not look as before afterwards, unless `whole`.
        whole: whether to leave in what looks like something that stands in the page already.
    """
    page.evaluate(SETTLED)
    page.wait_for_function(DRAWN)
    page.evaluate(UNFOLD)
    if not whole:
        page.evaluate(ALIKE)
    page.evaluate(axe())


def check(page: Page, width: int) -> Found:
    """Run axe-core on a prepared page in a window of that width."""
    page.set_viewport_size({"width": width, "height": SIZES[width]})
    page.wait_for_timeout(SETS_STOPS_AFTER)
    page.wait_for_function(STOPS_SET)
    return Found(**page.evaluate(RUN, list(RULES)))


def page_names() -> list[str]:
    """Return every page of the table of contents, and the two that Sphinx adds."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [
        toc["root"],
        *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"]),
        "search",
        "genindex",
    ]


def check_page(browser: Browser, address: str, *, whole: bool) -> Iterator[tuple[str, int, Found]]:
    """Yield theme, width and what was found, for each setting of one page."""
    page = browser.new_page()
    page.set_default_timeout(300_000)
    page.goto(address)
    prepare(page, whole=whole)
    for theme in THEMES:
        prefer_theme(page, theme)
        for width in SIZES:
            yield theme, width, check(page, width)
    page.close()


def tell(name: str, theme: str, width: int, found: Found) -> None:
    """Print what was found in one setting."""
    print(f"{name:28} {theme:6} {width:5}  {len(found.violations)} violations", flush=True)
    for fault in found.violations:
        print(f"    {fault['impact']}: {fault['rule']}", *fault["places"][:5], sep="\n        ")


def check_all(folder: Path, names: Sequence[str], *, whole: bool) -> dict[str, Any]:
    """Check pages, tell of each, and return the results."""
    pages: dict[str, list[dict[str, Any]]] = {}
    rules: set[str] = set()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_program(), args=ARGUMENTS)
        tools = {"axe-core": axe_version(), "Chromium": browser.version}
        for name in names:
            for theme, width, found in check_page(browser, (folder / f"{name}.html").as_uri(), whole=whole):
                tell(name, theme, width, found)
                rules.update(found.passes, (fault["rule"] for fault in found.violations))
                faults = {"violations": found.violations, "undecided": counted(found.undecided)}
                pages.setdefault(name, []).append({"theme": theme, "width": width, **faults})
        browser.close()
    command = "python -m tools.accessibility" + " --whole" * whole
    return {"command": command, "tools": tools, "whole": whole, "rules": sorted(rules), "pages": pages}


def counted(undecided: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Return the number of places of each rule."""
    return {each["rule"]: len(each["places"]) for each in undecided}


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the pages that are named, or all, and return whether something was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="such as book/03_addressing; all if none")
    parser.add_argument("--whole", action="store_true", help="check also what looks alike")
    parser.add_argument("--pages", type=Path, default=ROOT / "_build" / "html", help="the folder of the built pages")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    if not (given.pages / "index.html").exists():
        raise SystemExit(f"there must be built pages in {given.pages}: make book. Received: no index.html")
    results = check_all(given.pages.resolve(), given.names or page_names(), whole=given.whole)
    if given.out:
        given.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return int(any(setting["violations"] for settings in results["pages"].values() for setting in settings))


if __name__ == "__main__":
    sys.exit(main())
