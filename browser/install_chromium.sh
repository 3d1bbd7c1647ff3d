#!/bin/sh
# Installs Debian's Chromium with its driver, unless there is one. Fails with a message if it cannot.
set -eu

there() { command -v chromium >/dev/null && command -v chromedriver >/dev/null; }

if there; then exit 0; fi
if ! command -v apt-get >/dev/null; then
    echo "make browser needs chromium and chromedriver; there is no apt-get to install them with" >&2
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then as_root=""
elif command -v sudo >/dev/null; then as_root=sudo
else
    echo "make browser needs chromium and chromedriver; install them (apt-get install chromium chromium-driver)" >&2
    exit 1
fi
echo "installing Debian's chromium"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends \
    chromium chromium-driver fonts-dejavu-core >/dev/null
there || { echo "Debian's packages brought no chromium with a chromedriver" >&2; exit 1; }
