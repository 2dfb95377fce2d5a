#!/usr/bin/env bash
# The loop measure → calibrate → validate on this machine: `run.sh FROSTLINE PYTHON`, PYTHON having
# awslambdaric. Writes `hello.profile.toml`, `validation.json` and `report.txt` beside itself. It takes four
# minutes, and means something only where nothing else runs.
set -euo pipefail

frostline=$(realpath "$1")
python=$2
cd "$(dirname "$0")"
folder=$(mktemp -d)
# Expanded now: the variable is gone when the shell ends.
trap "rm -rf '$folder'" EXIT
mkdir "$folder/hello"
echo 'def handler(event, context): return {"ok": True}' >"$folder/hello/app.py"

"$frostline" measure runtime-api --quiet --runs 150 --package "$folder/hello" --label hello \
    --out "$folder/cold" -- "$python" -m awslambdaric app.handler >"$folder/measured.txt"
"$frostline" calibrate "$folder/cold/measurements.jsonl" --quiet --whole-start --name hello \
    --out hello.profile.toml >"$folder/calibrated.txt"
"$frostline" validate pool.toml --quiet --package "$folder/hello" --label hello --speed 60 \
    --out "$folder/validated" -- "$python" -m awslambdaric app.handler >report.txt
mv "$folder/validated/validation.json" .
cat report.txt
