"""Write the built book as an EPUB 3: `make epub`, with an installed Chromium or Chrome.

It is the printed book before it is printed: formulas become MathML, which the browser has made of them already, and
each chapter becomes a file of XHTML. Nothing is executed.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
import time
import uuid
from html import escape
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tools.address import ROOT, current
from tools.archives import Entry, write_zip
from tools.browser import ARGUMENTS, browser_program
from tools.dates import last_change
from tools.pdf import SECONDS, present
from tools.printed import Book, Printed, assembled

STYLES = Path(__file__).with_name("epub.css")
CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>
"""
CHAPTER = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">
<head><title>{title}</title><link rel="stylesheet" type="text/css" href="book.css"/></head>
<body>{body}</body></html>
"""
PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">urn:uuid:{identifier}</dc:identifier>
<dc:title>{title}</dc:title><dc:creator>{author}</dc:creator><dc:language>en</dc:language>
<dc:rights>Text and figures: CC BY 4.0. Code: MIT.</dc:rights><meta property="dcterms:modified">{modified}</meta>
</metadata>
<manifest>{manifest}</manifest>
<spine>{spine}</spine></package>
"""
PLAIN = """() => {
  const replaceBy = (element, tag) => {
    const plain = document.createElement(tag);
    plain.className = element.className;
    if (element.id) plain.id = element.id;
    plain.append(...element.childNodes);
    element.replaceWith(plain);
  };
  for (const e of document.querySelectorAll('mjx-container')) {
    const maths = e.querySelector('math');
    if (e.getAttribute('display') === 'true') maths.setAttribute('display', 'block');
    for (const row of maths.querySelectorAll('mlabeledtr')) {  // a row whose number stands first: not in MathML Core
      const plain = document.createElementNS(row.namespaceURI, 'mtr');
      plain.append(...[...row.children].slice(1), row.firstElementChild);
      row.replaceWith(plain);
    }
    e.replaceWith(maths);
  }
  for (const e of document.querySelectorAll('article summary')) replaceBy(e, 'p');
  for (const e of document.querySelectorAll('article details')) replaceBy(e, 'div');
  for (const e of document.querySelectorAll('article :is([id=""], [class=""])')) {
    if (!e.id) e.removeAttribute('id');
    if (!e.className) e.removeAttribute('class');
  }
  const serial = new XMLSerializer();
  return [...document.querySelectorAll('section.page')].map(section => serial.serializeToString(section));
}"""
"""Make the elements plain that readers of EPUB do not know; return each chapter as XHTML."""
PICTURE = re.compile(r'src="data:image/(png|svg\+xml|jpeg);base64,([^"]+)"')
LINK = re.compile(r'href="#([\w.-]+?)(--[^"]*)?"')
IDENTITY = re.compile(r'(\sid=")')


def chapters(browser: Browser, source: Path) -> list[str]:
    """Return the chapters of an assembled book as XHTML, their formulas set."""
    page = browser.new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.goto(source.as_uri())
    page.evaluate("async () => await MathJax.startup.promise")
    found: list[str] = page.evaluate(PLAIN)
    page.close()
    return found


def with_pictures(text: str, place: Path, pictures: dict[str, bytes]) -> str:
    """Return a chapter whose pictures are files of their own, and add them to the pictures."""

    def kept(data: bytes, ending: str) -> str:
        name = f"pictures/{hashlib.sha256(data).hexdigest()[:16]}.{ending}"
        pictures[name] = data
        return f'src="{name}"'

    text = PICTURE.sub(lambda found: kept(base64.b64decode(found[2]), found[1].split("+")[0]), text)
    files = re.compile(r'src="(\.\./[^"]+)"')
    return files.sub(lambda found: kept((place / found[1]).read_bytes(), found[1].rsplit(".", 1)[-1]), text)


def linked(text: str) -> str:
    """Return a chapter whose links lead to the files of the others, and whose anchors are names in XML."""
    text = LINK.sub(lambda found: f'href="{found[1]}.xhtml{"#p-" + found[1] + found[2] if found[2] else ""}"', text)
    return IDENTITY.sub(r"\1p-", text)


def navigation(printed: Printed) -> str:
    """Return the table of contents."""
    items = [f'<li><a href="{anchor}.xhtml">{escape(title)}</a></li>' for anchor, title in printed.titles.items()]
    return CHAPTER.format(
        title="Contents", body=f'<nav epub:type="toc"><h1>Contents</h1><ol>{"".join(items)}</ol></nav>'
    )


def package(book: Book, files: dict[str, bytes], epoch: int) -> str:
    """Return the list of all files, with what is known of the book."""
    kinds = {"xhtml": "application/xhtml+xml", "css": "text/css", "png": "image/png", "svg": "image/svg+xml"}
    lines = []
    for number, name in enumerate(files):
        properties = "nav" if name == "nav.xhtml" else "mathml" if b"<math" in files[name] else ""
        marks = f' properties="{properties}"' if properties else ""
        lines.append(f'<item id="f{number}" href="{name}" media-type="{kinds[name.rsplit(".", 1)[-1]]}"{marks}/>')
    spine = [f'<itemref idref="f{number}"/>' for number, name in enumerate(files) if name.endswith(".xhtml")]
    address = current(book.root).url
    return PACKAGE.format(
        identifier=uuid.uuid5(uuid.NAMESPACE_URL, f"{address}#{book.version}"),
        title=escape(book.config["title"]),
        author=escape(book.config["author"]),
        modified=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
        manifest="".join(lines),
        spine="".join(spine),
    )


def make(browser: Browser, book: Book, place: Path) -> Path:
    """Write the EPUB of a book into a folder beside that of its pages."""
    place.mkdir(parents=True, exist_ok=True)
    printed, epoch = assembled(book, site=f"{os.path.relpath(book.html, place)}/"), last_change(book.root)
    pictures: dict[str, bytes] = {}
    source = place / "book.html"
    source.write_text(printed.html, encoding="utf-8")
    texts = zip(printed.titles.items(), chapters(browser, source), strict=True)
    files: dict[str, bytes] = {"nav.xhtml": navigation(printed).encode()}
    for (anchor, title), text in texts:
        body = linked(with_pictures(text, place, pictures))
        files[f"{anchor}.xhtml"] = CHAPTER.format(title=escape(title), body=body).encode()
    files |= dict(sorted(pictures.items())) | {"book.css": STYLES.read_bytes()}
    entries = [Entry("META-INF/container.xml", CONTAINER.encode())]
    entries += [Entry("book/package.opf", package(book, files, epoch).encode())]
    entries += [Entry(f"book/{name}", data) for name, data in files.items()]
    out = place / f"{current(book.root).name}-{book.version}.epub"
    write_zip(out, entries, epoch, first=Entry("mimetype", b"application/epub+zip"))
    return out


def main() -> int:
    """Write the EPUB, and say where it is."""
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_program(), args=ARGUMENTS)
            out = make(browser, present(), ROOT / "_build" / "epub")
            browser.close()
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"Wrote {out.relative_to(ROOT)}, {out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
