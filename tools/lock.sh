#!/bin/sh
# Make the locks anew from the lists of what is wanted: sh tools/lock.sh [UPGRADE OPTIONS OF uv]
# One lock holds for Python 3.11 to 3.13 on Linux and macOS. Without options, what is locked stays as it is.
set -eu

lock() {
    list=$1 into=${1%.in}.txt
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-annotate --no-emit-index-url --custom-compile-command "make lock" --output-file "$into" "$@" "$list"
    echo "$into"
}

# The largest first: it decides the versions of all. Packages that are built here would need a compiler: none is taken.
lock requirements-dev.in --only-binary :all: "$@"
lock requirements.in --only-binary :all: --constraints requirements-dev.txt "$@"
lock .binder/requirements.in --only-binary :all: --constraints requirements-dev.txt "$@"
lock requirements-reuse.in --constraints requirements-dev.txt "$@"
