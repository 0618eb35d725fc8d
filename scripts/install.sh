#!/usr/bin/env bash
# Installs what `make demo` (argument: demo) or `make test` (argument: test) needs and this machine lacks.
# Works as root and with sudo; where neither is to be had, says what to install and ends with 1.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:?demo or test}

say() { printf '  %s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

# -- the Rust toolchain: never ours to install
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if ! has cargo; then
  say "Rust is missing: install it from https://rustup.rs (release $wanted or newer), open a new shell, and try again."
  exit 1
fi
found=$(rustc --version | sed 's/^rustc \([0-9.]*\).*/\1/')
if [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -1)" != "$wanted" ]; then
  say "Rust $found is too old: Metwatch needs $wanted or newer (rustup update)."
  exit 1
fi

# -- system packages
missing=()
has cc || missing+=(gcc libc6-dev)
postgres() {
  [ -n "${METWATCH_PG_BINDIR:-}" ] || { [ "$what" = demo ] && [ -n "${DATABASE_URL:-}" ]; } && return
  ls /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb /usr/bin/initdb >/dev/null 2>&1 && return
  has pg_config && [ -x "$(pg_config --bindir)/initdb" ]
}
postgres || missing+=(postgresql)
if [ "$what" = test ]; then
  has diff || missing+=(diffutils)
  has chromium || has google-chrome || missing+=(chromium)
  has chromedriver || missing+=(chromium-driver)
  if ! has python3 || ! python3 -c 'import ensurepip, venv' 2>/dev/null; then missing+=(python3-venv); fi
fi

if [ ${#missing[@]} -gt 0 ]; then
  if ! has apt-get; then
    say "These are missing, and this is no Debian or Ubuntu, where they would be installed now: ${missing[*]}"
    say "Install them (names are Debian's) with your system's package manager and try again."
    exit 1
  fi
  as_root=(env)
  if [ "$(id -u)" != 0 ]; then
    if ! has sudo || ! sudo -v; then
      say "These packages are missing: ${missing[*]}"
      say "Neither root nor sudo is to be had here. Ask for this, and try again: apt-get install ${missing[*]}"
      exit 1
    fi
    as_root=(sudo env)
  fi
  apt() { "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 "$@" </dev/null >>"$log" 2>&1; }
  log=$(mktemp)
  say "installing ${missing[*]} (what is said goes to $log)"
  failed() {
    tail -5 "$log" >&2
    say "The packages could not be installed: ${missing[*]}. See $log"
    exit 1
  }
  apt update || failed
  if printf '%s\n' "${missing[@]}" | grep -qx postgresql && ! [ -e /etc/postgresql-common/createcluster.conf ]; then
    # We want PostgreSQL's programs, not a server that starts with the machine.
    apt install -y --no-install-recommends postgresql-common || failed
    "${as_root[@]}" sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  fi
  apt install -y --no-install-recommends "${missing[@]}" || failed
  rm -f "$log"
fi

# -- tools for the tests, in target/tools, by fixed version and checksum
if [ "$what" = test ]; then
  tools=target/tools
  if ! cmp -s scripts/tools.txt "$tools/installed.txt"; then
    say "installing the tools of scripts/tools.txt into $tools"
    rm -rf "$tools"
    mkdir -p target
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r scripts/tools.txt
    cp "$tools"/lib/python3*/site-packages/axe_playwright_python/axe.min.js "$tools/axe.min.js"
    cp scripts/tools.txt "$tools/installed.txt"
  fi
fi
