/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option table: that of the running Exim's smtp driver, at its own offsets and with its own
 * defaults, and ours behind it. Built when the module is loaded, from memory alone. */
#include "shim.h"

optionlist *option_table;
int option_table_count;
void *option_defaults;
int option_block_length;

static size_t own_offset; /* of struct danesmtp_options in the options block */

#define OWN(field)                                       \
  {                                                      \
#field, opt_stringptr,                               \
    {                                                    \
      .offset = offsetof(struct danesmtp_options, field) \
    }                                                    \
  }
static const optionlist own_table[] = {
  OWN(dane_audit_domains),     OWN(dane_cache),       OWN(dane_callouts),       OWN(dane_dnssec),
  OWN(dane_except_domains),    OWN(dane_insecure_mx), OWN(dane_mta_sts),        OWN(dane_mta_sts_fail),
  OWN(dane_require_tls),       OWN(dane_resolver),    OWN(dane_tls_resumption), OWN(dane_tlsrpt_socket),
  OWN(dane_trust_anchor_file),
};

/* Exim's own, which a build without DANE does not have. What mail is sent in clear must not depend on
 * how Exim was built. */
#define EXIMS(field)                                     \
  {                                                      \
#field, opt_stringptr,                               \
    {                                                    \
      .offset = offsetof(struct danesmtp_options, field) \
    }                                                    \
  }
static const optionlist dane_table[] = {
  EXIMS(dane_require_tls_ciphers),
  EXIMS(hosts_require_dane),
  EXIMS(hosts_try_dane),
};
#undef EXIMS
#undef OWN

static const struct danesmtp_options own_defaults = {
  .dane_audit_domains = NULL,
  .dane_cache = US "$spool_directory/db/danesmtp",
  .dane_callouts = US "skip",
  .dane_dnssec = US "validate",
  .dane_except_domains = NULL,
  .dane_insecure_mx = US "dane",
  .dane_mta_sts = NULL,
  .dane_mta_sts_fail = US "ignore",
  .dane_require_tls = NULL,
  .dane_resolver = US "auto",
  .dane_tls_resumption = US "yes",
  .dane_tlsrpt_socket = NULL,
  .dane_trust_anchor_file = NULL,
  .dane_require_tls_ciphers = NULL,
  .hosts_require_dane = NULL,
  .hosts_try_dane = US "*",
};

/* Exim searches the table by binary search in strcmp order. */
static int by_name(const void *a, const void *b)
{
  return strcmp(((const optionlist *)a)->name, ((const optionlist *)b)->name);
}

static void append(const optionlist *options, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    optionlist *o = option_table + option_table_count++;
    *o = options[i];
    o->v.offset += (long)own_offset;
  }
}

static BOOL smtp_has(const char *name)
{
  for (int i = 0; i < *drinfo_of(&smtp_transport_info)->options_count; i++)
    if (strcmp(drinfo_of(&smtp_transport_info)->options[i].name, name) == 0) return TRUE;
  return FALSE;
}

void option_table_build(void)
{
  const transport_driver_info *smtp = drinfo_of(&smtp_transport_info);
  const int smtp_count = *smtp->options_count;
  const size_t align = sizeof(void *) - 1;

  own_offset = ((size_t)smtp->options_len + align) & ~align;
  option_block_length = (int)(own_offset + sizeof(own_defaults));
  option_table = calloc((size_t)smtp_count + nelem(own_table) + nelem(dane_table), sizeof(optionlist));
  option_defaults = calloc(1, (size_t)option_block_length);
  if (!option_table || !option_defaults) abort();

  memcpy(option_defaults, smtp->options_block, (size_t)smtp->options_len);
  memcpy((char *)option_defaults + own_offset, &own_defaults, sizeof(own_defaults));

  for (int i = 0; i < smtp_count; i++) {
    option_table[i] = smtp->options[i];
    option_table[i].type &= ~opt_set; /* left there by an earlier instance of driver = smtp */
  }
  option_table_count = smtp_count;
  append(own_table, nelem(own_table));
  for (size_t i = 0; i < nelem(dane_table); i++)
    if (!smtp_has(dane_table[i].name)) append(dane_table + i, 1);
  qsort(option_table, (size_t)option_table_count, sizeof(optionlist), by_name);
}

const optionlist *option_find(const char *name)
{
  const optionlist key = { .name = name };
  return bsearch(&key, option_table, (size_t)option_table_count, sizeof(optionlist), by_name);
}

/* Where the instance keeps the value of an option of this type; NULL when there is no such option. */
void *option_address(const transport_instance *tblock, const char *name, int type)
{
  const optionlist *o = option_find(name);
  if (!o || (o->type & opt_mask) != type) return NULL;
  return o->type & opt_public ? US tblock + o->v.offset : US drinst_of(tblock)->options_block + o->v.offset;
}

struct danesmtp_options *own_options(const transport_instance *tblock)
{
  return (struct danesmtp_options *)(US drinst_of(tblock)->options_block + own_offset);
}
