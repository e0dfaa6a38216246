/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that stay open from one message to the next, in the way in which Exim passes its own on:
 * the socket is descriptor 0 of the next delivery, and what is known of it travels in the variables
 * continue_... . The core's mark travels as the SNI, which makes Exim's own driver end a connection of
 * ours (it never asks for such an SNI); and one without our mark is ended here. So neither sends mail
 * down a connection of the other. Exim's wait- database says which message comes next. */
#include "shim.h"

#include <fcntl.h>

#define MARK_PREFIX "danesmtp+" /* route/connection_mark.h */

/* Descriptor 0 may not become free: the next socket would get it. */
static void replace_stdin(void)
{
  const int null = open("/dev/null", O_RDWR);
  if (null <= 0) return;
  (void)dup2(null, 0);
  (void)close(null);
}

static void forget_open_connection(void)
{
  continue_hostname = continue_transport = continue_host_address = NULL;
  continue_proxy_cipher = continue_proxy_sni = NULL;
  continue_proxy_dane = FALSE;
  forget_next_message();
  continue_sequence = 1;
}

void connection_reuse_end(void)
{
  if (!continue_hostname) return;
  if (cutthrough.cctx.sock >= 0) /* of a callout, and in this process */
    cancel_cutthrough_connection(TRUE, US "the transport makes a connection of its own");
  else {
    if (write(0, "QUIT\r\n", 6) < 0) { /* the peer is gone already */
    }
    replace_stdin();
  }
  forget_open_connection();
}

BOOL connection_reuse_is_ours(void)
{
  return continue_hostname && continue_host_address && cutthrough.cctx.sock < 0 && continue_sequence > 1 &&
         continue_proxy_cipher && continue_proxy_sni &&
         Ustrncmp(continue_proxy_sni, MARK_PREFIX, sizeof(MARK_PREFIX) - 1) == 0;
}

/* The host of the open connection, by name and address. */
static BOOL find_host(const struct batch_handle *h, size_t *index)
{
  for (size_t i = 0; i < h->batch.host_count; i++) {
    const host_item *host = h->hosts[i];
    if (!host->address || Ustrcmp(host->name, continue_hostname) != 0) continue;
    if (Ustrcmp(host->address, continue_host_address) != 0) continue;
    *index = i;
    return TRUE;
  }
  return FALSE;
}

static int open_connection(void *exim, struct danesmtp_open_connection *open)
{
  const struct batch_handle *h = exim;
  if (!connection_reuse_is_ours() || !find_host(h, &open->host)) return 0;
  open->transactions = continue_sequence - 1;
  open->mark = CCS continue_proxy_sni;
  open->cipher = CCS continue_proxy_cipher;
  return 1;
}

static int use_open_connection(void *exim)
{
  ((struct batch_handle *)exim)->inherited = TRUE;
  const int fd = fcntl(0, F_DUPFD, 3);
  replace_stdin();
  const unsigned sequence = continue_sequence;
  forget_open_connection();
  continue_sequence = sequence;
  return fd;
}

static void end_open_connection(void *exim)
{
  (void)exim;
  connection_reuse_end();
}

/* Messages of another identity are told by the mark, when their turn comes. */
static BOOL any_message(const uschar *id, void *data)
{
  (void)id;
  (void)data;
  return TRUE;
}

static int further_message(void *exim, size_t host, size_t transactions, size_t most)
{
  struct batch_handle *h = exim;
  uschar next[MESSAGE_ID_LENGTH + 1] = "";
  if (h->delegated) return 0; /* Exim's driver may have left one open already */
  continue_sequence = (unsigned)transactions;
  if (!(f.continue_more && exim_takes_connection_back(h->inherited)) &&
      !transport_check_waiting(drinst_of(h->tblock)->name, h->hosts[host]->name,
                               most > INT_MAX ? 0 : (int)most, next, (oicf)any_message, NULL))
    return 0;
  h->next_message = string_copy(next);
  return 1;
}

static void leave_open(void *exim, int fd, const struct danesmtp_open_connection *open)
{
  struct batch_handle *h = exim;
  h->left_open = TRUE;
  continue_sequence = (unsigned)open->transactions;
  continue_transport = drinst_of(h->tblock)->name;
  continue_hostname = h->hosts[open->host]->name;
  continue_host_address = h->hosts[open->host]->address;
  continue_proxy_cipher = string_copy(CUS open->cipher);
  continue_proxy_sni = string_copy(CUS open->mark);
  continue_proxy_dane = FALSE;
  smtp_peer_options = OPTION_TLS;
  exim_leave_connection(fd, h->next_message);
}

/* Exim's child reports the SNI from here, together with the connection. */
void connection_reuse_report(const struct batch_handle *h)
{
  if (h->left_open) tls_out.sni = continue_proxy_sni;
}

/* Who else waits for these hosts can be told by this message's next delivery, and the other way round.
 * Not so when the trouble was with this message or its recipients alone. */
void connection_reuse_note_waiting(const struct batch_handle *h)
{
  if (!h->waits_for_host || h->has_own_trouble || h->tblock->connection_max_messages == 1) return;
  if (h->batch.host_count) transport_update_waiting(h->hosts[0], drinst_of(h->tblock)->name);
}

void reuse_services_fill(struct danesmtp_services *s)
{
  s->open_connection = open_connection;
  s->use_open_connection = use_open_connection;
  s->end_open_connection = end_open_connection;
  s->further_message = further_message;
  s->leave_open = leave_open;
}
