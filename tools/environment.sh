#!/bin/sh
# Make .venv if needed; install into it what locks hold, and ntm_lib: sh tools/environment.sh requirements.txt [more locks]
# Called by the Makefile from the top folder. Set PYTHON to choose the interpreter of a new .venv.
set -u

fail() {
    echo "error: $*" >&2
    exit 1
}

in_range() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }
has_venv() { "$1" -c 'import venv, ensurepip' 2>/dev/null; }

find_python() {
    without_venv=
    for candidate in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3; do
        in_range "$candidate" || continue
        if has_venv "$candidate"; then
            echo "$candidate"
            return
        fi
        without_venv=$candidate
    done
    [ -z "$without_venv" ] || fail "$without_venv has no venv module; on Debian or Ubuntu: apt-get install python3-venv"
    fail "Python 3.11, 3.12 or 3.13 was not found; install one, or name it: make PYTHON=/path/to/python3.12"
}

if ! in_range .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(find_python) || exit 1
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv || fail "$python could not make .venv (see above)"
fi

echo "Installing into .venv; the first time downloads about 800 MB"
# Only what a lock names, with the hashes it names, and built elsewhere: no compiler, and no build tool from the network.
for lock in "$@"; do
    .venv/bin/python -m pip install --disable-pip-version-check --retries 2 --require-hashes --no-deps \
        --only-binary :all: --no-binary reuse --no-build-isolation -r "$lock" ||
        fail "pip could not install the requirements (its reason is above); is this machine online?"
done
# A folder has no hash, so ntm_lib comes in a step of its own, which takes nothing from the network.
.venv/bin/python -m pip install --disable-pip-version-check -qq --no-index --no-deps --no-build-isolation -e . ||
    fail "pip could not install ntm_lib from this folder (its reason is above)"
