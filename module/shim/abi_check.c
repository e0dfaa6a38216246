/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the running Exim the one this shim was compiled for? The loader's magic number did not change
 * when the structures did, so the version, the sizes of exported symbols, the offsets in the exported
 * option tables and the set of option names (which tells the build's features) are compared. Symbols
 * that hold a structure by value tell its size too: `cutthrough` that of host_item. What cannot be
 * compared differs, but for what an Exim may be without. Reads only; calls no function of Exim. */
#include "shim.h"
#include "symbol_size.h"

#include "abi_facts.h"

static char difference[256];

static const char *differs(const char *what, size_t here, size_t there)
{
  snprintf(difference, sizeof(difference), "%s is %zu in this module and %zu in the running Exim %.40s", what,
           here, there, CS version_string);
  return difference;
}

static const char *not_known(const char *what)
{
  snprintf(difference, sizeof(difference), "%s is not known of the running Exim %.40s", what,
           CS version_string);
  return difference;
}

static const char *compared(const struct abi_size *expected, size_t there)
{
  if (there == 0) return expected->may_lack ? NULL : not_known(expected->what);
  return there == expected->size ? NULL : differs(expected->what, expected->size, there);
}

static const char *size_difference(void)
{
  const char *why = NULL;
  for (size_t i = 0; !why && i < nelem(abi_sizes); i++)
    why = compared(abi_sizes + i, program_symbol_size(abi_sizes[i].symbol));
  if (!why) why = compared(&abi_transport_info, exim_transport_info_size());
  if (!why) why = compared(&abi_auth_info, exim_auth_info_size());
  if (why) return why;
  if ((size_t)drinfo_of(&smtp_transport_info)->options_len != sizeof(smtp_transport_options_block))
    return differs("the length of the smtp options", sizeof(smtp_transport_options_block),
                   (size_t)drinfo_of(&smtp_transport_info)->options_len);
  return NULL;
}

static const optionlist *named(const optionlist *table, int count, const char *name)
{
  for (int i = 0; i < count; i++)
    if (strcmp(table[i].name, name) == 0) return table + i;
  return NULL;
}

/* Names and offsets tell the build's features; those that are compiled out here must be absent there.
 * This is what catches a shift of flag bits, which leaves every size as it was. */
static const char *option_difference(const optionlist *table, int count, const struct abi_option *expected,
                                     size_t expected_count)
{
  for (size_t i = 0; i < expected_count; i++) {
    const optionlist *o = named(table, count, expected[i].name);
    const size_t there = o ? (size_t)o->v.offset : ABSENT;
    if (there == expected[i].offset) continue;
    if (there != ABSENT && expected[i].offset != ABSENT) {
      static char what[80];
      snprintf(what, sizeof(what), "the offset of option %s", expected[i].name);
      return differs(what, expected[i].offset, there);
    }
    snprintf(difference, sizeof(difference),
             "option %s is %s by the Exim that this module was built for, and %s by the running Exim %.40s",
             expected[i].name, o ? "not known" : "known", o ? "known" : "not known", CS version_string);
    return difference;
  }
  return NULL;
}

/* Exim's own test suite runs a copy of the program, in which it has overwritten the version and this mark. */
static BOOL exims_test_suite_runs(void)
{
#ifdef DANESMTP_EXIM_TESTSUITE
  return strcmp(CCS version_string, "x.yz") == 0 && strcmp(CCS running_status, "<<<testing>>>") == 0;
#else
  return FALSE;
#endif
}

const char *abi_difference(void)
{
  const char *why;
  if (strcmp(CCS version_string, EXIM_VERSION_STR) != 0 && !exims_test_suite_runs()) {
    snprintf(difference, sizeof(difference),
             "this module was built for Exim " EXIM_VERSION_STR ", the running one is %.40s",
             CS version_string);
    return difference;
  }
  if ((why = size_difference())) return why;
  if ((why = option_difference(smtp_transport_options, smtp_transport_options_count, abi_smtp_options,
                               nelem(abi_smtp_options))))
    return why;
  return option_difference(optionlist_transports, optionlist_transports_size, abi_transport_options,
                           nelem(abi_transport_options));
}
