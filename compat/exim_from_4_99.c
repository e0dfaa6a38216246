/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exim that loads transports by itself: the part of exim_version.h that is code. */
#include "exim.h"
#include "transports/smtp.h"

#include "exim_version.h"
#ifdef TRANSPORT_MAGIC

#ifdef EXPERIMENTAL_ARC
#include "miscmods/arc_api.h"
#endif
#include "miscmods/dkim_api.h"
#include "shim/symbol_size.h"

size_t exim_transport_info_size(void)
{
  return program_symbol_size("smtp_transport_info");
}

size_t exim_auth_info_size(void)
{
  return program_symbol_size("plaintext_auth_info");
}

void exim_refuse_module(transport_info *info)
{
  info->drinfo.dyn_magic = 0;
}

#if defined(EXPERIMENTAL_ARC) && !defined(DISABLE_DKIM)
/* The DKIM code seals the message, as it signs. FALSE: arc_sign does not expand. */
static BOOL set_up_arc(const uschar *arc_sign, struct ob_dkim *dkim)
{
  typedef void (*init_fn)(void);
  uschar *spec = arc_sign ? expand_string(US arc_sign) : NULL;
  if (!spec) return !arc_sign || f.expand_string_forcedfail;
  const misc_module_info *arc = *spec ? misc_mod_find(US "arc", NULL) : NULL;
  if (!arc) return TRUE;
  ((init_fn *)arc->functions)[ARC_SIGN_INIT]();
  dkim->force_bodyhash = TRUE;
  dkim->arc_signspec = spec;
  return TRUE;
}
#endif

/* Through the dkim module, which may itself be a loadable one, where there is one. */
BOOL exim_write_message(transport_ctx *context, const smtp_transport_options_block *ob, const uschar **why)
{
#ifndef DISABLE_DKIM
  typedef void (*init_fn)(void);
  typedef BOOL (*write_fn)(transport_ctx *, const struct ob_dkim *, const uschar **);
  const misc_module_info *dkim = misc_mod_find(US "dkim", NULL);
  if (dkim) {
    struct ob_dkim options = ob->dkim;
    ((init_fn *)dkim->functions)[DKIM_TRANSPORT_INIT]();
#ifdef EXPERIMENTAL_ARC
    if (!set_up_arc(ob->arc_sign, &options)) {
      *why = US "failed to expand arc_sign";
      return FALSE;
    }
#endif
    return ((write_fn *)dkim->functions)[DKIM_TRANSPORT_WRITE](context, &options, why);
  }
#endif
  (void)ob, (void)why;
  return transport_write_message(context, 0);
}

/* Exim's parent process passes it on, when it has the results. */
void exim_leave_connection(int fd, const uschar *next_message)
{
  continue_fd = fd;
  Ustrncpy(continue_next_id, next_message, MESSAGE_ID_LENGTH + 1);
}

#else
typedef int no_empty_file;
#endif
