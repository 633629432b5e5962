#!/bin/sh
# The recorded scenarios of configs/ci, priced again: what a user's CI job does with its own. Prints TAP.
cd "$(dirname "$0")/../.." || exit 70
exec "${BIN:-build}/gable" check --format tap configs/ci
