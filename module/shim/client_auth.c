/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exim's own client authenticators, which alone know the secrets of an existing `begin authenticators`
 * section. They speak to a smtp_context whose connection is a plain socket; the core carries the octets
 * over TLS, and calls here only after it has judged the peer. RFC 4954. Order, conditions, log lines and
 * the event auth:fail are those of Exim's smtp driver. */
#include "shim.h"

/* What belongs to one connection: a new one starts without it. */
void auth_forget(void)
{
  f.smtp_authenticated = FALSE;
  client_authenticator = client_authenticated_id = client_authenticated_sender = NULL;
}

static smtp_context *plain_context(const struct batch_handle *h, size_t host, int fd)
{
  smtp_context *sx = store_get(sizeof(*sx), GET_UNTAINTED);
  memset(sx, 0, sizeof(*sx));
  sx->addrlist = sx->first_addr = h->addresses;
  sx->conn_args.tblock = h->tblock;
  sx->conn_args.ob = drinst_of(h->tblock)->options_block;
  sx->conn_args.host = h->hosts[host];
  sx->conn_args.sock = fd;
  sx->esmtp = TRUE;
  sx->cctx.sock = fd;
  sx->inblock = (smtp_inblock) { .cctx = &sx->cctx,
                                 .buffer = sx->inbuffer,
                                 .ptr = sx->inbuffer,
                                 .ptrend = sx->inbuffer,
                                 .buffersize = sizeof(sx->inbuffer) };
  sx->outblock = (smtp_outblock) {
    .cctx = &sx->cctx, .buffer = sx->outbuffer, .ptr = sx->outbuffer, .buffersize = sizeof(sx->outbuffer)
  };
  return sx;
}

static BOOL offered(const uschar *mechanisms, const uschar *wanted)
{
  int separator = ' ';
  const uschar *name;
  while ((name = string_nextinlist(&mechanisms, &separator, NULL, 0)))
    if (strcmpic(name, wanted) == 0) return TRUE;
  return FALSE;
}

static BOOL wanted(auth_instance *au)
{
  if (au->client &&
      (!au->client_condition ||
       expand_check_condition(au->client_condition, drinst_of(au)->name, US "client authenticator")))
    return TRUE;
  if (debugs(transport))
    debug_printf("skipping %s authenticator: %s\n", drinst_of(au)->name,
                 au->client ? "client_condition is false" : "not configured as a client");
  return FALSE;
}

/* RFC 5801 3: a mechanism that binds to the channel is named -PLUS. */
static BOOL binds_channel(const auth_instance *au)
{
  const int length = Ustrlen(au->public_name);
  return length > 5 && strcmpic(au->public_name + length - 5, US "-PLUS") == 0;
}

static int run_client(auth_instance *au, smtp_context *sx)
{
  const auth_info *driver = drinst_of(au)->info;
  const smtp_transport_options_block *ob = sx->conn_args.ob;
  uschar *channel_binding = tls_out.channelbinding;
  int rc;

  note_session_step(sx->first_addr, 'a');
  authenticator_name = drinst_of(au)->name;
  driver_srcfile = drinst_of(au)->srcfile;
  driver_srcline = drinst_of(au)->srcline;
  *sx->buffer = 0;
  errno = 0;
  sx->outblock.authenticating = TRUE; /* what is sent is masked in debugging output and in big_buffer */
  /* gsasl gives it to every mechanism, and GNU SASL 2.2 then cannot do SCRAM without -PLUS at all. */
  if (!binds_channel(au)) tls_out.channelbinding = NULL;
  rc = driver->clientcode(au, sx, ob->command_timeout, sx->buffer, sizeof(sx->buffer));
  tls_out.channelbinding = channel_binding;
  sx->outblock.authenticating = FALSE;
  authenticator_name = NULL;
  driver_srcfile = NULL;
  driver_srcline = 0;
  if (debugs(transport)) debug_printf("%s authenticator yielded %s\n", drinst_of(au)->name, rc_names[rc]);
  return rc;
}

/* The masked command is in big_buffer, unless an expansion has used that since. */
static const char *last_command(void)
{
  if (Ustrncmp(big_buffer, "AUTH ", 5) == 0) return CCS string_copy(big_buffer);
  return "AUTH";
}

static struct danesmtp_authenticated broken_off(smtp_context *sx, int error)
{
  const BOOL has_words = error == 0 && *sx->buffer;
  return (struct danesmtp_authenticated) {
    .end = DANESMTP_AUTH_FAILED,
    .timed_out = error == ETIMEDOUT,
    .garbled = has_words || error == ERRNO_SMTPFORMAT,
    .text = CCS string_copy(sx->buffer),
    .command = last_command(),
  };
}

static void authenticated(const auth_instance *au)
{
  f.smtp_authenticated = TRUE;
  client_authenticator = drinst_of(au)->name;
  if (au->set_client_id) client_authenticated_id = expand_string(au->set_client_id);
}

/* The server said no for good. The event's answer takes the place of the usual line. */
static void log_refusal(const auth_instance *au, const smtp_context *sx)
{
  const host_item *host = sx->conn_args.host;
  const uschar *line = NULL;
#ifndef DISABLE_EVENT
  uschar *saved = sender_host_authenticated;
  sender_host_authenticated = drinst_of(au)->name;
  line = event_raise(sx->conn_args.tblock->event_action, US "auth:fail", sx->buffer, NULL);
  sender_host_authenticated = saved;
#endif
  if (line)
    log_write(LOG_MAIN, "%s", line);
  else
    log_write(LOG_MAIN, "%s authenticator failed H=%s [%s] %s", drinst_of(au)->name, host->name,
              host->address, sx->buffer);
}

static void log_cancelled(const auth_instance *au, const smtp_context *sx)
{
  const host_item *host = sx->conn_args.host;
  if (*sx->buffer)
    log_write(LOG_MAIN, "%s authenticator cancelled authentication H=%s [%s] %s", drinst_of(au)->name,
              host->name, host->address, sx->buffer);
}

/* AUTH_NOT: this one did not do it, the next may. */
static struct danesmtp_authenticated try_one(auth_instance *au, smtp_context *sx)
{
  struct danesmtp_authenticated answer = { .end = DANESMTP_AUTH_NOT,
                                           .command = "",
                                           .text = "authentication attempt(s) failed" };
  const int rc = run_client(au, sx);
  const int error = errno;
  switch (rc) {
    case OK:
      /* Words that nobody asked for: the two sides no longer agree on what is being said. */
      if (sx->inblock.ptr != sx->inblock.ptrend) return broken_off(sx, ERRNO_SMTPFORMAT);
      authenticated(au);
      answer.end = DANESMTP_AUTH_DONE;
      return answer;
    case FAIL:
      if (error != 0 || *sx->buffer != '5') return broken_off(sx, error);
      log_refusal(au, sx);
      return answer;
    case FAIL_SEND: *sx->buffer = 0; return broken_off(sx, error);
    case CANCELLED: log_cancelled(au, sx); return answer;
    default:
      answer.end = DANESMTP_AUTH_PROBLEM;
      answer.text = CCS string_copy(sx->buffer);
      return answer;
  }
}

static struct danesmtp_authenticated authenticate(void *exim, size_t host, int fd, const char *mechanisms)
{
  smtp_context *sx = plain_context(exim, host, fd);
  struct danesmtp_authenticated answer = { .end = DANESMTP_AUTH_NOT,
                                           .command = "",
                                           .text = "no common mechanisms were found" };
  if (debugs(transport)) debug_printf("scanning authentication mechanisms\n");
  for (auth_instance *au = auths; au && answer.end == DANESMTP_AUTH_NOT; au = drinst_of(au)->next)
    if (wanted(au) && offered(CUS mechanisms, au->public_name)) answer = try_one(au, sx);
  return answer;
}

static const char *mail_auth(void *exim, int *failed)
{
  const struct batch_handle *h = exim;
  const smtp_transport_options_block *ob = drinst_of(h->tblock)->options_block;
  const uschar *sender = authenticated_sender;

  *failed = 0;
  if (ob->authenticated_sender) {
    const uschar *own = expand_string(ob->authenticated_sender);
    if (!own && !f.expand_string_forcedfail) {
      *failed = 1;
      return NULL;
    }
    if (own && *own) sender = own;
  }
  if (!sender || !(f.smtp_authenticated || ob->authenticated_sender_force)) return NULL;
  client_authenticated_sender = string_copy(sender);
  return CCS xtextencode(sender, Ustrlen(sender));
}

void auth_services_fill(struct danesmtp_services *s)
{
  s->authenticate = authenticate;
  s->mail_auth = mail_auth;
}
