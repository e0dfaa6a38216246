# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the makers of packages share: what they say, and the tarballs that packages are built of. Sourced, not run; the
# script that sources it has $top, and $place for logs.
: "${top:?}"

die() { echo "package: $*" >&2; exit 1; }
say() { echo "package: $*"; }

# logged NAME COMMAND...: what it says goes to $place/NAME.log; when it fails, the end of that is shown.
logged() {
  local log=${place:?}/$1.log start=$SECONDS
  shift
  "$@" > "$log" 2>&1 || { tail -n 30 "$log" >&2; die "the log is $log"; }
  say "$(basename "$place"): $(basename "$log" .log), $((SECONDS - start)) s"
}

# files_of_checkout FOLDER [quick]: a tar of what is committed, in FOLDER; quick: and of what is not.
files_of_checkout() {
  if [ "${2:-}" = quick ]; then
    (cd "$top" && git ls-files -z --cached --others --exclude-standard |
      tar -c --null --transform "s|^|$1/|" -T -)
  else
    git -C "$top" archive --format=tar --prefix="$1/" HEAD
  fi
}

# source_of_checkout NAME FOLDER [quick]: FOLDER/NAME.tar.xz, of files_of_checkout.
source_of_checkout() { files_of_checkout "$1" "${3:-}" | xz -0 > "$2/$1.tar.xz"; }

# source_of_exim SOURCE NAME FILE: a tarball of Exim's source and its Local/Makefile, in a folder NAME.
source_of_exim() {
  tar -C "$1" --exclude='./build-*' --exclude=./.git --transform "s|^\.|$2|" --sort=name --owner=0 --group=0 \
    --numeric-owner --mtime="@$(git -C "$top" log -1 --format=%ct)" -cf - . | xz -0 > "$3"
}
