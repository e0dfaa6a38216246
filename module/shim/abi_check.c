/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the running Exim the one this shim was compiled for? The loader's magic number did not change
 * when the structures did, so the version, the sizes of exported symbols, the offsets in the exported
 * option tables and the set of option names (which tells the build's features) are compared. Symbols
 * that hold a structure by value tell its size too: `cutthrough` that of host_item. What cannot be
 * compared differs, but for what an Exim may be without. Reads only; calls no function of Exim. */
#include "shim.h"
#include "symbol_size.h"

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

struct expected_size {
  const char *symbol;
  const char *what;
  size_t size;
  BOOL may_lack; /* a build may be without it, or have it in a module */
};

static const char *compared(const struct expected_size *expected, size_t there)
{
  if (there == 0) return expected->may_lack ? NULL : not_known(expected->what);
  return there == expected->size ? NULL : differs(expected->what, expected->size, there);
}

static const char *size_difference(void)
{
  static const struct expected_size of_transport = { .what = "the size of transport_info",
                                                     .size = sizeof(transport_info) };
  static const struct expected_size of_auth = { .what = "the size of auth_info",
                                                .size = sizeof(auth_info),
                                                .may_lack = TRUE };
  static const struct expected_size expected[] = {
    { "transport_defaults", "the size of transport_instance", sizeof(transport_instance) },
    { "address_defaults", "the size of address_item", sizeof(address_item) },
    { "tls_out", "the size of tls_support", sizeof(tls_support) },
    { "smtp_transport_option_defaults", "the size of the smtp options",
      sizeof(smtp_transport_options_block) },
    { "f", "the size of the global flags", sizeof(f) },
    { "cutthrough", "the size of cut_t (host_item, client_conn_ctx)", sizeof(cut_t) },
    { "auth_defaults", "the size of auth_instance", sizeof(auth_instance) },
    { "router_defaults", "the size of router_instance", sizeof(router_instance) },
    EXIM_SIZES_OF_THE_SERIES
  };
  const char *why = NULL;
  for (size_t i = 0; !why && i < nelem(expected); i++)
    why = compared(expected + i, program_symbol_size(expected[i].symbol));
  if (!why) why = compared(&of_transport, exim_transport_info_size());
  if (!why) why = compared(&of_auth, exim_auth_info_size());
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

#define ABSENT ((size_t)-1)
struct expected_option {
  const char *name;
  size_t offset;
};

/* Names and offsets tell the build's features; those that are compiled out here must be absent there.
 * This is what catches a shift of flag bits, which leaves every size as it was. */
static const char *option_difference(const optionlist *table, int count,
                                     const struct expected_option *expected, size_t expected_count)
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

#define SMTP(field)                                       \
  {                                                       \
#field, offsetof(smtp_transport_options_block, field) \
  }
#define SMTP_ABSENT(field) \
  {                        \
#field, ABSENT         \
  }
static const struct expected_option smtp_expected[] = {
  SMTP(hosts),
  SMTP(command_timeout),
  SMTP(hosts_max_try),
  SMTP(allow_localhost),
  SMTP(keepalive),
  SMTP(tls_sni),
  SMTP(tls_tempfail_tryclear),
  SMTP(tls_verify_cert_hostnames),
#ifdef SUPPORT_DANE
  SMTP(hosts_require_dane),
#else
  SMTP_ABSENT(hosts_require_dane),
#endif
#ifndef DISABLE_PRDR
  SMTP(hosts_try_prdr),
#else
  SMTP_ABSENT(hosts_try_prdr),
#endif
#ifndef DISABLE_PIPE_CONNECT
  SMTP(hosts_pipe_connect),
#else
  SMTP_ABSENT(hosts_pipe_connect),
#endif
#ifndef DISABLE_OCSP
  SMTP(hosts_request_ocsp),
#else
  SMTP_ABSENT(hosts_request_ocsp),
#endif
#ifndef DISABLE_TLS_RESUME
  SMTP(tls_resumption_hosts),
#else
  SMTP_ABSENT(tls_resumption_hosts),
#endif
#ifdef SUPPORT_I18N
  SMTP(utf8_downconvert),
#else
  SMTP_ABSENT(utf8_downconvert),
#endif
#ifdef SUPPORT_SOCKS
  SMTP(socks_proxy),
#else
  SMTP_ABSENT(socks_proxy),
#endif
#ifdef EXPERIMENTAL_ARC
  SMTP(arc_sign),
#else
  SMTP_ABSENT(arc_sign),
#endif
#ifdef DISABLE_DKIM
  SMTP_ABSENT(dkim_domain),
#endif
};

#define INSTANCE(name, field)                 \
  {                                           \
    name, offsetof(transport_instance, field) \
  }
static const struct expected_option transport_expected[] = {
  INSTANCE("body_only", body_only),
  INSTANCE("headers_add", add_headers),
  INSTANCE("transport_filter", filter_command),
  INSTANCE("return_path_add", return_path_add),
#ifndef DISABLE_EVENT
  INSTANCE("event_action", event_action),
#else
  { "event_action", ABSENT },
#endif
};

const char *abi_difference(void)
{
  const char *why;
  if (strcmp(CCS version_string, EXIM_VERSION_STR) != 0) {
    snprintf(difference, sizeof(difference),
             "this module was built for Exim " EXIM_VERSION_STR ", the running one is %.40s",
             CS version_string);
    return difference;
  }
  if ((why = size_difference())) return why;
  if ((why = option_difference(smtp_transport_options, smtp_transport_options_count, smtp_expected,
                               nelem(smtp_expected))))
    return why;
  return option_difference(optionlist_transports, optionlist_transports_size, transport_expected,
                           nelem(transport_expected));
}
