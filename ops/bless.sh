#!/usr/bin/env bash
# Blesses what the predictor says now: ops/bless.sh ["why a cell may get worse"]
# Replays the simulated morning and, where they are there, the recorded days, and writes their hashes and
# scores to tests/city/blessed/. Look at the diff: it is what the change did to the predictions.
set -euo pipefail
cd "$(dirname "$0")/.."

export PADRIEW_BLESS=1 PADRIEW_BLESS_REASON="${1:-}"
cargo test --quiet -p city --test gate -- --nocapture --test-threads=1 blessed
git --no-pager diff --stat -- tests/city/blessed
