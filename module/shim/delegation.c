/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mail without a DANE policy goes to Exim's own smtp driver, with the address chain that Exim would
 * have given it. */
#include "shim.h"

BOOL own_driver_code(transport_instance *tblock, address_item *addresses)
{
  return smtp_transport_info.code(tblock, addresses);
}

/* A list of its own Exim's driver would expand and look up again, and use hosts that nobody has judged:
 * it gets the one that was. */
static BOOL with_judged_list(const struct batch_handle *h, address_item *addresses)
{
  smtp_transport_options_block *ob = drinst_of(h->tblock)->options_block;
  const BOOL override = ob->hosts_override, randomize = ob->hosts_randomize;
  uschar **expression = hosts_randomize_expression(ob), *const own_expression = *expression;
  host_item *list = addresses->host_list;
  if (!h->own_list) return own_driver_code(h->tblock, addresses);

  for (address_item *a = addresses; a; a = a->next) a->host_list = h->own_list;
  ob->hosts_override = FALSE;
  if (h->transport_hosts) { /* they are in a random order, if they are to be */
    ob->hosts_randomize = FALSE;
    *expression = NULL;
  }
  const BOOL yield = own_driver_code(h->tblock, addresses);
  ob->hosts_override = override;
  ob->hosts_randomize = randomize;
  *expression = own_expression;
  for (address_item *a = addresses; a; a = a->next) a->host_list = list;
  return yield;
}

/* The core has decided that there is no DANE for these recipients: Exim's driver must not look for it
 * again, by the resolver's word, and bounce or hold what an option or our validation lets go. */
static BOOL without_dane(const struct batch_handle *h, address_item *addresses)
{
#ifdef SUPPORT_DANE
  smtp_transport_options_block *ob = drinst_of(h->tblock)->options_block;
  uschar *try = ob->hosts_try_dane, *require = ob->hosts_require_dane;
  ob->hosts_try_dane = ob->hosts_require_dane = NULL;
  const BOOL yield = with_judged_list(h, addresses);
  ob->hosts_try_dane = try;
  ob->hosts_require_dane = require;
  return yield;
#else
  return with_judged_list(h, addresses);
#endif
}

/* Exim reads FALSE as "the first address speaks for all": said here for the part that was delegated. */
static void first_speaks_for_all(address_item *first)
{
  for (address_item *a = first->next; a; a = a->next) {
    a->transport = first->transport;
    a->transport_return = first->transport_return;
    a->basic_errno = first->basic_errno;
    a->more_errno = first->more_errno;
    a->delivery_time = first->delivery_time;
    a->special_action = first->special_action;
    a->message = first->message;
    a->user_message = first->user_message;
  }
}

/* Exim's core spreads the verdict of the last connection over every address of the batch; where only a
 * part was delegated, it is written to that part here and taken away. */
static void keep_verdict_to(address_item *first)
{
  for (address_item *a = first; a; a = a->next) {
    if (tls_out.certificate_verified) setflag(a, af_cert_verified);
#ifdef SUPPORT_DANE
    if (tls_out.dane_verified) setflag(a, af_dane_verified);
#endif
#ifndef DISABLE_TLS_RESUME
    if (tls_out.resumption & RESUME_USED) setflag(a, af_tls_resume);
#endif
  }
  tls_out.certificate_verified = FALSE;
#ifdef SUPPORT_DANE
  tls_out.dane_verified = FALSE;
#endif
#ifndef DISABLE_TLS_RESUME
  tls_out.resumption = 0;
#endif
}

/* Delegates the named recipients, in order, as a chain of their own. */
void delegate_recipients(void *exim, const size_t *recipients, size_t count)
{
  struct batch_handle *h = exim;
  address_item *first;

  if (count == 0) return;
  h->delegated = TRUE;
  h->all_delegated = count == h->batch.recipient_count;
  deliver_set_expansions(NULL);
  deliver_set_expansions(h->addresses); /* as Exim set them for the batch */
  batch_chain(h, recipients, count);
  first = h->recipients[recipients[0]];
  if (!without_dane(h, first)) {
    if (h->all_delegated) h->own_driver_failed = TRUE;
    first_speaks_for_all(first);
  }
  if (!h->all_delegated) keep_verdict_to(first);
  batch_chain_whole(h);
}

/* Exim's driver works on a copy of the host, or on ours. */
static BOOL same_host(const host_item *one, const host_item *other)
{
  return one->address && other->address && Ustrcmp(one->name, other->name) == 0 &&
         Ustrcmp(one->address, other->address) == 0;
}

int delegated_delivery(void *exim, size_t recipient, struct danesmtp_delegated *delivery)
{
  const struct batch_handle *h = exim;
  const address_item *a = h->recipients[recipient];
  if (a->transport_return != OK || !a->host_used || testflag(a, af_cont_conn)) return 0;
  for (size_t i = 0; i < h->batch.host_count; i++) {
    if (!same_host(h->hosts[i], a->host_used)) continue;
    delivery->host = i;
    delivery->encrypted = a->cipher != NULL;
    delivery->starttls_offered = (smtp_peer_options & OPTION_TLS) != 0;
    return 1;
  }
  return 0;
}
