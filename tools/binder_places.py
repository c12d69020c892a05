"""The two places where `make binder` carries out the steps of a Dockerfile without Docker."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
BASE = "ca-certificates,git,locales,python3-venv,bzip2,wget"  # what the steps take from Docker's buildpack-deps
LOCKED = re.compile(r"/([\w-]+?)-(\d[\w.]*)-[^-/]+\.(?:conda|tar\.bz2)#")
# repo2docker's programs of Jupyter, by their names on conda-forge and on PyPI.
JUPYTER = {
    **{name: name for name in ("jupyterlab", "notebook", "jupyter_server", "ipykernel", "ipywidgets")},
    **{name: name for name in ("jupyter-offlinenotebook", "jupyter-resource-usage")},
    "jupyterhub-base": "jupyterhub",
}
DECISIVE = ("ipykernel", "jupyterlab", "keras", "numpy", "tensorflow-cpu")
VERSIONS = (
    "import importlib.metadata as m, json, platform, sys; "
    'print(json.dumps({"python": platform.python_version()} | {name: m.version(name) for name in sys.argv[1:]}))'
)
ACTIVATION = "/etc/profile.d/activate-conda.sh"
CONDA = "install-base-env.bash"


def clean_root_is_possible() -> bool:
    """Say whether this machine and this user can make a root of their own."""
    return os.geteuid() == 0 and all(map(shutil.which, ("debootstrap", "bwrap")))


def locked(lock: str) -> list[str]:
    """Return Jupyter's programs with the versions in repo2docker's lock, as pip wants them."""
    found = {name: version for name, version in LOCKED.findall(lock) if name in JUPYTER}
    return [f"{JUPYTER[name]}=={version}" for name, version in sorted(found.items())]


def script_of(name: str) -> Path:
    """Return the file that repo2docker names by its own path, with - for % and a hash behind."""
    return Path(unquote(re.sub(r"-([0-9a-f]{2})", r"%\1", re.sub(r"-[0-9a-f]{5,6}$", "", name))))


class Place:
    """Variables, user and folder of the next step, as Docker keeps them, and where it is run."""

    name = ""
    entrypoint = ""

    def __init__(self, work: Path, source: Path, tools: Path) -> None:
        self.work, self.source, self.tools = work, source, tools
        self.variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.user, self.folder = "root", "/"

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on in this place later."""
        return {"variables": self.variables, "user": self.user, "folder": self.folder}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where another call stopped."""
        self.variables, self.user, self.folder = state["variables"], state["user"], state["folder"]

    def prepare(self) -> None:
        """Make the place anew."""
        raise NotImplementedError

    def command(self, text: str) -> list[str]:
        """Return the command line that runs this text of a shell in the place."""
        raise NotImplementedError

    def run(self, text: str) -> str:
        """Carry out RUN. -> "as written", or what was done in its stead."""
        raise NotImplementedError

    def copy(self, rest: str) -> str:
        """Carry out COPY. -> "as written", or what was done in its stead."""
        raise NotImplementedError

    def sizes(self) -> dict[str, int]:
        """Return the bytes that the steps added."""
        raise NotImplementedError

    def versions(self) -> dict[str, str]:
        """Return the versions of what decides how much time and memory a notebook takes."""
        command = self.command(f"\"$KERNEL_PYTHON_PREFIX/bin/python\" -c '{VERSIONS}' {' '.join(DECISIVE)}")
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    def origin(self, name: str) -> Path:
        """Return the file or folder that COPY names."""
        area, _, path = name.partition("/")
        if area == "src":
            return self.source / path
        if area == "build_script_files":
            return script_of(path)
        return next(self.tools.glob(f"lib/python*/site-packages/repo2docker/buildpacks/{path}"))


class CleanRoot(Place):
    """A small Debian of our own, in which bubblewrap runs the steps."""

    name = "a clean root of Debian, made with debootstrap"
    entrypoint = "/usr/local/bin/repo2docker-entrypoint"

    @property
    def root(self) -> Path:
        """Where the root lies."""
        return self.work / "root"

    def prepare(self) -> None:
        """Make the place anew."""
        base = self.work / "base"
        if not (base / CERTIFICATES).exists():
            shutil.rmtree(base, ignore_errors=True)
            command = ["debootstrap", "--variant=minbase", f"--include={BASE}", "bookworm", str(base)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(self.root, ignore_errors=True)
        subprocess.run(["cp", "-a", str(base), str(self.root)], check=True)
        shutil.copy("/" + CERTIFICATES, self.root / CERTIFICATES)

    def command(self, text: str) -> list[str]:
        """Return the command line that runs this text of a shell in the place."""
        files = ["--bind", str(self.root), "/", "--dev", "/dev", "--proc", "/proc"]
        files += ["--ro-bind", os.path.realpath("/etc/resolv.conf"), "/etc/resolv.conf"]
        network = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        network |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), "/" + CERTIFICATES)
        variables = [part for item in {**network, **self.variables}.items() for part in ("--setenv", *item)]
        own = ["--unshare-pid", "--die-with-parent", "--cap-add", "ALL", "--clearenv", "--chdir", self.folder]
        number = self.variables["NB_UID"] if self.user != "root" else ""
        who = ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", "--inh-caps=-all"]
        return ["bwrap", *files, *own, *variables, *(who if number else []), "/bin/sh", "-c", text]

    def _do(self, text: str) -> None:
        with (self.work / "build.log").open("ab") as log:
            subprocess.run(self.command(text), check=True, stdout=log, stderr=log)

    def run(self, text: str) -> str:
        """Carry out RUN. -> "as written", or what was done in its stead."""
        try:
            self._do(text)
            return "as written"
        except subprocess.CalledProcessError:
            if CONDA not in text:
                raise
        lock = (self.root / "tmp/env/environment.lock").read_text(encoding="utf-8")
        packages = locked(lock)
        self._do(
            'set -e; rm -rf "$CONDA_DIR"; python3 -m venv "$NB_PYTHON_PREFIX";'
            f' "$NB_PYTHON_PREFIX/bin/pip" install --no-cache-dir {" ".join(packages)};'
            ' chown -R "$NB_USER:$NB_USER" "$CONDA_DIR"; rm -rf /tmp/install-base-env.bash /tmp/env;'
            # Its own asks conda to activate the environment.
            f" echo 'PATH=$NB_PYTHON_PREFIX/bin:$PATH' > {ACTIVATION}"
        )
        return "conda-forge was not to be had; instead Debian's Python with " + " ".join(packages)

    def copy(self, rest: str) -> str:
        """Carry out COPY. -> "as written", or what was done in its stead."""
        options = dict(re.findall(r"--(\w+)=(\S+) ", rest))
        name, target = re.sub(r"--\w+=\S+ ", "", rest).split()
        place = self.root / self._filled(target).lstrip("/")
        origin = self.origin(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", "--no-preserve=ownership", *self._what(origin), str(place)], check=True)
        if "chown" in options:
            subprocess.run(["chown", "-R", options["chown"], str(place)], check=True)
        if "chmod" in options:
            place.chmod(int(options["chmod"], 8))
        return "as written"

    @staticmethod
    def _what(origin: Path) -> list[str]:
        return [f"{origin}/."] if origin.is_dir() else [str(origin)]

    def _filled(self, text: str) -> str:
        return text.replace("${REPO_DIR}", self.variables.get("REPO_DIR", ""))

    def sizes(self) -> dict[str, int]:
        """Return the bytes that the steps added."""
        script = 'tar --create --directory "$0" srv home | {} wc -c'
        return {
            name: int(subprocess.run(["sh", "-c", script.format(pipe), str(self.root)], capture_output=True).stdout)
            for name, pipe in (("bytes", ""), ("compressed_bytes", "gzip -1 |"))
        }


class VirtualEnvironment(Place):
    """A virtual environment and a copy of the course: the steps that concern Python, without the root around them."""

    name = "a virtual environment"

    def prepare(self) -> None:
        """Make the place anew."""
        self.venv, self.home = self.work / "venv", self.work / "home"
        shutil.rmtree(self.home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(self.venv)], check=True)
        shutil.copytree(self.source, self.home, symlinks=True)

    def command(self, text: str) -> list[str]:
        """Return the command line that runs this text of a shell in the place."""
        venv, home = self.work / "venv", self.work / "home"
        path = f"{venv}/bin:{os.environ['PATH']}"
        return ["env", f"PATH={path}", f"KERNEL_PYTHON_PREFIX={venv}", "-C", str(home), "/bin/sh", "-c", text]

    def run(self, text: str) -> str:
        """Carry out RUN. -> "as written", or what was done in its stead."""
        if CONDA in text:
            version = f"{sys.version_info[0]}.{sys.version_info[1]}"
            script = next(
                self.tools.glob(f"lib/python*/site-packages/repo2docker/buildpacks/conda/*{version}-linux-64.lock")
            )
            packages = locked(script.read_text(encoding="utf-8"))
            self._do(f'"$KERNEL_PYTHON_PREFIX/bin/pip" install --no-cache-dir {" ".join(packages)}')
            return "instead of conda's, this Python with " + " ".join(packages)
        if ".binder" not in text:
            return "left out: it concerns the root around the environment"
        self._do(text)
        return "as written"

    def _do(self, text: str) -> None:
        with (self.work / "build.log").open("ab") as log:
            subprocess.run(self.command(text), check=True, stdout=log, stderr=log)

    def copy(self, rest: str) -> str:
        """Carry out COPY. -> "as written", or what was done in its stead."""
        return "as written" if "src/" in rest else "left out: it concerns the root around the environment"

    def sizes(self) -> dict[str, int]:
        """Return the bytes that the steps added."""
        counted = subprocess.run(["du", "-sb", str(self.work / "venv")], capture_output=True, text=True, check=True)
        return {"bytes": int(counted.stdout.split()[0])}
