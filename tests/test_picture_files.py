"""A page's pictures lie beside it, whole and with their size, and none is left inside."""

from __future__ import annotations

import base64
import io
import re
import sys
from pathlib import Path

import pytest
from pages import ROOT, page_names
from PIL import Image

sys.path.insert(0, str(ROOT / "_ext"))

import picture_files

NAMED = re.compile(r'<img src="([^"]*_images/[0-9a-f]{32}\.png)" width="(\d+)" height="(\d+)"')


def png(width: int, height: int, colour: str = "red") -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(kept, "png")
    return kept.getvalue()


def page(*pictures: bytes) -> str:
    tags = (f'<img src="data:image/png;base64,{base64.b64encode(data).decode()}" alt="Words.">' for data in pictures)
    return f"<p>before</p>{''.join(tags)}<p>after</p>"


def test_each_picture_is_a_file_with_its_bytes_and_its_size(tmp_path: Path) -> None:
    wide, high = png(300, 20), png(40, 500)
    text = picture_files.beside(page(wide, high, wide), "../", tmp_path)
    found = NAMED.findall(text)
    assert [(int(width), int(height)) for _, width, height in found] == [(300, 20), (40, 500), (300, 20)]
    assert [(tmp_path / "book" / name).resolve().read_bytes() for name, *_ in found] == [wide, high, wide]
    assert len(list((tmp_path / "_images").iterdir())) == 2, "the same picture twice is one file"
    assert text.count('alt="Words."') == 3
    assert "data:" not in text


def test_a_page_of_the_first_folder_names_the_file_from_there(tmp_path: Path) -> None:
    text = picture_files.beside(page(png(1, 2)), "", tmp_path)
    assert re.search(r'src="_images/[0-9a-f]+\.png" width="1" height="2"', text)


@pytest.mark.pages
@pytest.mark.parametrize("name", page_names())
def test_each_picture_of_the_book_is_drawn_finer_than_it_is_shown(name: str, built_book: Path) -> None:
    """Sharp on a fine screen and on paper, the stills of live figures too."""
    text = (built_book / f"{name}.html").read_text(encoding="utf-8")
    shown = re.findall(r'_images/[0-9a-f]{32}\.png" width="(\d+)"[^>]* style="width: (\d+)px', text)
    assert [(drawn, wide) for drawn, wide in shown if int(drawn) < 1.4 * int(wide)] == []


def test_a_page_without_pictures_stays_as_it_is(tmp_path: Path) -> None:
    text = '<p>text</p><img src="../_images/else.png">'
    assert picture_files.beside(text, "../", tmp_path) == text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("inside", "message"),
    [(base64.b64encode(b"GIF89a, and more").decode(), "expected PNG. Received b'GIF89a"), ("AA*A", "base 64.*AA\\*A")],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, inside: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        picture_files.beside(f'<img src="data:image/png;base64,{inside}">', "", tmp_path)


@pytest.mark.pages
def test_no_built_page_holds_a_picture_and_each_named_one_is_there(built_book: Path) -> None:
    named, sources = 0, set[str]()
    for name in page_names():
        built = built_book / f"{name}.html"
        text = built.read_text(encoding="utf-8")
        assert "data:image/png" not in text, name
        for source, width, height in NAMED.findall(text):
            with Image.open(built.parent / source) as picture:
                assert picture.size == (int(width), int(height)), source
            named += 1
            sources.add(source)
    assert named > 50
    lying = {file.name for file in (built_book / "_images").glob(f"{'[0-9a-f]' * 32}.png")}
    assert lying == {Path(source).name for source in sources}, "nothing of an earlier build is left"
