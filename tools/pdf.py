"""Print the built book to one PDF with an installed Chromium or Chrome: `make pdf`.

The pages come from `_build/html`, so nothing is executed for it. The file has an outline, tags for screen readers and
page numbers in its contents. Two runs from the same pages, with the same browser, give the same bytes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pikepdf
from playwright.sync_api import Browser, sync_playwright

from tools.address import ROOT, current
from tools.browser import ARGUMENTS, browser_program
from tools.dates import last_change, version
from tools.printed import Book, Printed, assembled

SECONDS = 600  # for one step of the browser: a slow machine is not a fault
WIDTH = 657  # CSS pixels between the margins of A4 that print.css sets
SMALL = "font: 8px sans-serif; color: #555; width: 100%; margin: 0 18mm; display: flex; justify-content: space-between"
FITTED = """() => {
  const right = element => element.getBoundingClientRect().right, found = [];
  for (const e of document.querySelectorAll('mjx-container[display="true"], table')) {
    const box = e.getBoundingClientRect(), room = e.parentElement.getBoundingClientRect().width;
    const need = Math.max(e.scrollWidth, box.width);
    if (need > room + 1) e.style.fontSize = `${100 * Math.max(room / need, .55) * .98}%`;
  }
  for (const e of document.querySelectorAll('article :is(p, pre, table, img, svg, mjx-container, figure, dt)'))
    if (right(e) > innerWidth + 1) found.push(`too wide: ${e.outerHTML.slice(0, 160)}`);
  for (const e of document.querySelectorAll('article img'))
    if (!e.naturalWidth) found.push(`no picture: ${e.outerHTML.slice(0, 160)}`);
  for (const e of document.querySelectorAll('mjx-merror, .math:not(:has(mjx-container))'))
    found.push(`not set: ${e.textContent.slice(0, 160)}`);
  return found;
}"""
"""Shrink displayed formulas and tables to the sheet; return what is cut off or missing all the same."""
NUMBERED = """pages => {
  for (const e of document.querySelectorAll('[data-page]')) e.textContent = pages[e.dataset.page] ?? '';
}"""


def entries(opened: pikepdf.Outline) -> Iterator[tuple[int, pikepdf.OutlineItem]]:
    """Yield depth and entry of an outline, in the order of the book."""

    def walk(items: list[pikepdf.OutlineItem], depth: int) -> Iterator[tuple[int, pikepdf.OutlineItem]]:
        for item in items:
            yield depth, item
            yield from walk(item.children, depth + 1)

    yield from walk(opened.root, 0)


def outlined(pdf: pikepdf.Pdf, headings: Sequence[str]) -> list[tuple[int, str, int]]:
    """Give the outline's entries the text of their headings; return depth, title and page (from 1) of each.

    Chromium writes the text of a heading once for each of its lines, so it is taken from the page instead.

    Raises:
        ValueError: if the outline has other entries than the book has headings.
    """
    numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, 1)}
    found = []
    with pdf.open_outline() as opened:
        items = list(entries(opened))
        if len(items) != len(headings):
            raise ValueError(f"the outline: received {len(items)} entries, expected {len(headings)}, the headings")
        for (depth, item), heading in zip(items, headings, strict=True):
            if not item.title.endswith(heading.split()[-1]) or not isinstance(item.destination, pikepdf.Array):
                raise ValueError(f"the outline: received {item.title!r}, expected {heading!r}")
            item.title = heading
            destination = item.destination
            if not isinstance(destination, pikepdf.Array):
                raise ValueError(f"the outline: {heading!r} received {destination!r}, expected a place on a page")
            found.append((depth, heading, numbers[destination[0].objgen]))
    return found


def finish(printed: Path, out: Path, book: Book, headings: Sequence[str]) -> int:
    """Write the printed file with its outline, the date of the last change and packed objects; return its pages."""
    epoch = last_change(book.root)
    stamp = time.strftime("D:%Y%m%d%H%M%S+00'00'", time.gmtime(epoch))
    with pikepdf.open(printed) as pdf:
        outlined(pdf, headings)
        pdf.docinfo["/Author"] = book.config["author"]
        pdf.docinfo["/CreationDate"] = pdf.docinfo["/ModDate"] = stamp
        pdf.Root["/Lang"], pdf.Root["/PageMode"] = pikepdf.String("en"), pikepdf.Name.UseOutlines
        pikepdf.settings.set_flate_compression_level(9)
        packed = pikepdf.ObjectStreamMode.generate
        pdf.save(out, object_stream_mode=packed, recompress_flate=True, deterministic_id=True)
        return len(pdf.pages)


def starts(path: Path, printed: Printed) -> dict[str, int]:
    """Return the page on which each chapter starts, by its anchor: the entries at the top of the outline."""
    with pikepdf.open(path) as pdf:
        found = [(title, page) for depth, title, page in outlined(pdf, printed.headings) if depth == 0]
    if [title for title, _ in found] != list(printed.titles.values()):
        raise ValueError(f"the outline: received the chapters {found}, expected {list(printed.titles.values())}")
    return {anchor: page for anchor, (_, page) in zip(printed.titles, found, strict=True)}


def print_book(browser: Browser, source: Path, out: Path, printed: Printed, header: str) -> None:
    """Print an assembled book; the second time with the page numbers that the first has found.

    Raises:
        ValueError: if something is wider than the sheet, a picture is missing or a formula was not set.
    """
    page = browser.new_context(viewport={"width": WIDTH, "height": 971}).new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.emulate_media(media="print", color_scheme="light")
    page.goto(source.as_uri())
    page.evaluate("async () => { await MathJax.startup.promise; await document.fonts.ready }")
    if found := page.evaluate(FITTED):
        raise ValueError("expected a book that fits on its sheets. Received:\n" + "\n".join(found))
    for _ in range(2):
        page.pdf(
            path=str(out),
            outline=True,
            tagged=True,
            prefer_css_page_size=True,
            display_header_footer=True,
            header_template=f'<div style="{SMALL}"><span>{header}</span></div>',
            footer_template=f'<div style="{SMALL}"><span></span><span class="pageNumber"></span></div>',
        )
        page.evaluate(NUMBERED, starts(out, printed))
    page.context.close()


def make(browser: Browser, book: Book, place: Path) -> tuple[Path, int]:
    """Assemble and print a book in a folder; return the PDF and the number of its pages."""
    place.mkdir(parents=True, exist_ok=True)
    source, raw = place / "book.html", place / "printed.pdf"
    out = place / f"{current(book.root).name}-{book.version}.pdf"
    printed = assembled(book, site=f"{os.path.relpath(book.html, place)}/")
    source.write_text(printed.html, encoding="utf-8")
    print_book(browser, source, raw, printed, book.config["title"])
    pages = finish(raw, out, book, printed.headings)
    raw.unlink()
    return out, pages


def present(root: Path = ROOT) -> Book:
    """Return the book as it was built last."""
    date = time.strftime("%-d %B %Y", time.gmtime(last_change(root)))
    return Book(root, root / "_build" / "html", version(root), date)


def main() -> int:
    """Print the book, and say where it is."""
    started = time.monotonic()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_program(), args=ARGUMENTS)
            out, pages = make(browser, present(), ROOT / "_build" / "pdf")
            browser.close()
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    seconds, size = time.monotonic() - started, out.stat().st_size / 1e6
    print(f"Printed in {seconds:.0f} s: {out.relative_to(ROOT)}, {pages} pages, {size:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
