/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between Exim versions, hidden behind one set of names. Included by the shim only,
 * after exim.h and transports/smtp.h. Which API there is the headers tell, not the version: a development version has the
 * number of the release to come long before it has its functions. exim_functions.c checks the
 * types. To support a version: build against it, and add here what the compiler names. */
#ifndef DANESMTP_COMPAT_EXIM_VERSION_H
#define DANESMTP_COMPAT_EXIM_VERSION_H

#include "version.h"

#ifndef LOOKUP_MODULE_DIR
#error "This Exim is built without LOOKUP_MODULE_DIR: it cannot load a transport module"
#endif
#ifdef DISABLE_TLS
#error "This Exim is built without TLS"
#endif

/* 4.99: debugging is a word of bits, and log_write() has a first argument more (0).
 * debugs(transport) is whether that channel is debugged, debug_channel(transport) what exp_bool()
 * is told of it. */
#ifdef D_all
#define EXIM_DEBUGS_BY_BITS
#define EXIM_DEBUG_CHANNEL unsigned
#define EXIM_LOG_FUNCTION void(unsigned, int, const char *, ...)
#define debugs(channel) ((debug_selector & D_##channel) != 0)
#define debug_channel(channel) D_##channel
#define log_write(...) log_write(0, __VA_ARGS__)
#define log_write_die(...) log_write_die(0, __VA_ARGS__)
#else
#define EXIM_DEBUG_CHANNEL BOOL
#define EXIM_LOG_FUNCTION void(int, const char *, ...)
#define debugs(channel) IS_DEBUG(channel)
#define debug_channel(channel) IS_DEBUG(channel)
#endif

/* How large the running Exim's are, by its symbol tables; 0: not known. */
size_t exim_transport_info_size(void);
size_t exim_auth_info_size(void);

/* Makes Exim's loader refuse the module in its own words. */
void exim_refuse_module(transport_info *info);

/* Writes the message, signed by DKIM and sealed by ARC where the options say so. NULL in `*why`: it is not
 * the signing that failed. */
BOOL exim_write_message(transport_ctx *context, const smtp_transport_options_block *ob, const uschar **why);

/* Leaves the connection that the variables continue_... tell of, and its descriptor, to the next message;
 * "": to a further batch of this one. */
void exim_leave_connection(int fd, const uschar *next_message);

#ifdef TRANSPORT_MAGIC
#include "exim_from_4_99.h"
#else
#include "exim_before_4_99.h"
#endif

#endif
