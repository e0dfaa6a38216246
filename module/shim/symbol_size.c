/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The size of a data symbol that the running program exports, from its dynamic symbol table (ELF gABI,
 * GNU hash section). Works on stripped binaries, with any libc. Looked up by hash: dladdr1() walks the
 * whole table at each call, which every process that loads the module would pay for. */
#define _GNU_SOURCE /* NOLINT(bugprone-reserved-identifier): link.h */
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "symbol_size.h"

struct tables {
  const ElfW(Sym) * symbols;
  const char *names;
  const uint32_t *hash; /* nbuckets, symoffset, bloom words, bloom shift; bloom, buckets, chains */
};

static const void *table_at(ElfW(Addr) base, ElfW(Addr) value)
{
  /* glibc has relocated these entries, musl has not.
   * NOLINTNEXTLINE(performance-no-int-to-ptr): addresses are numbers in ELF */
  return (const void *)(value < base ? base + value : value);
}

static void read_dynamic(const ElfW(Dyn) * dynamic, ElfW(Addr) base, struct tables *t)
{
  for (; dynamic->d_tag != DT_NULL; dynamic++) {
    const void *at = table_at(base, dynamic->d_un.d_ptr);
    if (dynamic->d_tag == DT_SYMTAB) t->symbols = at;
    if (dynamic->d_tag == DT_STRTAB) t->names = at;
    if (dynamic->d_tag == DT_GNU_HASH) t->hash = at;
  }
}

/* The first object reported is the program itself. */
static int first_object(struct dl_phdr_info *info, size_t size, void *tables)
{
  (void)size;
  for (int i = 0; i < info->dlpi_phnum; i++)
    if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
      /* NOLINTNEXTLINE(performance-no-int-to-ptr): addresses are numbers in ELF */
      read_dynamic((const ElfW(Dyn) *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr), info->dlpi_addr,
                   tables);
  return 1;
}

static uint32_t gnu_hash(const char *name)
{
  uint32_t h = 5381;
  for (const unsigned char *s = (const unsigned char *)name; *s; s++) h = h * 33 + *s;
  return h;
}

size_t program_symbol_size(const char *name)
{
  static struct tables t;
  const uint32_t h = gnu_hash(name);
  if (!t.hash) dl_iterate_phdr(first_object, &t);
  if (!t.hash || !t.symbols || !t.names) return 0;

  const uint32_t *buckets = t.hash + 4 + t.hash[2] * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
  const uint32_t *chains = buckets + t.hash[0];
  uint32_t i = t.hash[0] ? buckets[h % t.hash[0]] : 0;
  if (i < t.hash[1]) return 0;
  for (;; i++) {
    const uint32_t link = chains[i - t.hash[1]];
    if ((link | 1) == (h | 1) && strcmp(t.names + t.symbols[i].st_name, name) == 0)
      return t.symbols[i].st_size;
    if (link & 1) return 0;
  }
}
