/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exim's core speaks SMTP by itself, with the options of our transport and without calling it: in
 * callouts, in cutthrough delivery, and as a customer of ATRN (doc/decisions/0013). It calls `setup`
 * first. There the core library is asked whether the recipient's domain may have a policy of DANE or
 * MTA-STS; if it may, or the message requires TLS, no such connection is made: a callout is left out or deferred (dane_callouts), a message is
 * received and queued as any other. What a policy is, is not decided here. */
#include "shim.h"

/* In the place of Exim's host list. One label that is too long for the DNS: no question is ever sent for
 * it, and it never has an address. Exim shows it when it debugs. */
#define NO_HOST "no-connection-but-by-the-danesmtp-transport-to-a-domain-that-may-have-a-DANE-policy"

enum { REMEMBERED = 100, SECONDS_REMEMBERED = 60, SECONDS_TOO_SLOW = 15 };

/* What the core said. A message may have many recipients of one domain. */
static struct answer {
  char *question;
  time_t given;
  int policy; /* enum danesmtp_policy */
  char why[300];
} answers[REMEMBERED];
static time_t asked_again_from; /* after a resolver that did not answer in time */

static int (*smtp_setup)(transport_instance *, address_item *, transport_feedback *, uid_t, gid_t, uschar **);

/* What is changed in this process for one callout. */
#ifdef SUPPORT_DANE
static struct {
  smtp_transport_options_block *options;
  uschar *try, *require;
} dane_of_exim;
#endif
static struct {
  BOOL ignored;
  int domain_positive, domain_negative, positive, negative;
} cache;

/* As in a delivery: where the core has found that there is no DANE, Exim's driver does not look for it
 * again, by the resolver's word, and refuse what an option or our validation lets go. */
static void switch_off_dane_of_exim(smtp_transport_options_block *ob)
{
#ifdef SUPPORT_DANE
  dane_of_exim.options = ob;
  dane_of_exim.try = ob->hosts_try_dane;
  dane_of_exim.require = ob->hosts_require_dane;
  ob->hosts_try_dane = ob->hosts_require_dane = NULL;
#endif
}

/* The callout cache may hold what a host said that nobody authenticated. No record is young enough now. */
static void ignore_cache(void)
{
  cache.ignored = TRUE;
  cache.domain_positive = callout_cache_domain_positive_expire;
  cache.domain_negative = callout_cache_domain_negative_expire;
  cache.positive = callout_cache_positive_expire;
  cache.negative = callout_cache_negative_expire;
  callout_cache_domain_positive_expire = callout_cache_domain_negative_expire = INT_MIN;
  callout_cache_positive_expire = callout_cache_negative_expire = INT_MIN;
}

void callout_over(void)
{
#ifdef SUPPORT_DANE
  if (dane_of_exim.options) {
    dane_of_exim.options->hosts_try_dane = dane_of_exim.try;
    dane_of_exim.options->hosts_require_dane = dane_of_exim.require;
    dane_of_exim.options = NULL;
  }
#endif
  if (!cache.ignored) return;
  cache.ignored = FALSE;
  callout_cache_domain_positive_expire = cache.domain_positive;
  callout_cache_domain_negative_expire = cache.domain_negative;
  callout_cache_positive_expire = cache.positive;
  callout_cache_negative_expire = cache.negative;
}

/* Exim expands `hosts` after us: what comes out here must be what it calls. NULL: it would not be. */
static uschar *expanded_once(uschar *hosts)
{
  if (!Ustrpbrk(hosts, "$\\")) return hosts;
  hosts = expand_string(hosts);
  return hosts && !Ustrpbrk(hosts, "$\\") ? hosts : NULL;
}

/* The host list that Exim will use, as the core's batch. */
static BOOL import_callout(struct batch_handle *h, transport_instance *tblock, address_item *addr,
                           transport_feedback *tf)
{
  smtp_transport_options_block *ob = drinst_of(tblock)->options_block;
  uschar *const hosts = ob->hosts;
  if (tf->hosts && (!addr->host_list || tf->hosts_override)) {
    if (!(tf->hosts = expanded_once(tf->hosts))) return FALSE;
    ob->hosts = tf->hosts;
  }
  uschar *const message = addr->message;
  const short transport_return = addr->transport_return;
  const BOOL imported = batch_import(h, tblock, addr) == BATCH_COMPLETE;
  addr->message = message;
  addr->transport_return = transport_return;
  ob->hosts = hosts;
  return imported && h->batch.recipients;
}

static int by_text(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All that an answer depends on; hosts of equal preference come in any order. */
static const char *question_of(const struct batch_handle *h)
{
  const struct danesmtp_recipient *r = h->batch.recipients;
  const size_t count = h->batch.host_count;
  const char **hosts = store_get((int)(count * sizeof(*hosts)), GET_UNTAINTED);
  gstring *g = string_fmt_append(NULL, "%s %s %d <%s>", h->batch.transport_name, r->domain, r->route,
                                 sender_address ? sender_address : US "");
  for (size_t i = 0; i < count; i++) {
    const struct danesmtp_host *host = h->batch.hosts + i;
    hosts[i] = CCS string_sprintf(" %s [%s]:%d/%d", host->asked_name, host->address ? host->address : "",
                                  host->port, host->mx);
  }
  qsort(hosts, count, sizeof(*hosts), by_text);
  for (size_t i = 0; i < count; i++) g = string_cat(g, CUS hosts[i]);
  for (size_t i = 0; i < r->rename_count; i++)
    g = string_fmt_append(g, " %s>%s", r->renames[i].from, r->renames[i].to);
  g = string_fmt_append(g, " %s %d", r->mx_names ? r->mx_names : "", r->by_srv);
  return CCS string_from_gstring(g);
}

/* Lists that may say something else of the next recipient. */
static BOOL differs_by_recipient(const transport_instance *tblock)
{
  static const char *const names[] = { "hosts_try_dane",      "hosts_require_dane", "dane_audit_domains",
                                       "dane_except_domains", "dane_mta_sts",       "port" };
  for (size_t i = 0; i < nelem(names); i++) {
    uschar **text = option_address(tblock, names[i], opt_stringptr);
    if (text && *text && Ustrchr(*text, '$')) return TRUE;
  }
  return FALSE;
}

static const struct answer *remembered(const char *question, time_t now)
{
  for (size_t i = 0; i < REMEMBERED; i++) {
    const struct answer *a = answers + i;
    if (a->question && now - a->given < SECONDS_REMEMBERED && strcmp(a->question, question) == 0) return a;
  }
  return NULL;
}

/* In the place of the oldest. Exim's store is given up between messages. */
static void remember(const struct answer *answer, const char *question)
{
  struct answer *place = answers;
  for (size_t i = 1; i < REMEMBERED; i++)
    if (answers[i].given < place->given) place = answers + i;
  free(place->question);
  *place = *answer;
  place->question = strdup(question);
}

/* In the place of the service: Exim is not delivering, so no more is set than ask_core() restores. */
static void about(void *exim, const size_t *recipients, size_t count)
{
  const struct batch_handle *h = exim;
  if (count == 0) return;
  deliver_domain = h->recipients[recipients[0]]->domain;
  deliver_localpart = h->recipients[recipients[0]]->local_part;
}

/* Everything that goes wrong ends in "unknown". */
static int ask_core(struct batch_handle *h, const char **why)
{
  const struct danesmtp_core_table *core = core_library(why);
  if (!core) return DANESMTP_POLICY_UNKNOWN;
  const uschar *host = deliver_host, *address = deliver_host_address;
  const uschar *domain = deliver_domain, *local_part = deliver_localpart;
  uschar *dnssec = lookup_dnssec_authenticated;
  const int port = deliver_host_port;
  struct danesmtp_services services = all_services();
  services.about = about;

  const int policy = core->may_have_policy(&services, h, &h->batch, why);

  deliver_host = host;
  deliver_host_address = address;
  deliver_domain = domain;
  deliver_localpart = local_part;
  lookup_dnssec_authenticated = dnssec;
  deliver_host_port = port;
  return policy;
}

static struct answer fresh_answer(struct batch_handle *h, time_t now)
{
  struct answer answer = { .given = now, .policy = DANESMTP_POLICY_UNKNOWN };
  const char *why = "DANE error: the resolver has not answered in time, and is not asked again at once";
  if (now >= asked_again_from) {
    /* As Exim does before a callout: the client has other replies to read meanwhile. */
    if (!f.disable_callout_flush) flush_to_client();
    answer.policy = ask_core(h, &why);
    answer.given = time(NULL);
    if (answer.policy == DANESMTP_POLICY_UNKNOWN && answer.given - now >= SECONDS_TOO_SLOW)
      asked_again_from = answer.given + SECONDS_REMEMBERED;
  }
  snprintf(answer.why, sizeof(answer.why), "%s", why ? why : "");
  if (answer.policy != DANESMTP_POLICY_NONE)
    log_write(LOG_MAIN, "no callout and no cutthrough delivery for %s: %s", h->batch.recipients->domain,
              answer.why);
  return answer;
}

static struct answer policy_of(transport_instance *tblock, address_item *addr, transport_feedback *tf)
{
  struct batch_handle h;
  if (!import_callout(&h, tblock, addr, tf))
    return (struct answer) { .policy = DANESMTP_POLICY_UNKNOWN, .why = "its host list cannot be used" };
  const time_t now = time(NULL);
  const char *question = question_of(&h);
  const struct answer *known = remembered(question, now);
  if (known) return *known;
  const struct answer answer = fresh_answer(&h, now);
  if (!differs_by_recipient(tblock)) remember(&answer, question);
  return answer;
}

/* Exim opens a cutthrough connection after the ACL, and always when it goes on with one: deferring that
 * would defer a message that can be queued. A customer of ATRN has nothing to go on with. */
static BOOL is_deferred(const transport_instance *tblock, int policy)
{
  if (exim_is_customer_of_atrn()) return TRUE;
  if (acl_where == ACL_WHERE_UNKNOWN || policy == DANESMTP_POLICY_AUDITED) return FALSE;
  return strcmp(CCS own_options(tblock)->dane_callouts, "defer") == 0;
}

/* An empty list of hosts: "cannot do callout", and the address is as good as its routing. A host without
 * an address: the callout defers. A cutthrough connection for earlier recipients is ended first: the
 * message would go to them alone, and be taken as delivered to all. */
static void make_no_connection(transport_instance *tblock, address_item *addr, transport_feedback *tf,
                               const struct answer *answer)
{
  cancel_cutthrough_connection(TRUE, US "a further recipient may have a DANE policy");
  tf->hosts_override = TRUE;
  tf->gethostbyname = tf->qualify_single = tf->search_parents = FALSE;
  tf->hosts = US "";
  if (!is_deferred(tblock, answer->policy)) return;
  tf->hosts = US NO_HOST;
  addr->message = string_copy(CUS answer->why);
  ignore_cache();
}

/* D-192. A message for which a connection is made while it comes in has no headers yet: nothing that is
 * expanded now says what it will require. */
static BOOL is_kept_by_requirement(const transport_instance *tblock, struct answer *answer)
{
  const char *why = "the message requires TLS (dane_require_tls)";
  const uschar *text = own_options(tblock)->dane_require_tls;
  if (!tls_required_is_set(tblock)) return FALSE;
  const BOOL known = !cutthrough.delivery || !Ustrchr(text, '$');
  if (tls_required_now(tblock, &why) == TLS_NOT_REQUIRED) {
    if (known) return FALSE;
    why = "the message may require TLS (dane_require_tls)";
  }
  *answer = (struct answer) { .policy = DANESMTP_POLICY_FOUND };
  snprintf(answer->why, sizeof(answer->why), "%s", why);
  return TRUE;
}

/* A message may have many recipients. */
static void tell_of_requirement(const uschar *domain, const char *why)
{
  static time_t told;
  const time_t now = time(NULL);
  if (now - told < SECONDS_REMEMBERED) return;
  told = now;
  log_write(LOG_MAIN, "no callout and no cutthrough delivery for %s: %s", domain, why);
}

/* The transport_feedback is there for a connection by Exim's core, not in a delivery. */
static void judge_connection(transport_instance *tblock, address_item *addr, transport_feedback *tf)
{
  struct answer answer;
  if (is_kept_by_requirement(tblock, &answer))
    tell_of_requirement(addr->domain, answer.why);
  else if (dane_may_apply(tblock))
    answer = policy_of(tblock, addr, tf);
  else
    return;
  if (debugs(verify))
    debug_printf_indent("DANE policy for a connection by Exim's core to %s: %s\n", addr->domain,
                        answer.policy == DANESMTP_POLICY_NONE ? "none" : answer.why);
  if (answer.policy == DANESMTP_POLICY_NONE)
    switch_off_dane_of_exim(drinst_of(tblock)->options_block);
  else
    make_no_connection(tblock, addr, tf, &answer);
}

/* An option that is expanded meanwhile may come here again, by ${acl and a callout. That must not change the
 * options that are being read: it gets no connection. */
/* NOLINTNEXTLINE(readability-function-size): Exim's signature */
static int setup(transport_instance *tblock, address_item *addresses, transport_feedback *tf, uid_t uid,
                 gid_t gid, uschar **error)
{
  static const struct answer within = { .policy = DANESMTP_POLICY_UNKNOWN, .why = "asked by an option" };
  static BOOL busy;
  const BOOL again = busy;
  busy = TRUE;
  if (!again) callout_over();
  const int rc = smtp_setup(tblock, addresses, tf, uid, gid, error);
  if (!tf) tls_required_ask(tblock, addresses);
  if (tf && (dane_may_apply(tblock) || tls_required_is_set(tblock))) {
    if (again)
      make_no_connection(tblock, addresses, tf, &within);
    else
      judge_connection(tblock, addresses, tf);
  }
  busy = again;
  return rc;
}

void callout_wrap_setup(transport_instance *tblock)
{
  smtp_setup = tblock->setup;
  tblock->setup = setup;
}
