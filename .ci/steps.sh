# SPDX-License-Identifier: BSD-2-Clause
# Sourced by ./run and ./check: the steps both take.

# packages_of SECTION...: the names in those sections of .ci/packages.txt.
packages_of() {
    awk -v wanted=" $* " '
        /^\[/ { section = substr($1, 2, length($1) - 2); next }
        NF && !/^#/ && index(wanted, " " section " ") { print $1 }' .ci/packages.txt
}

# missing_packages NAME...: those that are not installed.
missing_packages() {
    local installed name
    installed=" $(dpkg-query -W -f='${db:Status-Status}=${Package} ' "$@" 2>/dev/null || true)"
    for name in "$@"; do
        [[ $installed == *" installed=$name "* ]] || printf '%s ' "$name"
    done
}

# ensure_packages SECTION...: installs what is missing, or says how.
ensure_packages() {
    local missing install
    if ! command -v dpkg-query >/dev/null; then
        echo "== This is not Debian: see .ci/packages.txt for what is needed; going on without a look."
        return
    fi
    # shellcheck disable=SC2046
    missing=$(missing_packages $(packages_of "$@"))
    [ -n "$missing" ] || return 0
    install="apt-get install -y --no-install-recommends ${missing% }"
    if [ "$(id -u)" = 0 ]; then
        echo "== Installing packages: $missing"
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive $install -q; } >&2 && return
    elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        echo "== Installing packages with sudo: $missing"
        { sudo apt-get update -q && sudo DEBIAN_FRONTEND=noninteractive $install -q; } >&2 && return
    fi
    echo "Packages are missing and could not be installed from here. As root:" >&2
    echo "    apt-get update && $install" >&2
    exit 1
}

# build PRESET [TARGET...]: configures where that was never done, and builds. Quiet if all is well.
build() {
    local preset=$1 log=build/$1.log
    shift
    mkdir -p build
    if [ ! -f "build/$preset/build.ninja" ]; then
        echo "== Configuring build/$preset"
        cmake --preset "$preset" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    fi
    echo "== Building build/$preset${1:+ ($*)}"
    if [ -t 1 ]; then
        cmake --build --preset "$preset" ${1:+--target "$@"}
    elif ! cmake --build --preset "$preset" ${1:+--target "$@"} >"$log" 2>&1; then
        { grep -E -A20 'FAILED|error:' "$log" || tail -n 40 "$log"; } >&2
        echo "The build of build/$preset failed; $log has all of it." >&2
        return 1
    fi
}
