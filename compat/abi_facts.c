/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program that prints the facts of abi_facts.h, and where the flags of an address are, of the Exim whose
 * headers it is compiled with: one a line, as they stand in a record of compat/abi. */
#include "shim/shim.h"

#include "abi_facts.h"

static void print_size(const struct abi_size *row)
{
  printf("%s: %zu\n", row->what, row->size);
}

static void print_options(const char *of, const struct abi_option *rows, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (rows[i].offset == ABSENT)
      printf("%s option %s: absent\n", of, rows[i].name);
    else
      printf("%s option %s: %zu\n", of, rows[i].name, rows[i].offset);
}

/* A bit field has no address: where it is shows when it alone is set. */
static void print_flag(const char *name, const address_item *a)
{
  const unsigned char *octets = (const unsigned char *)a;
  for (size_t i = 0; i < sizeof(*a); i++)
    if (octets[i]) printf("flag %s: octet %zu, 0x%02x\n", name, i, octets[i]);
}

#define PRINT_FLAG(flag)      \
  do {                        \
    memset(a, 0, sizeof(*a)); \
    setflag(a, flag);         \
    print_flag(#flag, a);     \
  } while (0)

static void print_flags(address_item *a)
{
  PRINT_FLAG(af_homonym);
  PRINT_FLAG(af_dr_retry_exists);
  PRINT_FLAG(af_retry_skipped);
  PRINT_FLAG(af_pass_message);
  PRINT_FLAG(af_new_conn);
  PRINT_FLAG(af_cont_conn);
  PRINT_FLAG(af_pipelining);
  PRINT_FLAG(af_chunking_used);
  PRINT_FLAG(af_cert_verified);
#ifndef DISABLE_PRDR
  PRINT_FLAG(af_prdr_used);
#endif
#ifdef SUPPORT_DANE
  PRINT_FLAG(af_dane_verified);
#endif
#ifdef SUPPORT_I18N
  PRINT_FLAG(af_utf8_downcvt);
#endif
#ifndef DISABLE_TLS_RESUME
  PRINT_FLAG(af_tls_resume);
#endif
}

int main(void)
{
  address_item item;
  printf("Exim %s\n", EXIM_VERSION_STR);
  for (size_t i = 0; i < nelem(abi_sizes); i++) print_size(abi_sizes + i);
  print_size(&abi_transport_info);
  print_size(&abi_auth_info);
  print_options("smtp", abi_smtp_options, nelem(abi_smtp_options));
  print_options("transport", abi_transport_options, nelem(abi_transport_options));
  print_flags(&item);
  return 0;
}
