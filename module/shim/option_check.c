/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form of our options' values, checked while Exim reads its configuration, so a mistake is a
 * configuration error and not a deferred message. Whether a named file exists is asked at delivery. */
#include <arpa/inet.h>

#include "shim.h"

static char fault[256];

static const char *bad(const char *option, const uschar *value, const char *wanted)
{
  snprintf(fault, sizeof(fault), "option %s: \"%.100s\" is not %s", option, CCS value, wanted);
  return fault;
}

static BOOL is_one_of(const uschar *value, const char *a, const char *b)
{
  return !value || strcmp(CCS value, a) == 0 || strcmp(CCS value, b) == 0;
}

/* ADDR or ADDR@PORT, at most 63 octets. */
static BOOL is_resolver_address(const uschar *start, size_t length)
{
  char text[64];
  unsigned char buffer[16];
  char *at, *zone;
  if (length == 0 || length >= sizeof(text)) return FALSE;
  memcpy(text, start, length);
  text[length] = 0;
  if ((at = strchr(text, '@'))) {
    char *end;
    const long port = strtol(at + 1, &end, 10);
    if (*end || !isdigit((unsigned char)at[1]) || port < 1 || port > 65535) return FALSE;
    *at = 0;
  }
  if (strchr(text, ':') && (zone = strchr(text, '%'))) *zone = 0;
  return inet_pton(AF_INET, text, buffer) == 1 || inet_pton(AF_INET6, text, buffer) == 1;
}

static const char *resolver_fault(const uschar *value)
{
  static const char wanted[] =
    "system, recursive, forward:ADDR[@PORT][,...] or the absolute path of an unbound.conf";
  static const char prefix[] = "forward:";
  const uschar *s = value;
  if (!s || strcmp(CCS s, "system") == 0 || strcmp(CCS s, "recursive") == 0 || *s == '/') return NULL;
  if (strncmp(CCS s, prefix, strlen(prefix)) != 0) return bad("dane_resolver", value, wanted);
  for (s += strlen(prefix);; s++) {
    const size_t length = strcspn(CCS s, ",");
    if (!is_resolver_address(s, length)) return bad("dane_resolver", value, wanted);
    s += length;
    if (!*s) return NULL;
  }
}

const char *own_options_fault(const struct danesmtp_options *options)
{
  const uschar *dnssec = options->dane_dnssec, *mx = options->dane_insecure_mx;
  const uschar *anchor = options->dane_trust_anchor_file;
  if (!is_one_of(dnssec, "validate", "resolver"))
    return bad("dane_dnssec", dnssec, "validate or resolver");
  if (!is_one_of(mx, "dane", "may")) return bad("dane_insecure_mx", mx, "dane or may");
  if (anchor && *anchor != '/') return bad("dane_trust_anchor_file", anchor, "an absolute path");
  return resolver_fault(options->dane_resolver);
}
