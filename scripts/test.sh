#!/usr/bin/env bash
# Everything that must hold, in one run. The order lets later steps use what earlier ones built. Ends with 1 if a step failed.
set -uo pipefail
cd "$(dirname "$0")/.."

# A person's settings must not change what is tested.
unset DATABASE_URL "${!METWATCH_@}"
# Queries are checked against .sqlx; the step below checks .sqlx against a database.
export SQLX_OFFLINE=true
# A run on a build server is built once: what speeds up the next build only costs there.
[ -z "${CI:-}" ] || export CARGO_INCREMENTAL=0

deny=target/tools/bin/cargo-deny
summary=()
bad=0

step() {
  local name=$1 begun=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    summary+=("$(printf '%-44s %4d s' "$name" $((SECONDS - begun)))")
  else
    summary+=("$(printf '%-44s %4d s   FAILED' "$name" $((SECONDS - begun)))")
    bad=1
  fi
}

# Asks a fresh database for every query's types, lints in the same pass, and compares the answers with .sqlx.
queries_and_clippy() {
  local folder
  folder=$(mktemp -d)
  chmod 711 "$folder" # for root: the server's account passes through
  mkdir "$folder/sqlx"
  # A changed file is linted anew and so every query is asked again; its age is put back, because the tests are built.
  touch -r src/lib.rs "$folder/age"
  touch src/lib.rs
  # shellcheck disable=SC2064
  trap "touch -r '$folder/age' src/lib.rs; rm -rf '$folder'" RETURN
  target/debug/metwatch --data "$folder/data" with-database env SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$folder/sqlx" \
    cargo clippy --locked --all-targets -- -D warnings || return 1
  if ! diff -r .sqlx "$folder/sqlx" >"$folder/diff"; then
    head -20 "$folder/diff"
    echo "  .sqlx is not what the queries need: run make queries and commit .sqlx"
    return 1
  fi
  echo "  $(find .sqlx -name '*.json' | wc -l) queries hold against an empty migrated database"
}

advisories() {
  local said
  if said=$("$deny" --locked check advisories 2>&1); then
    echo "$said" | tail -1
  elif grep -q "failed to fetch advisory database" <<<"$said"; then
    echo "  LEFT OUT: the advisory database cannot be fetched from here"
  else
    echo "$said"
    return 1
  fi
}

step "format" cargo fmt --check
step "build, with tests" cargo test --locked --no-run
step "dependencies: licences, bans, sources" "$deny" --locked check bans licenses sources
step "dependencies: advisories" advisories
step "lints, and queries against a database" queries_and_clippy
step "tests: unit, integration, browser" cargo test --locked
step "documentation without broken links" env RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet

printf '\n'
printf '  %s\n' "${summary[@]}"
printf '  %-44s %4d s\n' "all" "$SECONDS"
exit $bad
