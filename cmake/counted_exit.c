/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In a build of scripts/coverage, _exit(): a process that ends by it would take its counts with it.
 */
void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));

void __wrap__exit(int status) {
  __gcov_dump();
  __real__exit(status);
}
