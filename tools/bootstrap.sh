#!/bin/sh
# Makes .venv with the pinned packages of requirements/NAME.txt and Kaja itself: tools/bootstrap.sh base|dev|bench
# Needs Python 3.11 or newer; uv is fetched into .cache when the machine has none. Done before: returns at once.
set -eu
cd "$(dirname "$0")/.."
name=${1:-base}
# Behind a company's proxy the machine's own certificates are the ones that count, as they are for pip.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
# Whatever the terminal's language: folders' names and texts are UTF-8.
export PYTHONUTF8=1
# What pip would like to tell about itself is noise above the address that `make run` ends with.
export PIP_DISABLE_PIP_VERSION_CHECK=1

fail() { echo "set-up: $*" >&2; exit 1; }

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed; set PYTHON to it if it has an unusual name."
}

find_uv() {
    # A version manager's stand-in may exist and yet not run.
    if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then
        command -v uv
        return
    fi
    if ! .cache/uv/bin/uv --version >/dev/null 2>&1; then
        echo "set-up: fetching uv ..." >&2
        rm -rf .cache/uv
        mkdir -p .cache
        "$python" -m venv .cache/uv >&2 ||
            fail "Python cannot make a virtual environment (on Debian: apt install python3-venv)."
        .cache/uv/bin/python -m pip install --quiet --require-hashes -r requirements/uv.txt >&2 ||
            fail "uv could not be fetched; is the package index reachable?"
    fi
    echo "$PWD/.cache/uv/bin/uv"
}

# Quick, without starting Python: this is what every later start waits for.
key=$( (cat "requirements/$name.txt" pyproject.toml tools/bootstrap.sh; pwd) | cksum)
stamp=.venv/set-up-$name
if [ -x .venv/bin/kaja ] && [ "$(cat "$stamp" 2>/dev/null)" = "$key" ]; then
    exit 0
fi
python=$(find_python)
uv=$(find_uv)
echo "set-up: packages of requirements/$name.txt ..." >&2
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    rm -rf .venv
    "$uv" venv --quiet --python "$python" .venv
fi
"$uv" pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r "requirements/$name.txt"
# Without isolation: the build backend is one of the pinned packages, nothing unpinned is fetched to build Kaja.
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
# Python reads the file that names our folder in the terminal's encoding, even in UTF-8 mode (site.py of 3.11): a folder
# with letters beyond ASCII would stop every start where that is ASCII. From where the file stands, ASCII is enough.
for file in .venv/lib/python*/site-packages/_editable_impl_kaja.pth; do
    echo ../../../../src > "$file"
done
# Every start of Kaja is of several processes; where Python may not write bytecode, each would compile all of it anew.
.venv/bin/python -m compileall -q -j 0 src
echo "$key" > "$stamp"
