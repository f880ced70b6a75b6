#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Install the programs that the tests drive: PostgreSQL, Redis, Chromium and two font families.
#
# Nothing is started: each test starts what it needs on a loopback port and stops it again. Where everything is present
# this does nothing. Where it cannot install, it says what is missing; the tests that need it are skipped with that
# reason, or fail when CI=true.
set -euo pipefail

say() { printf 'services: %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }

missing=()
have postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
have redis-server || missing+=(redis-server)
have chromium || have chromium-browser || have google-chrome || missing+=(chromium)
if have fc-list; then
  fc-list | grep -qi dejavu || missing+=(fonts-dejavu-core)
  fc-list | grep -qi liberation || missing+=(fonts-liberation)
else
  missing+=(fontconfig fonts-dejavu-core fonts-liberation)
fi

if [ ${#missing[@]} -eq 0 ]; then
  say "PostgreSQL, Redis, Chromium and fonts are present; nothing to do"
  exit 0
fi

give_up() {
  say "missing: ${missing[*]}; $1" >&2
  if [ "${CI:-}" = true ]; then exit 1; fi
  say "going on without them; the tests that need them are skipped and say so" >&2
  exit 0
}

have apt-get || give_up "this machine has no apt-get; install them in its own way"
root=()
if [ "$(id -u)" -ne 0 ]; then
  have sudo && sudo -n true 2>/dev/null || give_up "installing needs root or sudo without a password: run 'sudo make services'"
  root=(sudo)
fi

# Debian starts a service when it is installed. While this policy file stands, it does not.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
  "${root[@]}" chmod 0755 "$policy"
  trap '"${root[@]}" rm -f "$policy"' EXIT
fi

say "installing through apt: ${missing[*]} (starting nothing)"
log=$(mktemp)
if ! { "${root[@]}" apt-get update -qq && "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  rm -f "$log"
  give_up "apt-get could not install them"
fi
rm -f "$log"
say "installed: ${missing[*]}"
