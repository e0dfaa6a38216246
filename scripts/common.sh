# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by demo and test: the set-up steps, each with its time. Sourced, not run.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build/dev
targets=(all) # what is compiled

if [ "$(id -u)" -ne 0 ]; then
  echo "$(basename "$0"): run as root: it installs packages and makes network namespaces" >&2
  exit 1
fi

# step NAME COMMAND...: runs it, says how long it took; on failure shows what it printed.
step() {
  local name=$1 start=$SECONDS output
  shift
  printf '%s ...' "$name"
  output=$(mktemp)
  if ! "$@" > "$output" 2>&1; then
    printf ' failed after %d s\n' $((SECONDS - start))
    tail -n 40 "$output" >&2
    rm -f "$output"
    exit 1
  fi
  rm -f "$output"
  printf ' %d s\n' $((SECONDS - start))
}

configure() { cmake -S "$top" --preset dev; }
compile() { cmake --build "$build" --target "${targets[@]}"; }
install_module() {
  cmake --install "$build" --prefix "$top/build/installed"
}

# Whatever is configured needs these.
packages_and_exim() {
  step 'Debian packages' scripts/install-packages
  step 'Exim with module loading' scripts/get-exim
}

set_up() {
  cd "$top" || exit
  packages_and_exim
  step 'configure' configure
  step 'compile' compile
  step 'install into that Exim' install_module
}
