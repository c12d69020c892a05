"""Find a browser on this machine, to print with or to check pages in, and set what its reader prefers."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Page

Theme = Literal["light", "dark"]

NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def browser_program() -> str:
    """Return an installed browser.

    Raises:
        ValueError: if there is none.
    """
    found = next(filter(None, map(shutil.which, [os.environ.get("NTM_CHROMIUM", ""), *NAMES])), None)
    if found is None:
        raise ValueError("expected Chromium or Chrome. Received none; NTM_CHROMIUM may name one")
    return found


def prefer_theme(page: Page, theme: Theme) -> None:
    """Let the reader's system prefer a theme, light or dark, and wait until the page has taken it.

    The browser tells the page in its own time, so that a fast machine would read the theme of before.
    """
    page.emulate_media(color_scheme=theme)
    page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)
