/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mail without a DANE policy goes to Exim's own smtp driver, with the address chain that Exim would
 * have given it. */
#include "shim.h"

BOOL own_driver_code(transport_instance *tblock, address_item *addresses)
{
  return smtp_transport_info.code(tblock, addresses);
}

/* The core has decided that there is no DANE for these recipients: Exim's driver must not look for it
 * again, by the resolver's word, and bounce or hold what an option or our validation lets go. */
static BOOL without_dane(transport_instance *tblock, address_item *addresses)
{
#ifdef SUPPORT_DANE
  smtp_transport_options_block *ob = tblock->drinst.options_block;
  uschar *try = ob->hosts_try_dane, *require = ob->hosts_require_dane;
  ob->hosts_try_dane = ob->hosts_require_dane = NULL;
  const BOOL yield = own_driver_code(tblock, addresses);
  ob->hosts_try_dane = try;
  ob->hosts_require_dane = require;
  return yield;
#else
  return own_driver_code(tblock, addresses);
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

/* Makes a chain of the named recipients, in order, delegates it, and restores the whole chain. */
void delegate_recipients(void *exim, const size_t *recipients, size_t count)
{
  struct batch_handle *h = exim;
  const size_t total = h->batch.recipient_count;
  address_item *first;

  if (count == 0) return;
  h->delegated = TRUE;
  h->all_delegated = count == total;
  first = h->recipients[recipients[0]];
  for (size_t i = 0; i < count; i++) {
    h->recipients[recipients[i]]->next = i + 1 < count ? h->recipients[recipients[i + 1]] : NULL;
  }

  if (!without_dane(h->tblock, first)) {
    if (h->all_delegated) h->own_driver_failed = TRUE;
    first_speaks_for_all(first);
  }
  if (!h->all_delegated) keep_verdict_to(first);
  for (size_t i = 0; i < total; i++)
    h->recipients[i]->next = i + 1 < total ? h->recipients[i + 1] : NULL;
}
