/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens the core library in the delivery process, at the first delivery that needs it. Its place is
 * beside this module's own file, or fixed at build time; never from the environment. */
#define _GNU_SOURCE /* NOLINT(bugprone-reserved-identifier): dladdr() */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>

#include "shim.h"

static char problem[512];

static BOOL core_path(char *path, size_t size)
{
#ifdef DANESMTP_CORE_PATH
  return (size_t)snprintf(path, size, "%s", DANESMTP_CORE_PATH) < size;
#else
  Dl_info info;
  const char *slash;
  if (!dladdr((void *)&core_library, &info) || !info.dli_fname) return FALSE;
  if (!(slash = strrchr(info.dli_fname, '/'))) return FALSE;
  return (size_t)snprintf(path, size, "%.*s/danesmtp/core.so", (int)(slash - info.dli_fname),
                          info.dli_fname) < size;
#endif
}

static BOOL within(uint64_t offset, uint64_t length, uint64_t size)
{
  return offset <= size && length <= size - offset;
}

static BOOL read_at(int fd, void *into, size_t length, uint64_t offset)
{
  return pread(fd, into, length, (off_t)offset) == (ssize_t)length;
}

static BOOL segments_are_there(int fd, const ElfW(Ehdr) * header, uint64_t size)
{
  ElfW(Phdr) segment;
  if (header->e_phentsize != sizeof(segment)) return FALSE;
  for (int i = 0; i < header->e_phnum; i++) {
    if (!read_at(fd, &segment, sizeof(segment), header->e_phoff + (uint64_t)i * sizeof(segment)))
      return FALSE;
    if (!within(segment.p_offset, segment.p_filesz, size)) return FALSE;
  }
  return TRUE;
}

/* The table of sections is the end of the file, also after strip(1). */
static BOOL end_is_there(int fd, const ElfW(Ehdr) * header, uint64_t size)
{
  ElfW(Shdr) names;
  if (header->e_shnum == 0) return TRUE;
  return header->e_shentsize == sizeof(names) && header->e_shstrndx < header->e_shnum &&
         within(header->e_shoff, (uint64_t)header->e_shnum * sizeof(names), size) &&
         read_at(fd, &names, sizeof(names), header->e_shoff + header->e_shstrndx * sizeof(names)) &&
         names.sh_type == SHT_STRTAB;
}

/* A file that is cut short, or is just being copied, would end the process by a signal, and Exim would
 * freeze the message. Its own headers (ELF gABI) say how far it has to reach. */
static BOOL is_whole(const char *path)
{
  struct stat facts;
  ElfW(Ehdr) header;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const BOOL whole = fd >= 0 && fstat(fd, &facts) == 0 && read_at(fd, &header, sizeof(header), 0) &&
                     memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                     segments_are_there(fd, &header, (uint64_t)facts.st_size) &&
                     end_is_there(fd, &header, (uint64_t)facts.st_size);
  if (fd >= 0) close(fd);
  return whole;
}

const struct danesmtp_core_table *core_library(const char **why)
{
  static const struct danesmtp_core_table *core;
  char path[PATH_MAX];
  void *library;
  if (core) return core;

  *why = problem;
  if (!core_path(path, sizeof(path))) {
    snprintf(problem, sizeof(problem), "danesmtp: cannot tell where its core library is");
    return NULL;
  }
  if (access(path, R_OK) == 0 && !is_whole(path)) {
    snprintf(problem, sizeof(problem), "danesmtp: %.400s is not whole; install it again", path);
    return NULL;
  }
  if (!(library = dlopen(path, RTLD_NOW | RTLD_LOCAL))) {
    snprintf(problem, sizeof(problem), "danesmtp: cannot open its core library: %.400s", dlerror());
    return NULL;
  }
  core = dlsym(library, DANESMTP_CORE_SYMBOL);
  if (!core || core->version != DANESMTP_BRIDGE_VERSION || core->size != sizeof(*core)) {
    snprintf(problem, sizeof(problem), "danesmtp: %.400s does not belong to this module", path);
    return core = NULL;
  }
  return core;
}
