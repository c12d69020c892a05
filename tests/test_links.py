"""The check of links asks nobody when nobody can be reached, and says so in one line."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tools import links


def refuse(address: str, **options: Any) -> None:
    raise requests.ConnectionError(address)


def test_without_a_network_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(requests, "head", refuse)
    monkeypatch.setattr(links, "check", lambda: pytest.fail("checked without a network"))
    assert links.main() == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: none of github.com, ") and printed.err.count("\n") == 1


@pytest.mark.parametrize("works", [True, False])
def test_with_one_server_that_answers_all_addresses_are_checked(monkeypatch: pytest.MonkeyPatch, works: bool) -> None:
    monkeypatch.setattr(requests, "head", lambda address, **options: refuse(address) if "github" in address else None)
    monkeypatch.setattr(links, "check", lambda: works)
    assert links.main() == (not works)
