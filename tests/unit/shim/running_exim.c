/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What abi_check.c reads of a running Exim, in the place of one: as the headers say, until a fact
 * is changed. */
#include "unit/shim/running_exim.h"
#include "shim/shim.h"
#include "shim/symbol_size.h"

#include "abi_facts.h"

uschar* version_string;
optionlist smtp_transport_options[nelem(abi_smtp_options) + 1];
int smtp_transport_options_count;
optionlist optionlist_transports[nelem(abi_transport_options) + 1];
int optionlist_transports_size;

static size_t sizes[nelem(abi_sizes)], size_of_transport_info, size_of_auth_info;

#ifdef TRANSPORT_MAGIC
transport_info smtp_transport_info;
#else
transport_info* exim_smtp_driver(void) {
  static transport_info driver;
  return &driver;
}
#endif

size_t exim_transport_info_size(void) {
  return size_of_transport_info;
}

size_t exim_auth_info_size(void) {
  return size_of_auth_info;
}

size_t program_symbol_size(const char* name) {
  for (size_t i = 0; i < nelem(abi_sizes); i++)
    if (strcmp(abi_sizes[i].symbol, name) == 0) return sizes[i];
  return 0;
}

static int fill(optionlist* options, const struct abi_option* rows, size_t count) {
  int filled = 0;
  for (size_t i = 0; i < count; i++) {
    if (rows[i].offset == ABSENT) continue;
    options[filled].name = rows[i].name;
    options[filled++].v.offset = (long)rows[i].offset;
  }
  return filled;
}

void running_exim_as_compiled(void) {
  version_string = US EXIM_VERSION_STR;
  for (size_t i = 0; i < nelem(abi_sizes); i++) sizes[i] = abi_sizes[i].size;
  size_of_transport_info = sizeof(transport_info);
  size_of_auth_info = sizeof(auth_info);
  drinfo_of(&smtp_transport_info)->options_len = sizeof(smtp_transport_options_block);
  smtp_transport_options_count =
      fill(smtp_transport_options, abi_smtp_options, nelem(abi_smtp_options));
  optionlist_transports_size =
      fill(optionlist_transports, abi_transport_options, nelem(abi_transport_options));
}

/* Another offset, or the option is there or not where it was otherwise. */
static void change_option(optionlist* options, int* count, const struct abi_option* row,
                          enum change change) {
  int i = 0;
  while (i < *count && strcmp(options[i].name, row->name) != 0) i++;
  if (i == *count)
    options[(*count)++].name = row->name;
  else if (change == CHANGE_VALUE)
    options[i].v.offset += 8;
  else
    options[i] = options[--*count];
}

static const char* change_size(size_t* size, const char* what, enum change change) {
  *size = change == CHANGE_VALUE ? *size + 8 : 0;
  return what;
}

const char* running_exim_changed(size_t fact, enum change change, int* may_lack) {
  *may_lack = 0;
  if (fact-- == 0) return version_string = US "4.0", "4.0";
  if (fact < nelem(abi_sizes)) {
    *may_lack = abi_sizes[fact].may_lack;
    return change_size(sizes + fact, abi_sizes[fact].what, change);
  }
  fact -= nelem(abi_sizes);
  if (fact-- == 0) return change_size(&size_of_transport_info, abi_transport_info.what, change);
  if (fact-- == 0) {
    *may_lack = abi_auth_info.may_lack;
    return change_size(&size_of_auth_info, abi_auth_info.what, change);
  }
  if (fact-- == 0) {
    drinfo_of(&smtp_transport_info)->options_len += 8;
    return "the length of the smtp options";
  }
  if (fact < nelem(abi_smtp_options)) {
    change_option(smtp_transport_options, &smtp_transport_options_count, abi_smtp_options + fact,
                  change);
    return abi_smtp_options[fact].name;
  }
  fact -= nelem(abi_smtp_options);
  if (fact >= nelem(abi_transport_options)) return NULL;
  change_option(optionlist_transports, &optionlist_transports_size, abi_transport_options + fact,
                change);
  return abi_transport_options[fact].name;
}
