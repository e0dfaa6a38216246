/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form of our options' values, checked while Exim reads its configuration, so a mistake is a
 * configuration error and not a deferred message. Whether a named file exists is asked at delivery. */
#include "shim.h"

#include "dns/resolver_option.h"

static char fault_text[512];

static const char *word_fault(const char *option, const uschar *value, const char *one, const char *other)
{
  if (!value || strcmp(CCS value, one) == 0 || strcmp(CCS value, other) == 0) return NULL;
  snprintf(fault_text, sizeof(fault_text), "option %s: \"%.100s\" is not %s or %s", option, CCS value, one,
           other);
  return fault_text;
}

/* Of the three options that the core reads by the same function. */
static const char *resolver_fault(const struct danesmtp_options *options)
{
  const struct danesmtp_resolver_texts texts = { CCS options->dane_resolver, CCS options->dane_dnssec,
                                                 CCS options->dane_trust_anchor_file };
  struct danesmtp_resolver_words words;
  struct danesmtp_option_fault fault;
  if (danesmtp_read_resolver_texts(&texts, &words, &fault)) return NULL;
  snprintf(fault_text, sizeof(fault_text), "option %s = \"%.100s\": %s%.*s%s%s", fault.option, fault.value,
           fault.part ? "\"" : "", (int)fault.part_length, fault.part ? fault.part : "",
           fault.part ? "\" " : "", fault.why);
  return fault_text;
}

const char *own_options_fault(const struct danesmtp_options *options)
{
  const char *fault = word_fault("dane_callouts", options->dane_callouts, "skip", "defer");
  if (!fault) fault = word_fault("dane_insecure_mx", options->dane_insecure_mx, "dane", "may");
  return fault ? fault : resolver_fault(options);
}
