/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The form of our options' values, checked while Exim reads its configuration, so a mistake is a
 * configuration error and not a deferred message; and the files that they name, where a person reads
 * what comes of it (doc/decisions/0011). */
#include "shim.h"

#include <strings.h>

#include "dns/resolver_option.h"
#include "sts/socketmap_option.h"

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

/* What begins with an expansion shows at delivery. */
static const char *path_fault(const char *option, const uschar *path)
{
  if (!path || !*path || *path == '/' || *path == '$') return NULL;
  snprintf(fault_text, sizeof(fault_text), "option %s: \"%.100s\" is no absolute path", option, CCS path);
  return fault_text;
}

static const char *socketmap_fault(const char *option, const uschar *value)
{
  struct danesmtp_socketmap map;
  if (!value || !*value || strchr(CCS value, '$')) return NULL;
  const char *why = danesmtp_read_socketmap(CCS value, &map);
  if (!why) return NULL;
  snprintf(fault_text, sizeof(fault_text), "option %s: \"%.100s\": %s", option, CCS value, why);
  return fault_text;
}

enum tls_required tls_required_word(const char *word)
{
  static const char *const yes[] = { "yes", "true", "1" }, *const no[] = { "", "no", "false", "0" };
  for (size_t i = 0; i < nelem(yes); i++)
    if (strcasecmp(word, yes[i]) == 0) return TLS_REQUIRED;
  for (size_t i = 0; i < nelem(no); i++)
    if (strcasecmp(word, no[i]) == 0) return TLS_NOT_REQUIRED;
  return TLS_REQUIRED_UNKNOWN;
}

/* What contains an expansion shows at delivery. */
static const char *requirement_fault(const char *option, const uschar *value)
{
  if (!value || strchr(CCS value, '$') || tls_required_word(CCS value) != TLS_REQUIRED_UNKNOWN) return NULL;
  snprintf(fault_text, sizeof(fault_text), "option %s: \"%.100s\" is not yes or no", option, CCS value);
  return fault_text;
}

const char *own_options_fault(const struct danesmtp_options *options)
{
  const char *fault = word_fault("dane_callouts", options->dane_callouts, "skip", "defer");
  if (!fault) fault = word_fault("dane_insecure_mx", options->dane_insecure_mx, "dane", "may");
  if (!fault) fault = socketmap_fault("dane_mta_sts", options->dane_mta_sts);
  if (!fault) fault = word_fault("dane_mta_sts_fail", options->dane_mta_sts_fail, "ignore", "defer");
  if (!fault) fault = requirement_fault("dane_require_tls", options->dane_require_tls);
  if (!fault) fault = path_fault("dane_cache", options->dane_cache);
  if (!fault) fault = path_fault("dane_tlsrpt_socket", options->dane_tlsrpt_socket);
  if (!fault) fault = word_fault("dane_tls_resumption", options->dane_tls_resumption, "yes", "no");
  return fault ? fault : resolver_fault(options);
}

/* NULL, or why not. Not more than open(2): what is in the file is for the core to say. */
static const char *unreadable(const char *path)
{
  struct stat status;
  const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return strerror(errno);
  const BOOL directory = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
  close(fd);
  return directory ? strerror(EISDIR) : NULL;
}

/* As the user who will read it at delivery. Where that user cannot be taken on, as the present one. */
static const char *unreadable_at_delivery(const transport_instance *tblock, const char *path)
{
  const uid_t user = tblock->uid_set ? tblock->uid : exim_uid;
  const gid_t group = tblock->gid_set ? tblock->gid : exim_gid;
  const uid_t user_before = geteuid();
  const gid_t group_before = getegid();
  const BOOL other_group = setegid(group) == 0;
  const BOOL other_user = seteuid(user) == 0;
  const char *why = unreadable(path);
  if ((other_user && seteuid(user_before) != 0) || (other_group && setegid(group_before) != 0)) abort();
  return why;
}

const char *own_files_fault(const transport_instance *tblock)
{
  const struct danesmtp_options *options = own_options(tblock);
  const struct {
    const char *option;
    const uschar *value;
  } files[] = {
    { "dane_resolver", options->dane_resolver },
    { "dane_trust_anchor_file", options->dane_trust_anchor_file },
  };
  for (size_t i = 0; i < nelem(files); i++) {
    const char *why;
    if (!files[i].value || *files[i].value != '/') continue;
    if (!(why = unreadable_at_delivery(tblock, CCS files[i].value))) continue;
    snprintf(fault_text, sizeof(fault_text), "option %s: cannot read %.300s: %s", files[i].option,
             CCS files[i].value, why);
    return fault_text;
  }
  return NULL;
}
