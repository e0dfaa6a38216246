/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* NOLINT(bugprone-reserved-identifier): dladdr() */
#include "core/own_library.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long the folder of a file is in its path, without the slashes behind it; -1: there is none.
 * There may be several: Exim's LOOKUP_MODULE_DIR may end with some, and Exim adds its own. */
static int folder_length(const char* file) {
  const char* end = strrchr(file, '/');
  if (!end) return -1;
  while (end > file && end[-1] == '/') end--;
  return (int)(end - file);
}

int danesmtp_path_beside(const void* address, const char* name, char* path, size_t size) {
  Dl_info info;
  int folder, length;
  if (!dladdr(address, &info) || !info.dli_fname) return 0;
  if ((folder = folder_length(info.dli_fname)) < 0) return 0;
  length = snprintf(path, size, "%.*s/%s", folder, info.dli_fname, name);
  return length > 0 && (size_t)length < size;
}

static int within(uint64_t offset, uint64_t length, uint64_t size) {
  return offset <= size && length <= size - offset;
}

static int read_at(int fd, void* into, size_t length, uint64_t offset) {
  return pread(fd, into, length, (off_t)offset) == (ssize_t)length;
}

static int segments_are_there(int fd, const ElfW(Ehdr) * header, uint64_t size) {
  ElfW(Phdr) segments[32]; /* linkers make about ten */
  const size_t count = header->e_phnum;
  if (header->e_phentsize != sizeof(*segments) || count > sizeof(segments) / sizeof(*segments))
    return 0;
  if (!read_at(fd, segments, count * sizeof(*segments), header->e_phoff)) return 0;
  for (size_t i = 0; i < count; i++)
    if (!within(segments[i].p_offset, segments[i].p_filesz, size)) return 0;
  return 1;
}

/* The table of sections is the end of the file, also after strip(1). */
static int end_is_there(int fd, const ElfW(Ehdr) * header, uint64_t size) {
  ElfW(Shdr) names;
  if (header->e_shnum == 0) return 1;
  return header->e_shentsize == sizeof(names) && header->e_shstrndx < header->e_shnum &&
         within(header->e_shoff, (uint64_t)header->e_shnum * sizeof(names), size) &&
         read_at(fd, &names, sizeof(names), header->e_shoff + header->e_shstrndx * sizeof(names)) &&
         names.sh_type == SHT_STRTAB;
}

/* A file that is cut short, or is just being copied, would end the process by a signal, and Exim
 * would freeze the message. Its own headers (ELF gABI) say how far it has to reach. */
static int is_cut_short(const char* path) {
  struct stat facts;
  ElfW(Ehdr) header;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0; /* dlopen() says why */
  const int whole = fstat(fd, &facts) == 0 && read_at(fd, &header, sizeof(header), 0) &&
                    memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                    segments_are_there(fd, &header, (uint64_t)facts.st_size) &&
                    end_is_there(fd, &header, (uint64_t)facts.st_size);
  close(fd);
  return !whole;
}

const void* danesmtp_open_library(const char* path, const struct danesmtp_own_library* wanted,
                                  char* problem, size_t size) {
  const struct danesmtp_table_head* head;
  void* library;
  if (is_cut_short(path)) {
    snprintf(problem, size, "%.400s is not whole; install it again", path);
    return NULL;
  }
  if (!(library = dlopen(path, RTLD_NOW | RTLD_LOCAL))) {
    snprintf(problem, size, "cannot open its %s: %.400s", wanted->called, dlerror());
    return NULL;
  }
  head = dlsym(library, wanted->symbol);
  if (head && head->version == wanted->head.version && head->size == wanted->head.size) return head;
  snprintf(problem, size,
           "%.400s does not belong to this module; install both again, of one version", path);
  return NULL;
}
