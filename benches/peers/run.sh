#!/usr/bin/env bash
# Our engine and three others on the same model, taking turns; CPU seconds inside each process.
# Usage: benches/peers/run.sh OUT.md    (outside CI: it installs two Python packages)
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-/dev/stdout}
venv=target/peers
if [[ ! -x $venv/bin/python ]]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet simpy==4.1.2 simfaas==0.2.2
fi
cargo build --quiet --release --package frostline-benches --bin one
rounds=3
rows=$(mktemp)
for round in $(seq "$rounds"); do
    for load in 1 10 100; do
        echo "frostline $load $(target/release/one "$load" 2e7 "$round")"
        echo "heap $load $("$venv/bin/python" benches/peers/heap.py "$load" 1e6 "$round")"
        echo "simpy $load $("$venv/bin/python" benches/peers/simpy_model.py "$load" 2e5 "$round")"
        echo "simfaas $load $("$venv/bin/python" benches/peers/simfaas_model.py "$load" 2e4 "$round")"
    done
done >"$rows"
"$venv/bin/python" benches/peers/table.py "$rows" >"$out"
rm -f "$rows"
