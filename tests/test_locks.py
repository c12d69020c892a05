"""The locks hold what the lists ask for, each package with its hashes; the audit takes no silence for an answer."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pages import ROOT

from tools import audit

HOSTS = re.compile(r"https?://|index-url|find-links|@ ")


def wanted(name: str) -> list[Requirement]:
    """The lines of a list, and of the lists that it takes in."""
    found = []
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("-r "):
            found += wanted(line[3:])
        elif line:
            found.append(Requirement(line))
    return found


def locked(name: str) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for entry in audit.entries(name):
        versions.setdefault(entry["name"], set()).add(entry["version"])
    return versions


@pytest.mark.parametrize("lock", audit.LOCKS)
def test_a_lock_satisfies_its_list(lock: str) -> None:
    held = locked(lock)
    for one in wanted(lock.removesuffix(".txt") + ".in"):
        versions = held.get(canonicalize_name(one.name), set())
        assert versions, f"{lock} does not hold {one}: make lock"
        assert all(one.specifier.contains(version, prereleases=True) for version in versions), f"{lock}: {one}"


@pytest.mark.parametrize("lock", audit.LOCKS)
def test_each_entry_has_its_hashes_and_nothing_else_is_in_a_lock(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    rest = re.sub(r"^#.*\n", "", audit.ENTRY.sub("", text), flags=re.MULTILINE)
    assert not rest.strip(), rest[:500]
    assert all(re.fullmatch(r"( \\\n +--hash=sha256:[0-9a-f]{64})+", entry["hashes"]) for entry in audit.entries(lock))
    assert not HOSTS.search(text)


def test_the_locks_agree() -> None:
    held = locked("requirements-dev.txt")
    for lock in audit.LOCKS:
        others = locked(lock).items()
        differing = {name: versions for name, versions in others if held.get(name, versions) != versions}
        assert not differing, f"{lock}: make lock"
    assert locked("requirements.txt").keys() <= held.keys()


def test_binder_has_all_that_the_library_needs_and_one_tensorflow_the_readers_version() -> None:
    held = locked(".binder/requirements.txt")
    assert "tensorflow" not in held
    assert held["tensorflow-cpu"] == locked("requirements.txt")["tensorflow"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["tensorflow-cpu"]]
    for one in map(Requirement, needed):
        assert all(one.specifier.contains(version) for version in held[canonicalize_name(one.name)]), one


def test_what_the_audit_finds_and_what_it_could_not_ask_about() -> None:
    answers = [
        {"name": "good", "version": "1", "vulns": []},
        {"name": "bad", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]},
        {"name": "worse", "version": "2", "vulns": [{"id": "CVE-2", "fix_versions": []}]},
        {"name": "hidden", "skip_reason": "not found"},
    ]
    weak, unknown = audit.report(answers)
    assert weak == ["bad 2: CVE-1, fixed in 3", "worse 2: CVE-2, fixed in no version"]
    assert unknown == ["hidden"]


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([{"name": "good", "version": "1", "vulns": []}], 0),
        ([{"name": "bad", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": []}]}], 1),
        ([{"name": "hidden", "skip_reason": "not found"}], 1),
    ],
)
def test_only_an_answer_for_every_package_passes(answers, status, monkeypatch) -> None:
    monkeypatch.setattr(audit, "asked", lambda lines: answers)
    assert audit.main() == status


def test_an_audit_without_network_says_so(monkeypatch, capsys) -> None:
    def broken(lines: list[str]) -> list[dict]:
        raise ConnectionError("pip-audit broke off: no route")

    monkeypatch.setattr(audit, "asked", broken)
    assert audit.main() == 1
    assert "is this machine online?" in capsys.readouterr().err
