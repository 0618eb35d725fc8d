#!/usr/bin/env bash
# Makes .sqlx anew: asks a fresh database, with the schema of migrations/, for the types of every query in the sources.
set -euo pipefail
cd "$(dirname "$0")/.."
unset DATABASE_URL "${!METWATCH_@}"

if [ "${1:-}" != inside ]; then
  # Any build of the program can start a server; the schema comes from the files and not from the program.
  [ -x target/debug/metwatch ] || SQLX_OFFLINE=true cargo build --locked
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  chmod 711 "$folder" # for root: the server's account passes through
  mkdir "$folder/sqlx"
  target/debug/metwatch --data "$folder/data" with-database "$0" inside "$folder/sqlx"
  rm -rf .sqlx
  cp -r "$folder/sqlx" .sqlx
  git status --short .sqlx
  exit
fi

sql() { psql -qX -v ON_ERROR_STOP=1 "$@" >/dev/null; }
sql -c "create database queries owner metwatch_owner"
export PGDATABASE=queries PGOPTIONS="-c client_min_messages=warning"
sql -c "alter schema public owner to metwatch_owner"
{
  echo "set role metwatch_owner;"
  # sqlx's own table, which a query of ours reads
  echo "create table _sqlx_migrations (version bigint primary key, description text not null, installed_on timestamptz not null,
        success boolean not null, checksum bytea not null, execution_time bigint not null);"
  cat migrations/*.sql
} | sql -1
touch src/lib.rs # so that every query is asked
DATABASE_URL="postgres://postgres@localhost/queries?host=$PGHOST" SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$2" \
  cargo check --all-targets
