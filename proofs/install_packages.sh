#!/bin/sh
# Installs the packages whose commands are missing, on Debian and its derivatives; fails with a message where it cannot.
#
# sh proofs/install_packages.sh GATE COMMAND=PACKAGES ...
set -eu
gate=$1
shift
missing=""
for one in "$@"; do
    command -v "${one%%=*}" > /dev/null || missing="$missing ${one#*=}"
done
[ -n "$missing" ] || exit 0
echo "$gate: installing what is missing:$missing"
if ! command -v apt-get > /dev/null; then
    echo "$gate: there is no apt-get here; install by hand:$missing" >&2
    exit 1
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
        echo "$gate: neither root nor sudo; install by hand:$missing" >&2
        exit 1
    fi
    as_root="sudo -n"
fi
$as_root apt-get update -q
# shellcheck disable=SC2086  # names, to be split
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
