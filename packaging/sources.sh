# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The tarballs that packages are built of. Sourced, not run; the script that sources it has $top.
: "${top:?}"

# source_of_checkout NAME FOLDER [quick]: FOLDER/NAME.tar.xz, of what is committed, in a folder NAME; quick: and of
# what is not.
source_of_checkout() {
  if [ "${3:-}" = quick ]; then
    (cd "$top" && git ls-files -z --cached --others --exclude-standard |
      tar -c --null --transform "s|^|$1/|" -T -)
  else
    git -C "$top" archive --format=tar --prefix="$1/" HEAD
  fi | xz -0 > "$2/$1.tar.xz"
}

# source_of_exim SOURCE NAME FILE: a tarball of Exim's source and its Local/Makefile, in a folder NAME.
source_of_exim() {
  tar -C "$1" --exclude='./build-*' --exclude=./.git --transform "s|^\.|$2|" --sort=name --owner=0 --group=0 \
    --numeric-owner --mtime="@$(git -C "$top" log -1 --format=%ct)" -cf - . | xz -0 > "$3"
}
