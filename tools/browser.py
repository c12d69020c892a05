"""Find a browser on this machine, to print with or to check pages in."""

from __future__ import annotations

import os
import shutil

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
