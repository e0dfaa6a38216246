/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exim that loads transports by itself. Included by exim_version.h. */
#ifndef DANESMTP_COMPAT_EXIM_FROM_4_99_H
#define DANESMTP_COMPAT_EXIM_FROM_4_99_H

#include <dlfcn.h>

#define EXIM_CONST const
#define EXIM_CONST_4_97 const

/* Exim's own driver; exported by its binary, declared in none of its headers. */
extern transport_info smtp_transport_info;

/* What all drivers have in common: of an instance, and of a driver. */
#define drinst_of(instance) (&(instance)->drinst)
#define drinfo_of(info) (&(info)->drinfo)
typedef driver_instance transport_driver_instance;
typedef driver_info transport_driver_info;

#define TRANSPORT_INFO_SYMBOL _transport_info
#define TRANSPORT_DRIVER_INFO(...) .drinfo = { .dyn_magic = TRANSPORT_MAGIC, __VA_ARGS__ }

/* Rows of abi_check.c. */
#define EXIM_SIZES_OF_THE_SERIES                                                          \
  { "dkim_module_info", "the size of misc_module_info", sizeof(misc_module_info), TRUE }, \
      { "continue_next_id", "the length of a message id", MESSAGE_ID_LENGTH + 1 },

static inline void note_session_step(address_item *a, uschar letter)
{
  a->protocol_sequence = string_catn(a->protocol_sequence, &letter, 1);
}

static inline void set_channelbind_exporter(BOOL on)
{
  tls_out.channelbind_exporter = on;
}

/* OpenSSL's function came with 3.2, and an Exim that was built with such a one asks for the group. */
static inline BOOL exim_logs_group(void)
{
#ifdef USE_OPENSSL
  return dlsym(RTLD_DEFAULT, "SSL_get0_group_name") != NULL;
#else
  return TRUE;
#endif
}

static inline void forget_next_message(void)
{
  continue_next_id[0] = 0;
}

/* What the option's expression is, which is expanded at delivery. */
static inline uschar **hosts_randomize_expression(smtp_transport_options_block *ob)
{
  return &ob->expand_hosts_randomize;
}

/* A connection can be left to a further batch of a message. */
static inline BOOL exim_takes_connection_back(BOOL inherited)
{
  (void)inherited;
  return TRUE;
}

static inline BOOL exim_runs_queue_once(void)
{
  return qrunners && qrunners->interval == 0;
}

static inline BOOL exim_is_customer_of_atrn(void)
{
  return atrn_mode && *atrn_mode == 'C';
}

/* Sends the client what it is owed before something that takes long. */
static inline void flush_to_client(void)
{
  if (smtp_out_fd >= 0) smtp_fflush(SFF_UNCORK);
}

#endif
