"""Put the pictures of a page into files beside it, so that its text arrives before them on a slow network.

A notebook carries a figure inside of itself. A page that did so too would be shown only when all its figures had come.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from pathlib import Path

FOLDER = "_images"
DATA = re.compile(r'\ssrc="data:image/png;base64,([^"]+)"')
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def size(data: bytes) -> tuple[int, int]:
    """Return width and height of a PNG picture, in pixels.

    Raises:
        ValueError: if it is none.
    """
    if data[:8] != SIGNATURE or data[12:16] != b"IHDR":
        raise ValueError(f"picture: expected PNG. Received {data[:16]!r}")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def decoded(text: str) -> bytes:
    """Return the bytes of a picture that stands in a page.

    Raises:
        ValueError: if it is not written in base 64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"picture: expected base 64. Received {text[:40]!r}") from error


def beside(text: str, root: str, output: Path) -> str:
    """Write each picture that stands in a page into a file named by its content, and let the page name that.

    The page is told the picture's size, so that the text below keeps its place while the picture is on its way.

    Args:
        text: the page.
        root: what leads from the page to the folder of all pages, such as `../`.
        output: the folder of all pages.
    """

    def replace(found: re.Match[str]) -> str:
        data = decoded(found[1])
        width, height = size(data)
        name = f"{hashlib.sha256(data).hexdigest()[:32]}.png"
        (output / FOLDER).mkdir(exist_ok=True)
        (output / FOLDER / name).write_bytes(data)
        return f' src="{root}{FOLDER}/{name}" width="{width}" height="{height}"'

    return DATA.sub(replace, text)
