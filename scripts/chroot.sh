# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian chroots from apt's own mirror, for what must not change the machine. Sourced, not run; the script that
# sources it has die() and say().

# The repository that apt has for Debian itself.
debian_mirror() {
  # shellcheck disable=SC2016 # fields of apt's, not variables
  apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)|$(RELEASE)' |
    awk -F'|' '$1 == "Debian" && $3 !~ /-security$/ { print $2 }' | sort -u | head -n 1
}

# Files are put in place by ourselves: what the machine's apt is told about proxies holds inside too.
machine_settings() {
  cp -L /etc/resolv.conf "$1/etc/resolv.conf"
  apt-config dump | grep -E '^Acquire::[a-z]+::Proxy' > "$1/etc/apt/apt.conf.d/90outside" || true
}

# In namespaces of its own, so that every mount and process ends with it.
#   inside [--layer DIR] [--bind SOURCE PLACE] [--bind-ro SOURCE PLACE] [--no-network] [--as USER] ROOT COMMAND...
# --layer: what is written lands in DIR, and ROOT stays as it is.
inside() {
  local layer='' user='' binds=()
  local namespaces=(--mount --pid --fork --kill-child --propagation private)
  while [[ $1 = --* ]]; do
    case $1 in
      --layer) layer=$2; shift 2 ;;
      --bind|--bind-ro) binds+=("${1#--}" "$2" "$3"); shift 3 ;;
      --no-network) namespaces+=(--net); shift ;;
      --as) user=$2; shift 2 ;;
    esac
  done
  unshare "${namespaces[@]}" bash "${BASH_SOURCE[0]}" --enter "$layer" "$user" "${#binds[@]}" "${binds[@]}" "$@"
}

# What inside() starts in the new namespaces.
enter_chroot() {
  local layer=$1 user=$2 count=$3 root as=()
  shift 3
  local binds=("${@:1:count}")
  shift "$count"
  root=$1
  shift
  if [ -n "$layer" ]; then
    mkdir -p "$layer/upper" "$layer/work" "$layer/merged"
    mount -t overlay overlay -o "lowerdir=$root,upperdir=$layer/upper,workdir=$layer/work" "$layer/merged"
    root=$layer/merged
  fi
  set -- "$root" "$@"
  local index
  for ((index = 0; index < count; index += 3)); do
    mkdir -p "$root${binds[index + 2]}"
    mount --bind "${binds[index + 1]}" "$root${binds[index + 2]}"
    [ "${binds[index]}" = bind ] || mount -o remount,bind,ro "$root${binds[index + 2]}"
  done
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  ip link set lo up 2>/dev/null || true
  shift
  [ -z "$user" ] || as=(setpriv "--reuid=$user" "--regid=$user" --init-groups --pdeathsig keep)
  exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    "${as[@]}" "$@"
}

# new_chroot ROOT SUITE PACKAGE...: makes one, unless there is one that was made for the same.
new_chroot() {
  local root=$1 suite=$2 wanted mirror
  shift 2
  wanted="$suite $*"
  [ "$(cat "$root/made-for" 2>/dev/null)" = "$wanted" ] && return
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || die "apt names no Debian repository to make a chroot from"
  say "a chroot of $suite"
  rm -rf --one-file-system "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase "$suite" "$root" "$mirror" > "$root.log" 2>&1 ||
    die "no chroot of $suite from $mirror (can it be reached?): $(tail -n 1 "$root.log"); the log is $root.log"
  machine_settings "$root"
  [ $# -eq 0 ] || { inside "$root" apt-get update -qq &&
    inside "$root" apt-get install -y -qq --no-install-recommends "$@"; } >> "$root.log" 2>&1 ||
    die "no packages for the chroot: $(tail -n 1 "$root.log"); the log is $root.log"
  inside "$root" apt-get clean
  echo "$wanted" > "$root/made-for"
}

if [ "${1:-}" = --enter ]; then
  set -euo pipefail
  shift
  enter_chroot "$@"
fi
