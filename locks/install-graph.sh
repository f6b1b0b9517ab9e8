#!/bin/sh
# Adds PyTorch, built for the CPU, to .venv: `sh locks/install-graph.sh`, after locks/install.sh. Only learning needs it.
set -eu

cd "$(dirname "$0")/.."
python=.venv/bin/python
torch=$(sed -n 's/^graph = \["\(torch==[^"]*\)"\]$/\1/p' pyproject.toml)

fail() {
    echo "shelfwise: $*" >&2
    exit 1
}

works() {
    "$python" -c 'import torch; torch.ones(1)' 2>/dev/null
}

[ -n "$torch" ] || fail "pyproject.toml pins no torch for the extra called graph."
has=$("$python" -c 'from importlib.metadata import version; print(version("torch").split("+")[0])' 2>/dev/null || true)
[ "torch==$has" = "$torch" ] && works && exit 0
echo "Installing $torch for the CPU into .venv: some 200 MB to download, 900 MB on the disk."
"$python" -m uv pip install -q --python "$python" --require-hashes -r locks/graph.txt ||
    fail "packages could not be downloaded (the reason stands above): is there a network, and room on the disk?"
# PyTorch's own index has builds for the CPU alone. Where it can't be reached, whatever pip is told to use may have one;
# without its dependencies, so that no CUDA comes along.
"$python" -m uv pip install -q --python "$python" --torch-backend cpu --no-deps "$torch" 2>/dev/null ||
    "$python" -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: "$torch" ||
    fail "$torch could not be downloaded (the reason stands above)."
works || fail "the $torch that was found does not run on this machine without CUDA. Point pip at a build for the CPU" \
    "(PIP_FIND_LINKS or PIP_INDEX_URL), remove what was installed ($python -m pip uninstall torch), and try again."
