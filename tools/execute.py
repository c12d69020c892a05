"""Execute the book's notebooks that are new, two at once, into the cache from which Jupyter Book makes the pages.

Jupyter Book executes one notebook after the other, on one core. What fails here is not kept: Jupyter Book executes it
again and tells which cell failed and why.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import yaml
from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor
from sphinx_external_toc.parsing import parse_toc_yaml

AT_ONCE = 2  # each kernel takes about a gigabyte, and TensorFlow uses all cores by itself where there is work


def notebooks(root: Path) -> list[Path]:
    """List the notebooks in the table of contents."""
    contents = parse_toc_yaml(root / "_toc.yml")
    return [path for name in contents if (path := root / f"{name}.ipynb").exists()]


def execute(notebook: Path, cache: Path, timeout: int) -> bool:
    """Execute one notebook in its folder unless the cache holds it; return whether it ran to its end.

    ``timeout`` is in seconds for one cell.
    """
    executor = load_executor("local-serial", get_cache(cache))
    result = executor.run_and_cache(filter_uris=[str(notebook)], timeout=timeout)
    return not (result.excepted or result.errored)


def main(root: Path) -> None:
    """Execute what is new."""
    timeout = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["execute"]["timeout"]
    folder = root / "_build" / ".jupyter_cache"
    cache = get_cache(folder)
    for path in notebooks(root):
        cache.add_nb_to_project(str(path))
    new = [Path(record.uri) for record in cache.list_unexecuted()]
    if not new:
        return
    with ProcessPoolExecutor(min(AT_ONCE, len(new)), mp_context=get_context("spawn")) as pool:
        for path, done in zip(new, pool.map(partial(execute, cache=folder, timeout=timeout), new), strict=True):
            print(f"{path.name}: {'executed' if done else 'FAILED'}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
