/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services on logs, options and events: each one a call or two of Exim's functions. */
#include "shim.h"

/* Logs. Remote text is printable already (the core sees to it). */

static void log_main(void *exim, const char *line)
{
  (void)exim;
  log_write(LOG_MAIN, "%s", line);
}

static gstring *host_label(const struct batch_handle *h, size_t index)
{
  const host_item *host = h->hosts[index];
  gstring *g = string_fmt_append(NULL, "H=%s [%s]", host->name, host->address ? host->address : US "");
  return LOGGING(outgoing_port) ? log_portnum(g, h->notes[index].port) : g;
}

/* One attempt on a host failed: the line that Exim's own driver writes, to both logs. */
static void log_host(void *exim, size_t host, const char *message, int32_t system_errno)
{
  const struct batch_handle *h = exim;
  gstring *g = host_label(h, host);
  if (*message) g = string_fmt_append(g, ": %s", message);
  if (system_errno) g = string_fmt_append(g, *message ? ": %s" : " %s", exim_errstr(system_errno));
  log_write(LOG_MAIN, "%s", string_from_gstring(g));
  deliver_msglog("%s %.*s\n", tod_stamp(tod_log), g->ptr, g->s);
}

/* A recipient was refused: these two lines as Exim's own driver writes them, the first without a port. */
static void message_log(void *exim, size_t host, const char *message)
{
  const struct batch_handle *h = exim;
  deliver_msglog("%s H=%s [%s] %s\n", tod_stamp(tod_log), h->hosts[host]->name, h->hosts[host]->address,
                 message);
}

static void log_refusal(void *exim, size_t host, const char *message)
{
  log_write(LOG_MAIN, "%s %s", string_from_gstring(host_label(exim, host)), message);
}

static int debugging(void *exim)
{
  (void)exim;
  if (debugs(transport) || debugs(tls)) return DANESMTP_DEBUG_ALL;
  return debugs(acl) || debugs(v) ? DANESMTP_DEBUG_DIALOGUE : DANESMTP_DEBUG_NOTHING;
}

static void debug(void *exim, const char *line)
{
  (void)exim;
  debug_printf_indent("%s\n", line);
}

/* Options. */

static int option_int(void *exim, const char *name, int fallback)
{
  const struct batch_handle *h = exim;
  const int *value = option_address(h->tblock, name, opt_int);
  if (!value) value = option_address(h->tblock, name, opt_time);
  return value ? *value : fallback;
}

static const char *option_text(void *exim, const char *name)
{
  const struct batch_handle *h = exim;
  const char **value = option_address(h->tblock, name, opt_stringptr);
  /* As max_rcpt was before it was expanded. */
  const int *number = value ? NULL : option_address(h->tblock, name, opt_int);
  if (number) return CCS string_sprintf("%d", *number);
  return value ? *value : NULL;
}

/* As Exim has it of every file: nobody outside may name it, nor a server of ours. */
static BOOL names_a_place_from_outside(const char *name, const uschar *value)
{
  const BOOL place = strcmp(name, "dane_cache") == 0 || strcmp(name, "dane_mta_sts") == 0 ||
                     strcmp(name, "dane_tlsrpt_socket") == 0;
  return value && place && is_tainted(value);
}

static const char *option_expanded(void *exim, const char *name, int *failed)
{
  const char *raw = option_text(exim, name);
  const uschar *value;
  *failed = 0;
  if (!raw) return NULL;
  if (!(value = expand_string(CUS raw)) && !f.expand_string_forcedfail) *failed = 1;
  if (names_a_place_from_outside(name, value)) {
    expand_string_message = string_sprintf("\"%s\" is tainted", value);
    *failed = 1;
  }
  return CCS value;
}

/* An expandable boolean keeps its expression in a twin, "*expand_NAME". */
static int option_flag(void *exim, const char *name, int *failed)
{
  struct batch_handle *h = exim;
  const BOOL *plain = option_address(h->tblock, name, opt_bool);
  const BOOL *literal = option_address(h->tblock, name, opt_expand_bool);
  char twin_name[64];
  uschar **twin;
  BOOL value = FALSE;

  *failed = 0;
  if (plain) return *plain;
  if (!literal) return 0;
  snprintf(twin_name, sizeof(twin_name), "*expand_%s", name);
  twin = option_address(h->tblock, twin_name, opt_stringptr);
  if (exp_bool(h->addresses, US "transport", drinst_of(h->tblock)->name, debug_channel(transport), US name,
               *literal, twin ? *twin : NULL, &value) != OK)
    *failed = 1;
  return value;
}

static const char *expansion_error(void *exim)
{
  (void)exim;
  return CCS expand_string_message;
}

/* What a host list says of a host without an address: only "*" and "" say anything. */
static int answer_without_address(const uschar *list)
{
  const uschar *text = Ustrchr(list, '$') ? expand_string(list) : list;
  if (!text) return f.expand_string_forcedfail ? DANESMTP_NO : DANESMTP_CANNOT_TELL;
  Uskip_whitespace(&text);
  if (!*text) return DANESMTP_NO;
  const size_t word = Ustrcspn(text, " \t\n");
  return word == 1 && *text == '*' && !text[1 + Ustrspn(text + 1, " \t\n")] ? DANESMTP_YES
                                                                            : DANESMTP_CANNOT_TELL;
}

static int answer_of(const uschar **list, const host_item *host)
{
  switch (verify_check_given_host(list, host)) {
    case OK: return DANESMTP_YES;
    case FAIL: return DANESMTP_NO;
    default: return DANESMTP_CANNOT_TELL;
  }
}

/* A look-up that nobody has validated may have renamed the host: a DANE list says "no" of it only by both
 * of its names. */
static int answer_by_asked_name(struct batch_handle *h, const uschar **list, size_t host)
{
  host_item asked = *h->hosts[host];
  asked.name = CUS h->batch.hosts[host].asked_name;
  deliver_host = asked.name;
  const int answer = answer_of(list, &asked);
  host_variables_set(h, host);
  return answer;
}

static int host_in(void *exim, const char *option, size_t host)
{
  struct batch_handle *h = exim;
  const uschar **list = option_address(h->tblock, option, opt_stringptr);
  const BOOL dane = strcmp(option, "hosts_try_dane") == 0 || strcmp(option, "hosts_require_dane") == 0;
  if (!list || !*list) return DANESMTP_NO;
  host_variables_set(h, host);
  if (!h->hosts[host]->address) return answer_without_address(*list);
  const int answer = answer_of(list, h->hosts[host]);
  if (!dane || answer == DANESMTP_YES) return answer;
  const int by_asked_name = answer_by_asked_name(h, list, host);
  return by_asked_name == DANESMTP_NO ? answer : by_asked_name;
}

/* Exim's own driver runs with the variables of its batch: those of a part are set in its place. */
static void about(void *exim, const size_t *recipients, size_t count)
{
  struct batch_handle *h = exim;
  if (count == 0) return;
  batch_chain(h, recipients, count);
  deliver_set_expansions(NULL);
  deliver_set_expansions(h->recipients[recipients[0]]);
  batch_chain_whole(h);
}

static int domain_in(void *exim, const char *option, const char *domain)
{
  const struct batch_handle *h = exim;
  const uschar **option_value = option_address(h->tblock, option, opt_stringptr);
  const uschar *list;
  if (!option_value || !(list = *option_value)) return DANESMTP_NO;
  switch (
      match_isinlist(string_copy(CUS domain), &list, 0, &domainlist_anchor, NULL, MCL_DOMAIN, TRUE, NULL)) {
    case OK: return DANESMTP_YES;
    case FAIL: return DANESMTP_NO;
    default: return DANESMTP_CANNOT_TELL;
  }
}

/* Events. */

static const char *event(void *exim, size_t host, size_t recipient, const char *name, const char *data)
{
  const uschar *answer = NULL;
#ifndef DISABLE_EVENT
  struct batch_handle *h = exim;
  const address_item *a = h->recipients[recipient];
  const uschar *save_domain = deliver_domain, *save_local = deliver_localpart;
  if (!h->tblock->event_action) return NULL;
  if (host < h->batch.host_count) {
    deliver_host_address = h->hosts[host]->address;
    deliver_host_port = h->notes[host].port;
  }
  event_defer_errno = a->basic_errno;
  /* Those of a connection are about no recipient: their variables are the batch's. */
  if (Ustrncmp(name, "msg:", 4) == 0) {
    deliver_domain = a->domain;
    deliver_localpart = a->local_part;
  }
  answer = event_raise(h->tblock->event_action, CUS name, data ? string_copy(CUS data) : NULL, NULL);
  deliver_domain = save_domain;
  deliver_localpart = save_local;
#endif
  return CCS answer;
}

static void session_step(void *exim, char letter)
{
  note_session_step(((struct batch_handle *)exim)->addresses, (uschar)letter);
}

void exim_services_fill(struct danesmtp_services *s)
{
  s->log_main = log_main;
  s->log_host = log_host;
  s->message_log = message_log;
  s->log_refusal = log_refusal;
  s->debugging = debugging;
  s->debug = debug;
  s->about = about;
  s->option_int = option_int;
  s->option_text = option_text;
  s->option_expanded = option_expanded;
  s->option_flag = option_flag;
  s->expansion_error = expansion_error;
  s->host_in = host_in;
  s->domain_in = domain_in;
  s->event = event;
  s->session_step = session_step;
}
