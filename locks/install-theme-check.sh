#!/bin/sh
# Installs Shopify's theme-check from its lock file: `sh locks/install-theme-check.sh`. Only tests run it, and those say
# what is missing; so without Node.js or a network this ends well, except where CI=true.
set -eu

cd "$(dirname "$0")/../tests/theme_check"
installed=node_modules/.package-lock.json

without() {
    echo "shelfwise: theme-check is not installed: $*. Its tests are skipped." >&2
    [ "${CI:-}" != true ] || exit 1
    exit 0
}

[ ! -f "$installed" ] || [ package-lock.json -nt "$installed" ] || exit 0
command -v npm >/dev/null 2>&1 || without "there is no npm (install Node.js 20 or newer)"
npm ci --silent --no-audit --no-fund --ignore-scripts || without "npm could not download it (the reason stands above)"
touch "$installed"
