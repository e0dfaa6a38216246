/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dane_require_tls: does this message require TLS (RFC 8689)? Exim has no REQUIRETLS on the way in, so an
 * expansion says. It is expanded once for a batch, in the process that makes the bounces, before the one
 * that delivers is made of it. What a requirement means is not decided here. */
#include "shim.h"

static struct {
  const transport_instance *tblock;
  const address_item *addresses;
  enum tls_required required;
  const char *why;
} last;

BOOL tls_required_is_set(const transport_instance *tblock)
{
  const uschar *text = own_options(tblock)->dane_require_tls;
  return text && *text;
}

enum tls_required tls_required_now(const transport_instance *tblock, const char **why)
{
  const uschar *text = own_options(tblock)->dane_require_tls;
  if (!tls_required_is_set(tblock)) return TLS_NOT_REQUIRED;
  const uschar *word = expand_string(text);
  if (!word && f.expand_string_forcedfail) return TLS_NOT_REQUIRED;
  const enum tls_required required = word ? tls_required_word(CCS word) : TLS_REQUIRED_UNKNOWN;
  if (required != TLS_REQUIRED_UNKNOWN) return required;
  *why =
      CCS(word ? string_sprintf("option dane_require_tls: \"%.100s\" is not yes or no", string_printing(word))
               : string_sprintf("failed to expand option dane_require_tls: %s", expand_string_message));
  return required;
}

void tls_required_ask(const transport_instance *tblock, const address_item *addresses)
{
  last.tblock = tblock;
  last.addresses = addresses;
  last.required = tls_required_now(tblock, &last.why);
  /* RFC 8689 5, D-195: this process makes the bounce. */
  if (last.required == TLS_REQUIRED) dsn_ret = dsn_ret_hdrs;
}

enum tls_required tls_required_of(const transport_instance *tblock, const address_item *addresses,
                                  const char **why)
{
  if (last.tblock != tblock || last.addresses != addresses) tls_required_ask(tblock, addresses);
  *why = last.why;
  return last.required;
}
