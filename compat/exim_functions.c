/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of Exim that the shim calls, each with the type it is called by. Where a header
 * says otherwise the module does not compile, also where C would convert the arguments without a
 * word. Holds no code. tests/integration/test_misfit.py compares the list with what the module asks
 * the loader for.
 */
#include "exim.h"
#include "transports/smtp.h"

#include "exim_version.h"

#define FUNCTION(name, ...)                                                   \
  _Static_assert(__builtin_types_compatible_p(__typeof__(name), __VA_ARGS__), \
                 #name "() of this Exim has another type than danesmtp calls it by: see compat/README.md")

/* Exim renames some by macros of the same name: their names in the binary are meant. */
#undef debug_printf
#undef expand_string
#undef log_write
#undef log_write_die
#undef retry_check_address
#undef smtp_get_interface
#undef smtp_get_port
#undef string_nextinlist
#undef xtextencode

/* Logs and debugging */
FUNCTION(log_write, EXIM_LOG_FUNCTION);
FUNCTION(deliver_msglog, void(const char *, ...));
FUNCTION(debug_printf, void(const char *, ...));
FUNCTION(debug_printf_indent, void(const char *, ...));
FUNCTION(tod_stamp, uschar *(int));
FUNCTION(exim_errstr, const uschar *(int));
#ifndef EXIM_DEBUGS_BY_BITS
FUNCTION(is_debug, BOOL(const uschar *));
#endif

/* Strings and memory */
FUNCTION(die_tainted, void(const uschar *, const uschar *, int));
FUNCTION(store_get_3, void *(int, const void *, const char *, int));
FUNCTION(strcmpic, int(const uschar *, const uschar *));
FUNCTION(strncmpic, int(const uschar *, const uschar *, int));
FUNCTION(string_cat, gstring *(gstring *, const uschar *));
FUNCTION(string_catn, gstring *(gstring *, const uschar *, int));
FUNCTION(string_dequote, uschar *(const uschar **));
FUNCTION(string_is_ip_address, int(const uschar *, int *));
FUNCTION(string_nextinlist_trc, uschar *(const uschar **, int *, uschar *, int, const uschar *, int));
FUNCTION(string_printing2, const uschar *(const uschar *, int));
FUNCTION(string_sprintf_trc, uschar *(const char *, const uschar *, unsigned, ...));
FUNCTION(string_vformat_trc,
         gstring *(gstring *, const uschar *, unsigned, unsigned, unsigned, const char *, va_list));
#ifdef SUPPORT_I18N
FUNCTION(string_address_utf8_to_alabel, EXIM_CONST uschar *(const uschar *, uschar **));
#endif

/* Options */
#ifdef EXIM_DEBUGS_BY_BITS
FUNCTION(expand_string, uschar *(uschar *));
#else
FUNCTION(expand_string_2, const uschar *(const uschar *, BOOL *));
#endif
FUNCTION(expand_check_condition, BOOL(EXIM_CONST uschar *, EXIM_CONST uschar *, EXIM_CONST uschar *));
FUNCTION(exp_bool, int(address_item *, EXIM_CONST uschar *, EXIM_CONST uschar *, EXIM_DEBUG_CHANNEL, uschar *,
                       BOOL, EXIM_CONST uschar *, BOOL *));
FUNCTION(match_isinlist, int(const uschar *, const uschar *EXIM_CONST *, int, tree_node **, unsigned *, int,
                             BOOL, const uschar **));
FUNCTION(verify_check_given_host, int(const uschar **, const host_item *));
FUNCTION(deliver_set_expansions, void(address_item *));
#ifndef DISABLE_EVENT
FUNCTION(event_raise, uschar *(EXIM_CONST_4_97 uschar *, const uschar *, EXIM_CONST_4_97 uschar *, int *));
#endif

/* Hosts and connections */
FUNCTION(host_build_hostlist, void(host_item **, const uschar *, BOOL));
FUNCTION(host_find_bydns, int(host_item *, const uschar *, int, EXIM_CONST uschar *, EXIM_CONST uschar *,
                              EXIM_CONST uschar *, const dnssec_domains *, const uschar **, BOOL *));
FUNCTION(host_find_byname, int(host_item *, const uschar *, int, const uschar **, BOOL));
FUNCTION(host_item_get_port, int(host_item *));
FUNCTION(os_get_dns_resolver_res, struct __res_state *(void));
FUNCTION(smtp_connect, int(smtp_connect_args *, const blob *));
FUNCTION(smtp_get_interface,
         BOOL(EXIM_CONST uschar *, int, address_item *, EXIM_CONST uschar **, EXIM_CONST uschar *));
FUNCTION(smtp_port_for_connect, void(host_item *, int));
FUNCTION(cancel_cutthrough_connection, void(BOOL, const uschar *));
FUNCTION(tls_import_cert, BOOL(const uschar *, void **));
FUNCTION(tls_modify_variables, void(tls_support *));

/* Retry, waiting and serialisation databases */
FUNCTION(dbfn_close, void(open_db *));
FUNCTION(dbfn_open, open_db *(EXIM_CONST_4_97 uschar *, int, open_db *, BOOL, BOOL));
FUNCTION(dbfn_read_with_length, void *(open_db *, const uschar *, int *));
FUNCTION(enq_end, void(uschar *));
FUNCTION(retry_add_item, void(address_item *, EXIM_CONST_4_97 uschar *, int));
FUNCTION(retry_check_address, BOOL(const uschar *, host_item *, EXIM_CONST uschar *, BOOL,
                                   EXIM_CONST_4_97 uschar **, EXIM_CONST_4_97 uschar **));
FUNCTION(retry_find_config, retry_config *(const uschar *, const uschar *, int, int));
FUNCTION(retry_host_key_build, const uschar *(const host_item *, BOOL, const uschar *));
FUNCTION(transport_check_waiting,
         BOOL(const uschar *, const uschar *, int, uschar *, BOOL (*)(uschar *, void *), void *));
FUNCTION(transport_update_waiting, void(host_item *, EXIM_CONST uschar *));

/* The message, and Exim's own driver */
FUNCTION(transport_rcpt_address, EXIM_CONST_4_97 uschar *(address_item *, BOOL));
FUNCTION(transport_set_up_command,
         BOOL(const uschar ***, const uschar *, unsigned, int, address_item *, const uschar *, uschar **));
FUNCTION(transport_write_message, BOOL(transport_ctx *, int));
FUNCTION(smtp_transport_init, void(transport_driver_instance *));
FUNCTION(smtp_transport_entry, BOOL(transport_instance *, address_item *));
FUNCTION(smtp_transport_closedown, void(transport_instance *));

#ifdef TRANSPORT_MAGIC
FUNCTION(log_write_die, EXIM_LOG_FUNCTION);
FUNCTION(log_portnum, gstring *(gstring *, int));
FUNCTION(xtextencode, uschar *(const uschar *, int));
FUNCTION(smtp_fflush, int(BOOL));
FUNCTION(smtp_get_port, int(const uschar *, address_item *, const uschar *));
FUNCTION(enq_start, unsigned(uschar *, unsigned));
FUNCTION(misc_mod_find, misc_module_info *(const uschar *, uschar **));
#else
FUNCTION(auth_xtextencode, uschar *(uschar *, int));
FUNCTION(smtp_fflush, int(void));
FUNCTION(smtp_get_port, BOOL(uschar *, address_item *, int *, uschar *));
FUNCTION(enq_start, BOOL(uschar *, unsigned));
#ifndef DISABLE_DKIM
FUNCTION(dkim_exim_sign_init, void(void));
#ifdef EXPERIMENTAL_ARC
FUNCTION(arc_ams_setup_sign_bodyhash, void *(void));
#endif
FUNCTION(dkim_transport_write_message, BOOL(transport_ctx *, struct ob_dkim *, const uschar **));
#endif
#ifdef EXIM_LIMITS
FUNCTION(transport_pass_socket,
         BOOL(const uschar *, const uschar *, const uschar *, uschar *, int, unsigned, unsigned, unsigned));
#else
FUNCTION(transport_pass_socket, BOOL(const uschar *, const uschar *, const uschar *, uschar *, int));
#endif
#endif
