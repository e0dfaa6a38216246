/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exim before 4.99: the part of exim_version.h that is code. */
#include "exim.h"
#include "transports/smtp.h"

#include "exim_version.h"
#ifndef TRANSPORT_MAGIC

#include "shim/symbol_size.h"

/* Found by an address: no pointer in the table is followed before its form is known. */
transport_info *exim_smtp_driver(void)
{
  static transport_info *found;
  const size_t size = program_symbol_size("transports_available");
  if (found || size % sizeof(transport_info) != 0) return found;
  for (size_t i = 0; !found && i < size / sizeof(transport_info); i++)
    if (transports_available[i].code == smtp_transport_entry) found = transports_available + i;
  return found;
}

size_t exim_transport_info_size(void)
{
  return exim_smtp_driver() ? sizeof(transport_info) : 0;
}

/* The table ends with an entry that has no name. */
size_t exim_auth_info_size(void)
{
  const size_t size = program_symbol_size("auths_available");
  return size == 0 || size % sizeof(auth_info) != 0 ? size : sizeof(auth_info);
}

void exim_refuse_module(transport_info *info)
{
  info->driver_name = US "";
}

#if defined(EXPERIMENTAL_ARC) && !defined(DISABLE_DKIM)
/* An Exim without it is refused by name, and not because the loader does not find a function. */
#pragma weak arc_ams_setup_sign_bodyhash

/* The DKIM code seals the message, as it signs. FALSE: arc_sign does not expand. */
static BOOL set_up_arc(const uschar *arc_sign, struct ob_dkim *dkim)
{
  uschar *spec = arc_sign ? expand_string(US arc_sign) : NULL;
  if (!spec) return !arc_sign || f.expand_string_forcedfail;
  if (!*spec) return TRUE;
  (void)arc_ams_setup_sign_bodyhash();
  dkim->force_bodyhash = TRUE;
  dkim->arc_signspec = spec;
  return TRUE;
}
#endif

BOOL exim_write_message(transport_ctx *context, const smtp_transport_options_block *ob, const uschar **why)
{
#ifndef DISABLE_DKIM
  struct ob_dkim options = ob->dkim;
  dkim_exim_sign_init();
#ifdef EXPERIMENTAL_ARC
  if (!set_up_arc(ob->arc_sign, &options)) {
    *why = US "failed to expand arc_sign";
    return FALSE;
  }
#endif
  const BOOL written = dkim_transport_write_message(context, &options, why);
  /* Of a key that cannot be read it says no more than this. */
  if (!written && !*why && errno == EACCES && ob->dkim.dkim_strict) *why = US "dkim_strict";
  return written;
#else
  (void)ob, (void)why;
  return transport_write_message(context, 0);
#endif
}

#ifdef EXIM_LIMITS
#define NO_LIMITS , 0, 0, 0
#else
#define NO_LIMITS
#endif

/* The queue runner waits for who has the other end of its pipe. The core marks all descriptors. */
static void keep_queue_run_pipe(BOOL keep)
{
  if (queue_run_pipe >= 0) (void)fcntl(queue_run_pipe, F_SETFD, keep ? 0 : FD_CLOEXEC);
}

/* A process for the next message is started here, with the connection as its descriptor 0. Where a further
 * batch is to have it, the parent process has it already. */
void exim_leave_connection(int fd, const uschar *next_message)
{
  if (*next_message) {
    const tls_support session = tls_out;
    tls_out.sni = continue_proxy_sni;
    continue_proxy_cipher = string_copyn(continue_proxy_cipher, EXIM_CIPHERNAME_MAX); /* it takes no more */
#ifdef SUPPORT_DANE
    tls_out.dane_verified = FALSE;
#endif
    keep_queue_run_pipe(TRUE);
    (void)transport_pass_socket(continue_transport, continue_hostname, continue_host_address, US next_message,
                                fd NO_LIMITS);
    keep_queue_run_pipe(FALSE);
    tls_out = session;
    continue_transport = continue_hostname = NULL;
  }
  (void)close(fd);
}

#ifdef EXIM_BEFORE_4_97
/* As retry_check_address() of the same Exim builds it. */
const uschar *retry_host_key_build(const host_item *host, BOOL with_ip, const uschar *port)
{
  return with_ip ? string_sprintf("T:%S:%s%s", host->name, host->address, port)
                 : string_sprintf("T:%S%s", host->name, port);
}
#endif

#else
typedef int no_empty_file;
#endif
