"""The box that a student's code runs in: bubblewrap, its limits, and the check that it holds on this machine.

No network, nothing writable but a small scratch folder in memory, an empty home, no other process in sight, and a user
without rights. NumPy comes from outside, read-only; TensorFlow and `ntm_lib` only for the questions that say so.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from exercises.grader.events import Limits

HERE = Path(__file__).resolve().parent
COURSE = HERE.parents[1]
CHECK = HERE.parent / "release" / "check.py"  # what a student has beside a notebook, as one file
INSIDE = ("wire.py", "events.py", "answers.py", "confine.py", "patience.py", "questioning.py", "worker.py")
FIRST_UID = 3_000_000_000  # each box run by root has a user that nobody else has, so that its processes can be counted
ENVIRONMENT = {
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "PATH": "/nowhere",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "-1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "KERAS_BACKEND": "tensorflow",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "MPLBACKEND": "agg",
    "MPLCONFIGDIR": "/tmp",
    "EAGER_IMPORT": "1",  # ntm_lib loads its parts when they are first used, which would be in every fork
}
KITS = {"numpy": (), "tensorflow": ("tensorflow", "keras"), "ntm_lib": ("tensorflow", "keras", "ntm_lib")}
PROBE = """
import os, pathlib, socket
found = []
if os.getuid() == 0: found.append("runs as root")
if len(socket.if_nameindex()) > 1: found.append("sees the network")
if len([name for name in os.listdir("/proc") if name.isdigit()]) > 2: found.append("sees other processes")
for folder in ("/", "/usr/lib", "/dev", "/course", "/grader"):
    try: pathlib.Path(folder, "trace").write_text("x"); found.append("can write to " + folder)
    except OSError: pass
for place in ("/etc/passwd", "/home", "/var", "/usr/bin"):
    if os.path.exists(place): found.append("can read " + place)
print("holds" if not found else "; ".join(found))
for path in NEEDED:
    try: open(path, "rb").read(1)
    except OSError: print(path)
"""


class InfrastructureError(RuntimeError):
    """This machine failed, not the student. Never a grade."""


class GivenCodeError(InfrastructureError):
    """The code that a notebook gives does not run in the box: the source is wrong, for every student alike."""


class NoSandboxError(InfrastructureError):
    """No box can be made here. The text says why and gives the one-line cure."""


@dataclass(frozen=True)
class Setting:
    """How answers are run: what the box holds, its limits, and whether there is a box at all."""

    kit: str = "numpy"
    limits: Limits = field(default_factory=Limits)
    trust: bool = False
    warm: bool = False


def command(setting: Setting, scratch: str, probe: bool = False) -> list[str]:
    """The command line of a worker in its box (of a bare worker with `trust`)."""
    if setting.trust:
        return [sys.executable, "-I", "-S", *_worker_arguments(setting, str(HERE), _bare_paths(setting), scratch)]
    python = str(Path(sys.executable).resolve())
    box = ["bwrap", *_namespaces(), *_mounts(setting, python)]
    if probe:
        return [*box, "--", python, "-I", "-S", "-c", f"{_drop_root()}NEEDED = {sorted(_needed())}{PROBE}"]
    paths = ["/packages", "/course"]
    return [*box, "--", python, "-I", "-S", *_worker_arguments(setting, "/grader", paths, "/tmp/answers")]


def _worker_arguments(setting: Setting, folder: str, paths: list[str], scratch: str) -> list[str]:
    arguments = [f"{folder}/worker.py", "--folder", scratch]
    for path in paths:
        arguments += ["--path", path]
    for module in KITS[setting.kit]:
        arguments += ["--import", module]
    if os.getuid() == 0 and not setting.trust:
        arguments += ["--uid", str(_uid())]
    return arguments + ["--warm"] * setting.warm + ["--unboxed"] * setting.trust


def _bare_paths(setting: Setting) -> list[str]:
    packages = [str(_folder_of("numpy").parent), str(CHECK.parent)]
    return [*packages, str(COURSE)] if setting.kit == "ntm_lib" else packages


def _needed() -> dict[str, Path]:
    """Where the files stand in the box without which no answer runs -> where they stand outside."""
    inside = {f"/grader/{name}": HERE / name for name in INSIDE}
    return inside | {"/course/check.py": CHECK, "/packages/numpy/__init__.py": _folder_of("numpy") / "__init__.py"}


def _namespaces() -> list[str]:
    options = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    options += [
        "--hostname",
        "box",
        "--die-with-parent",
        "--new-session",
        "--as-pid-1",
        "--clearenv",
        "--chdir",
        "/tmp",
    ]
    if os.getuid() == 0:  # the worker leaves root as its first act; for that alone it keeps two capabilities
        options += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        options += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    for name, value in ENVIRONMENT.items():
        options += ["--setenv", name, value]
    return options


def _mounts(setting: Setting, python: str) -> list[str]:
    """What can be seen in the box. All of it read-only but /tmp and /dev/shm, which are small and in memory."""
    read_only = {path: path for path in (str(Path(sys.base_prefix, "lib")), python, "/usr/lib", "/usr/lib64")}
    read_only |= {"/etc/ld.so.cache": "/etc/ld.so.cache"} | _packages(setting)
    read_only |= {f"/grader/{name}": str(HERE / name) for name in INSIDE}
    options = []
    # bubblewrap gives a folder on the way the mode that it has outside: /root would be closed to who has left root.
    for folder in sorted({str(folder) for path in read_only for folder in Path(path).parents if str(folder) != "/"}):
        options += ["--perms", "0755", "--dir", folder]
    for inside, outside in read_only.items():
        options += ["--ro-bind-try", outside, inside]
    for path in ("/lib", "/lib64"):  # links into /usr, or folders of their own
        place = Path(path)
        options += ["--symlink", str(place.readlink()), path] if place.is_symlink() else ["--ro-bind-try", path, path]
    for installed in (sysconfig.get_path("purelib", vars={"base": sys.base_prefix}), "/usr/lib/python3/dist-packages"):
        if Path(installed).is_dir():
            options += ["--tmpfs", installed, "--remount-ro", installed]
    if setting.kit == "tensorflow" and Path(read_only["/packages"], "ntm_lib").is_dir():  # installed, not linked
        options += ["--tmpfs", "/packages/ntm_lib", "--remount-ro", "/packages/ntm_lib"]
    options += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--size", str(setting.limits.scratch)]
    options += ["--tmpfs", "/tmp", "--perms", "1777", "--size", str(2**24), "--tmpfs", "/dev/shm"]
    return [*options, "--remount-ro", "/dev", "--remount-ro", "/"]


def _packages(setting: Setting) -> dict[str, str]:
    """NumPy alone, or all installed packages where TensorFlow is asked for; `ntm_lib` only where it is."""
    numpy = _folder_of("numpy")
    shown = {"/course/check.py": str(CHECK)}
    if setting.kit == "numpy":
        return shown | {"/packages/numpy": str(numpy), "/packages/numpy.libs": str(numpy.with_name("numpy.libs"))}
    if setting.kit == "ntm_lib":
        shown["/course/ntm_lib"] = str(COURSE / "ntm_lib")
    return shown | {"/packages": str(_folder_of("tensorflow").parent)}


@functools.cache
def _folder_of(module: str) -> Path:
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise InfrastructureError(f"{module} is not installed for {sys.executable}: the questions need it.")
    return Path(found.origin).resolve().parent


def _uid() -> int:
    """A user for the boxes of this process that no other process has, where the machine knows such high numbers."""
    lines = [tuple(map(int, line.split())) for line in Path("/proc/self/uid_map").read_text().splitlines()]
    wanted = FIRST_UID + os.getpid()
    if any(first <= wanted < first + count for first, _, count in lines):
        return wanted
    return max(first + count for first, _, count in lines) - 2


def _drop_root() -> str:
    uid = _uid()
    ids = f"{uid}, {uid}, {uid}"
    return f"import os\nif os.getuid() == 0: os.setgroups([]); os.setresgid({ids}); os.setresuid({ids})\n"


def require() -> None:
    """Raise NoSandboxError when no box that holds can be made on this machine."""
    if sys.platform != "linux":
        raise NoSandboxError(f"bubblewrap needs Linux, this is {sys.platform}. Run the grader in a Linux machine.")
    if shutil.which("bwrap") is None:
        raise NoSandboxError("bubblewrap is not installed. Cure: sudo apt-get install bubblewrap")
    try:
        done = subprocess.run(
            command(Setting(), "/tmp/answers", probe=True), capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoSandboxError(f"bubblewrap does not start: {error}") from None
    said = done.stderr.strip()[-300:]
    if done.returncode != 0 and "execvp" in said:
        raise NoSandboxError(f"Python cannot be started in the box: {said}. Cure: chmod -R go+rX {sys.base_prefix}")
    if done.returncode != 0 and done.stderr.startswith("bwrap:"):
        raise NoSandboxError(f"bubblewrap cannot make a box here: {said}. {_cure()}")
    if done.returncode != 0:  # it is not bubblewrap that complains
        cure = f"Cure: see that {shutil.which('bwrap')} is bubblewrap: sudo apt-get install --reinstall bubblewrap"
        raise NoSandboxError(f"Python does not run in the box that bwrap makes here: {said}. {cure}")
    holds, *unreadable = done.stdout.strip().splitlines() or [""]
    if holds != "holds":
        raise NoSandboxError(f"The box does not hold on this machine: code in it {holds[:300]}.")
    if unreadable:
        raise NoSandboxError(_why_unreadable([_needed()[path] for path in unreadable]))


def _why_unreadable(files: list[Path]) -> str:
    """What is to be done when code in the box cannot read what it needs."""
    names = f"{files[0]}{f' and {len(files) - 1} more' if files[1:] else ''}"
    if not files[0].exists():
        return f"Code in the box does not find {names}: not there. Cure: make exercises, or copy the course anew"
    folders = " ".join(shlex.quote(folder) for folder in sorted({str(file.parent) for file in files}))
    closed = "it runs as a user without rights, and the files are closed to others"
    return f"Code in the box cannot read {names}: {closed}. Cure: chmod -R go+rX {folders}"


def _cure() -> str:
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return "Cure: start the container with --privileged, or grade outside it"
    restricted = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if restricted.exists() and restricted.read_text().strip() == "1":
        return "Cure: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    return "Cure: allow user namespaces (sudo sysctl -w user.max_user_namespaces=10000), or run as root"


def start(setting: Setting) -> tuple[subprocess.Popen[bytes], IO[bytes], tempfile.TemporaryDirectory[str] | None]:
    """Start a worker. Gives the process, what it says on stderr, and without a box the folder that it works in."""
    folder = tempfile.TemporaryDirectory(prefix="grading-") if setting.trust else None
    place = {} if folder is None else {"HOME": folder.name, "TMPDIR": folder.name}
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
    try:
        process = subprocess.Popen(
            command(setting, str(Path(folder.name, "answers")) if folder else "/tmp/answers"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **ENVIRONMENT, **place} if setting.trust else None,
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        raise InfrastructureError(f"The worker does not start: {error}") from error
    return process, errors, folder
