#!/bin/sh
# Pins every package with its hashes. No index address and no path of this machine may stand in the files.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .cache/uv/bin/uv)
pin() {
    output=$1
    shift
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-header "$@" --output-file "$output"
}
pin requirements/base.txt ${UPGRADE:+--upgrade} --group build pyproject.toml
pin requirements/dev.txt ${UPGRADE:+--upgrade} --group build --group dev --constraint requirements/base.txt pyproject.toml
pin requirements/bench.txt ${UPGRADE:+--upgrade} --group build --group dev --group bench --constraint requirements/dev.txt pyproject.toml
# npm names whom one may thank, with addresses; nothing of the installation needs them.
for lock in realnets/*/package-lock.json; do
    node -e 'const fs = require("fs"), [file] = process.argv.slice(1), lock = JSON.parse(fs.readFileSync(file));
        for (const each of Object.values(lock.packages)) delete each.funding;
        fs.writeFileSync(file, JSON.stringify(lock, null, 2) + "\n")' "$lock"
done
pin requirements/uv.txt ${UPGRADE:+--upgrade} --group pyproject.toml:uv
