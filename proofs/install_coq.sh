#!/bin/sh
# Installs Coq and OCaml where they are missing, on Debian and its like; fails, aloud, where it cannot.
set -eu
missing=""
command -v coqc > /dev/null || missing="$missing coq"
command -v ocamlopt > /dev/null || missing="$missing ocaml-nox"
command -v ocamlfind > /dev/null || missing="$missing ocaml-findlib"
[ -n "$missing" ] || exit 0
echo "coq: missing here, and installed now:$missing"
if ! command -v apt-get > /dev/null; then
    echo "coq: there is no apt-get here; install by hand:$missing" >&2
    exit 1
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo > /dev/null; then
        echo "coq: neither root nor sudo; install by hand:$missing" >&2
        exit 1
    fi
    as_root="sudo -n"
fi
$as_root apt-get update -q
# shellcheck disable=SC2086  # names, to be split
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
