/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exim before 4.99, which loads transports with the patch of its series: 4.98 and 4.96. Included by
 * exim_version.h. */
#ifndef DANESMTP_COMPAT_EXIM_BEFORE_4_99_H
#define DANESMTP_COMPAT_EXIM_BEFORE_4_99_H

/* Its functions take for writing what they only read. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wincompatible-pointer-types-discards-qualifiers"
#else
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"
#endif
#define EXIM_CONST
#ifdef SPOOL_DATA_START_OFFSET_OLD
#define EXIM_CONST_4_97 const
#else
#define EXIM_BEFORE_4_97
#define EXIM_CONST_4_97
#endif

/* RFC 9422: what a server said of itself goes with a connection. */
#if defined(EXPERIMENTAL_ESMTP_LIMITS) || !(defined(DISABLE_ESMTP_LIMITS) || defined(EXIM_BEFORE_4_97))
#define EXIM_LIMITS
#endif

/* Exim's own driver; NULL where its table of transports is not as the headers say. */
transport_info *exim_smtp_driver(void);
#define smtp_transport_info (*exim_smtp_driver())

/* What all drivers have in common are members like any. */
#define drinst_of(instance) (instance)
#define drinfo_of(info) (info)
typedef transport_instance transport_driver_instance;
typedef transport_info transport_driver_info;

#define TRANSPORT_INFO_SYMBOL _transport_info_before_4_99
#define TRANSPORT_DRIVER_INFO(...) __VA_ARGS__
#define EXIM_SIZES_OF_THE_SERIES

#define dnssec_used dnssec /* in host_item */
#define continue_retry_db ((open_db *)NULL)

extern int acl_where;

#undef log_write_die
#define log_write_die(flags, ...) log_write(LOG_PANIC_DIE | (flags), __VA_ARGS__)
#define xtextencode(text, length) auth_xtextencode(US(text), length)
#define smtp_get_interface(option, family, address, interface, what) \
  smtp_get_interface(US(option), family, address, USS(interface), US(what))
#define retry_check_address(domain, host, port, with_ip, host_key, message_key) \
  retry_check_address(domain, host, US(port), with_ip, (void *)(host_key), (void *)(message_key))

/* -1: `address` says why not. */
static inline int exim_get_port(const uschar *option, address_item *address, const uschar *what)
{
  int port;
  return smtp_get_port(US option, address, &port, US what) ? port : -1;
}
#define smtp_get_port exim_get_port

static inline gstring *log_portnum(gstring *g, int port)
{
  return string_fmt_append(g, ":%d", port);
}

#ifdef EXIM_BEFORE_4_97
const uschar *retry_host_key_build(const host_item *host, BOOL with_ip, const uschar *port);
#endif

/* PS= of log lines came later. */
static inline void note_session_step(address_item *a, uschar letter)
{
  (void)a, (void)letter;
}

static inline void set_channelbind_exporter(BOOL on)
{
#ifdef EXIM_BEFORE_4_97
  (void)on;
#else
  tls_out.channelbind_exporter = on;
#endif
}

/* The option is not expanded. */
static inline uschar **hosts_randomize_expression(smtp_transport_options_block *ob)
{
  static uschar *none;
  (void)ob;
  none = NULL;
  return &none;
}

/* The key exchange group at the end of X= came later. */
static inline BOOL exim_logs_group(void)
{
  return FALSE;
}

static inline void forget_next_message(void)
{
}

/* It passes no descriptor from the delivery process to its parent, which has the one that it inherited. */
static inline BOOL exim_takes_connection_back(BOOL inherited)
{
  return inherited;
}

static inline BOOL exim_runs_queue_once(void)
{
#ifdef EXIM_BEFORE_4_97
  return queue_interval == 0;
#else
  return qrunners && qrunners->interval == 0;
#endif
}

static inline BOOL exim_is_customer_of_atrn(void)
{
  return FALSE;
}

/* Sends the client what it is owed before something that takes long. */
static inline void flush_to_client(void)
{
  if (smtp_out) smtp_fflush();
}

#endif
