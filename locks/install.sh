#!/bin/sh
# Makes or refreshes .venv from the lock files: `sh locks/install.sh run|dev`. Does nothing where it is up to date.
# What "dev" installs holds all of "run", so that `make run` after `make test` changes nothing.
set -eu

want=$1
cd "$(dirname "$0")/.."
venv_python=.venv/bin/python
stamp=.venv/shelfwise-stamp
# With the folder's path: the programs in a virtual environment stop working when it is moved.
state="$(cat locks/*.txt locks/install.sh pyproject.toml | cksum) $(pwd)"

fail() {
    echo "shelfwise: $*" >&2
    exit 1
}

right_version() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        right_version "$PYTHON" || fail "PYTHON=$PYTHON is no Python 3.11, 3.12 or 3.13."
        echo "$PYTHON"
        return
    fi
    for each in python3 python3.13 python3.12 python3.11; do
        if right_version "$each"; then
            echo "$each"
            return
        fi
    done
    fail "Python 3.11, 3.12 or 3.13 is needed and none was found: install one, or name it: make PYTHON=/path/to/python3"
}

version_of() {
    "$1" -c 'import sys; print(sys.version_info[:2])'
}

up_to_date() {
    [ -x "$venv_python" ] && [ -f "$stamp" ] || return 1
    if [ -n "${PYTHON:-}" ] && [ "$(version_of "$PYTHON")" != "$(version_of "$venv_python")" ]; then
        return 1
    fi
    read -r has < "$stamp"
    [ "$has" = "$want $state" ] || [ "$has" = "dev $state" ]
}

make_venv() {
    python=$(find_python)
    if right_version "$venv_python" && [ "$(version_of "$python")" = "$(version_of "$venv_python")" ] &&
        "$venv_python" -m pip --version >/dev/null 2>&1 && [ -f "$stamp" ] && grep -qF "$(pwd)" "$stamp"; then
        return
    fi
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$python lacks the venv module: on Debian and Ubuntu, apt-get install python3-venv"
    rm -rf .venv
    "$python" -m venv .venv || fail "$python could not make a virtual environment in .venv"
}

download_failed() {
    fail "packages could not be downloaded (the reason stands above): is there a network, and room on the disk?"
}

sync() {
    uv="$venv_python -m uv"
    if ! [ "$($uv --version 2>/dev/null | cut -d' ' -f2)" = "$(sed -n 's/^uv==\([^ ]*\).*/\1/p' locks/installer.txt)" ]; then
        "$venv_python" -m pip install -q --disable-pip-version-check --retries 2 --only-binary :all: \
            --require-hashes -r locks/installer.txt || download_failed
    fi
    $uv pip sync -q --python "$venv_python" --require-hashes "locks/$want.txt" || download_failed
    $uv pip install -q --python "$venv_python" --no-deps --no-build-isolation --offline -e . ||
        fail "the project itself could not be installed into .venv (the reason stands above)"
}

up_to_date && exit 0
# A folder that another test run made "dev" stays "dev".
if [ "$want" = run ] && [ -f "$stamp" ] && grep -q '^dev ' "$stamp"; then
    want=dev
fi
make_venv
echo "Installing what locks/$want.txt pins into .venv: the first time takes a minute or so."
rm -f "$stamp"
sync
echo "$want $state" > "$stamp"
