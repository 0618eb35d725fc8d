#!/usr/bin/env bash
# Builds Metwatch and runs the demonstration. Settings (METWATCH_DATA, METWATCH_LISTEN, DATABASE_URL, …) hold as always.
set -euo pipefail
cd "$(dirname "$0")/.."
# DATABASE_URL is the registry's, not one to check queries against.
SQLX_OFFLINE=true cargo build --locked --release
exec target/release/metwatch demo "$@"
