#!/bin/sh
# Installs what the tests of the WooCommerce plugin run on: `sh locks/install-wordpress.sh`. Real WordPress and PHP of
# several versions come from npm by a lock file, PHP itself, CodeSniffer and a classic theme from Debian. Only tests
# need it, and those say what is missing; so without root or a network this ends well, except where CI=true.
set -eu

cd "$(dirname "$0")/.."
rig=tests/wordpress
installed=$rig/node_modules/.package-lock.json
debian=.venv/wordpress/debian
theme=wordpress-theme-twentytwentyone

without() {
    echo "shelfwise: the tests in WordPress are skipped: $*." >&2
    [ "${CI:-}" != true ] || exit 1
    exit 0
}

has_php() {
    command -v php >/dev/null 2>&1 && command -v phpcs >/dev/null 2>&1 && php -m | grep -qx pdo_sqlite && php -m | grep -qx curl
}

if ! has_php; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 ||
        without "PHP with SQLite and curl, and php-codesniffer, are missing; only root on Debian gets them from here"
    apt-get update -qq || :
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        php-cli php-sqlite3 php-curl php-mbstring php-xml php-codesniffer >/dev/null || without "apt-get could not install PHP"
fi

# The theme alone: its package would bring a WordPress, a web server and a database with it.
if [ ! -d "$debian" ] && command -v apt-get >/dev/null 2>&1; then
    fetched=$(mktemp -d)
    if (cd "$fetched" && apt-get download -qq "$theme" 2>/dev/null); then
        mkdir -p "$debian" && dpkg-deb -x "$fetched"/$theme*.deb "$debian"
    fi
    rm -rf "$fetched"
fi

if [ ! -f "$installed" ] || [ "$rig/package-lock.json" -nt "$installed" ]; then
    command -v npm >/dev/null 2>&1 || without "there is no npm (install Node.js 20 or newer)"
    (cd "$rig" && npm ci --silent --no-audit --no-fund --ignore-scripts) || without "npm could not download WordPress"
    touch "$installed"
fi

.venv/bin/python -m tests.wordpress.prepare
