/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's result of a recipient as Exim's fields, the journal, and address retry items. */
#include "shim.h"

static int exim_errno(const struct danesmtp_result *r)
{
  switch ((enum danesmtp_cause)r->cause) {
    case DANESMTP_CAUSE_NONE: return 0;
    case DANESMTP_CAUSE_SYSTEM: return r->system_errno;
    case DANESMTP_CAUSE_CONNECT_TIMEOUT:
    case DANESMTP_CAUSE_TIMEOUT: return ETIMEDOUT;
    case DANESMTP_CAUSE_CLOSED: return ERRNO_SMTPCLOSED;
    case DANESMTP_CAUSE_FORMAT: return ERRNO_SMTPFORMAT;
    case DANESMTP_CAUSE_TLS_REQUIRED: return ERRNO_TLSREQUIRED;
    case DANESMTP_CAUSE_TLS_FAILURE: return ERRNO_TLSFAILURE;
    case DANESMTP_CAUSE_AUTH_MISSING: return ERRNO_AUTHFAIL;
    case DANESMTP_CAUSE_AUTH_PROBLEM: return ERRNO_AUTHPROB;
    case DANESMTP_CAUSE_DNS: return ERRNO_DNSDEFER;
    case DANESMTP_CAUSE_UNKNOWN_HOST: return ERRNO_UNKNOWNHOST;
    case DANESMTP_CAUSE_HOST_IS_LOCAL: return ERRNO_HOST_IS_LOCAL;
    case DANESMTP_CAUSE_MAIL_4XX: return ERRNO_MAIL4XX;
    case DANESMTP_CAUSE_RCPT_4XX: return ERRNO_RCPT4XX;
    case DANESMTP_CAUSE_DATA_4XX: return ERRNO_DATA4XX;
    case DANESMTP_CAUSE_HOST_RETRY: return ERRNO_HRETRY;
    case DANESMTP_CAUSE_FILTER: return ERRNO_FILTER_FAIL;
    case DANESMTP_CAUSE_HEADERS: return ERRNO_CHHEADER_FAIL;
    case DANESMTP_CAUSE_EXPANSION: return ERRNO_EXPANDFAIL;
#ifdef SUPPORT_I18N
    case DANESMTP_CAUSE_UTF8: return ERRNO_UTF8_FWD;
#else
    case DANESMTP_CAUSE_UTF8: return 0;
#endif
    case DANESMTP_CAUSE_NO_SUITED_HOST: return ERRNO_TLSREQUIRED;
  }
  return ERRNO_UNKNOWNERROR;
}

/* All hosts have failed for long, or none may have the message: final, unless fallback hosts are still to be tried. */
static int exim_status(const address_item *a, const struct danesmtp_result *r)
{
  if (r->status == DANESMTP_DELIVERED) return OK;
  if (r->status != DANESMTP_FAILED) return DEFER;
  const BOOL more = a->fallback_hosts && a->host_list != a->fallback_hosts;
  const BOOL of_hosts = r->cause == DANESMTP_CAUSE_HOST_RETRY || r->cause == DANESMTP_CAUSE_NO_SUITED_HOST;
  return of_hosts && more ? DEFER : FAIL;
}

/* Remote text stays marked as such: it must never be expanded. */
static uschar *remote_text(const char *text)
{
  return text ? string_copy_taint(CUS text, GET_TAINTED) : NULL;
}

/* Exim's flags are bit fields, which have no address. */
#define put_flag(a, flag, on) \
  do {                        \
    if (on)                   \
      setflag((a), flag);     \
    else                      \
      clearflag((a), flag);   \
  } while (0)

static void set_host(const struct batch_handle *h, address_item *a, const struct danesmtp_result *r)
{
  /* An event forbade to connect (Exim's number alone says so): no host, nor an earlier one, was used. */
  if (r->cause == DANESMTP_CAUSE_SYSTEM && r->system_errno < 0) {
    a->host_used = NULL;
    return;
  }
  if (r->host < 0 || (size_t)r->host >= h->batch.host_count) return;
  host_item *used = store_get(sizeof(host_item), GET_UNTAINTED);
  *used = *h->hosts[r->host];
  if (used->port == PORT_NONE) used->port = h->notes[r->host].port;
  /* D-033: of a host that an unsigned MX record names, the name in that record. */
  if (used->mx >= 0 && !(r->flags & DANESMTP_HOST_SECURE) && r->flags & DANESMTP_CERT_VERIFIED)
    used->name = string_copy(CUS h->batch.hosts[r->host].asked_name);
  used->dnssec_used = r->flags & DANESMTP_HOST_SECURE ? DS_YES : DS_NO;
  a->host_used = used;
  put_flag(a, af_cont_conn, r->flags & DANESMTP_CONTINUED);
  put_flag(a, af_new_conn, !(r->flags & DANESMTP_CONTINUED));
  a->more_errno = used->mx >= 0 ? 'M' : 'A';
}

static void set_tls_flags(address_item *a, uint32_t flags)
{
  put_flag(a, af_cert_verified, flags & DANESMTP_CERT_VERIFIED);
#ifdef SUPPORT_DANE
  put_flag(a, af_dane_verified, flags & DANESMTP_DANE_VERIFIED);
#endif
#ifndef DISABLE_TLS_RESUME
  put_flag(a, af_tls_resume, flags & DANESMTP_RESUMED);
#endif
}

static void set_smtp_flags(address_item *a, uint32_t flags)
{
  put_flag(a, af_pass_message, flags & DANESMTP_PASS_MESSAGE);
  put_flag(a, af_pipelining, flags & DANESMTP_PIPELINED);
  put_flag(a, af_chunking_used, flags & DANESMTP_CHUNKED);
#ifndef DISABLE_PRDR
  put_flag(a, af_prdr_used, flags & DANESMTP_PRDR);
#endif
#ifdef SUPPORT_I18N
  if (flags & DANESMTP_DOWNCONVERTED) setflag(a, af_utf8_downcvt);
#endif
  if (flags & DANESMTP_DSN_YES) a->dsn_aware = dsn_support_yes;
  if (flags & DANESMTP_DSN_NO) a->dsn_aware = dsn_support_no;
}

/* What an earlier host's attempt left is not this one's. */
static void set_flags(address_item *a, uint32_t flags)
{
  set_tls_flags(a, flags);
  set_smtp_flags(a, flags);
}

/* Exim's result pipe reads the TLS version as what stands before the first colon: a cipher text
 * without one is not passed on. */
static void set_tls(address_item *a, const struct danesmtp_result *r)
{
  a->cipher = r->cipher && strchr(r->cipher, ':') ? string_copy(CUS r->cipher) : NULL;
  a->peerdn = a->cipher ? remote_text(r->peer_dn) : NULL;
  a->peercert = a->cipher ? tls_out.peercert : NULL;
  a->ourcert = NULL;
#ifndef DISABLE_OCSP
  a->ocsp = exim_ocsp(r->ocsp);
#endif
  a->tlsver = a->cipher ? string_copyn(a->cipher, Ustrchr(a->cipher, ':') - a->cipher) : NULL;
}

/* The lines X-Remote-MTA-... of a bounce. */
static void set_server_words(address_item *a, const struct danesmtp_result *r)
{
#ifdef EXPERIMENTAL_DSN_INFO
  a->smtp_greeting = remote_text(r->greeting);
  a->helo_response = remote_text(r->hello);
#else
  (void)a;
  (void)r;
#endif
}

static void set_result(void *exim, size_t recipient, const struct danesmtp_result *r)
{
  const struct batch_handle *h = exim;
  address_item *a = h->recipients[recipient];

  a->more_errno = h->batch.host_count && h->hosts[0]->mx >= 0 ? 'M' : 'A';
  set_host(h, a, r);
  set_flags(a, r->flags);
  set_tls(a, r);
  set_server_words(a, r);
  a->transport_return = (short)exim_status(a, r);
  a->basic_errno = exim_errno(r);
  if (r->cause == DANESMTP_CAUSE_CONNECT_TIMEOUT) a->more_errno |= RTEF_CTOUT;
  if (r->reply_code >= 400 && r->reply_code < 500) a->more_errno |= (r->reply_code % 100) << 8;
  a->delivery_time.tv_sec = (time_t)(r->duration_us / 1000000);
  a->delivery_time.tv_usec = (suseconds_t)(r->duration_us % 1000000);
  a->message = r->message && *r->message ? remote_text(r->message) : NULL;
  if (r->status == DANESMTP_DELIVERED) a->special_action = r->flags & DANESMTP_FIRST ? '=' : '-';
}

static void mark_delivered(address_item *a, size_t place)
{
  a->transport_return = OK;
  a->basic_errno = 0;
  /* Of an earlier attempt, perhaps on a host that DANE authenticated. */
  a->host_used = NULL;
  a->message = NULL;
  a->cipher = a->peerdn = NULL;
  a->tlsver = NULL;
  a->peercert = NULL;
  set_flags(a, 0);
  a->special_action = place == 0 ? '=' : '-';
}

/* Written at once after the final answer, so that a crash from here on does not send twice. */
static void journal(void *exim, const size_t *recipients, size_t count)
{
  const struct batch_handle *h = exim;
  for (size_t i = 0; i < count; i++) {
    address_item *a = h->recipients[recipients[i]];
    const uschar *line = testflag(a, af_homonym)
                             ? string_sprintf("%.500s/%s\n", a->unique + 3, drinst_of(h->tblock)->name)
                             : string_sprintf("%.500s\n", a->unique);
    const int length = Ustrlen(line);
    if (debugs(deliver)) debug_printf("journalling %s", line);
    if (write(journal_fd, line, (size_t)length) != length)
      log_write(LOG_MAIN | LOG_PANIC, "failed to write journal for %s: %s", line, strerror(errno));
    mark_delivered(a, i);
  }
  if (EXIMfsync(journal_fd) < 0)
    log_write(LOG_MAIN | LOG_PANIC, "failed to fsync journal: %s", strerror(errno));
}

static const uschar *key_with_sender(const address_item *a)
{
  return string_sprintf("%s:<%s>", a->address_retry_key, sender_address);
}

static void retry_recipient(void *exim, size_t recipient)
{
  struct batch_handle *h = exim;
  const smtp_transport_options_block *ob = drinst_of(h->tblock)->options_block;
  address_item *a = h->recipients[recipient];
  h->has_own_trouble = TRUE;
  retry_add_item(a, ob->address_retry_include_sender ? key_with_sender(a) : a->address_retry_key, 0);
}

/* The recipient was accepted: a record of an earlier delay is of no more use. */
static void retry_recipient_clear(void *exim, size_t recipient)
{
  const struct batch_handle *h = exim;
  address_item *a = h->recipients[recipient];
  if (!testflag(a, af_dr_retry_exists)) return;
  retry_add_item(a, key_with_sender(a), rf_delete);
  retry_add_item(a, a->address_retry_key, rf_delete);
}

static void retry_skipped(void *exim, size_t recipient)
{
  struct batch_handle *h = exim;
  h->waits_for_host = TRUE;
  address_item *a = h->recipients[recipient];
  setflag(a, af_retry_skipped);
}

/* A look-up failed before any host was tried: the record that a router's failure would leave, so
 * that the recipient is not tried at every queue run and times out in the end. */
static void retry_routing(void *exim, size_t recipient, const char *name)
{
  const struct batch_handle *h = exim;
  retry_add_item(h->recipients[recipient], string_sprintf("R:%s", name), 0);
}

/* The core could not go on. What is final stays so: a recipient that was delivered and then deferred
 * would get the message again. */
void defer_undecided(address_item *addresses, const char *why)
{
  log_write(LOG_MAIN | LOG_PANIC, "%s", why);
  defer_quietly(addresses, why);
}

/* Likewise, and each recipient's own line says why. */
void defer_quietly(address_item *addresses, const char *why)
{
  for (address_item *a = addresses; a; a = a->next) {
    if (a->transport_return == OK || a->transport_return == FAIL) continue;
    a->transport_return = DEFER;
    if (a->message || (a->basic_errno && a->basic_errno != ERRNO_UNKNOWNERROR))
      continue; /* it waits for a reason of its own; the error is the one that Exim begins with */
    a->basic_errno = ERRNO_BADTRANSPORT;
    a->message = string_copy(CUS why);
  }
}

void result_services_fill(struct danesmtp_services *s)
{
  s->set_result = set_result;
  s->journal = journal;
  s->retry_recipient = retry_recipient;
  s->retry_recipient_clear = retry_recipient_clear;
  s->retry_skipped = retry_skipped;
  s->retry_routing = retry_routing;
}
