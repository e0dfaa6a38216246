/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the shim share. The shim is the only code that sees Exim's headers: it turns
 * Exim's lists into the bridge's structures and the core's answers into Exim's fields. It decides
 * nothing about DANE, TLS or SMTP. */
#ifndef DANESMTP_SHIM_H
#define DANESMTP_SHIM_H

#include "exim.h"
#include "transports/smtp.h"
#include "exim_version.h"

#include "bridge/bridge.h"

/* Our own options; they lie behind those of the running Exim's smtp driver in the options block. */
struct danesmtp_options {
  uschar *dane_audit_domains;
  uschar *dane_cache;
  uschar *dane_callouts;
  uschar *dane_dnssec;
  uschar *dane_except_domains;
  uschar *dane_insecure_mx;
  uschar *dane_mta_sts;
  uschar *dane_mta_sts_fail;
  uschar *dane_require_tls;
  uschar *dane_resolver;
  uschar *dane_tls_resumption;
  uschar *dane_tlsrpt_socket;
  uschar *dane_trust_anchor_file;
  /* Exim's own; of use only where its smtp driver has no such options */
  uschar *dane_require_tls_ciphers;
  uschar *hosts_require_dane;
  uschar *hosts_try_dane;
};

/* One call of the transport. */
struct batch_handle {
  transport_instance *tblock;
  address_item *addresses;            /* the chain as Exim gave it */
  host_item *own_list;                /* set: not the addresses' list, or one looked up here */
  BOOL transport_hosts;               /* that list is of the option `hosts` */
  address_item **recipients;          /* by index */
  host_item **hosts;                  /* by index */
  struct host_notes *notes;           /* by index */
  struct danesmtp_host *bridge_hosts; /* by index; those of the batch */
  struct danesmtp_batch batch;
  const uschar *next_message; /* that the connection is left to; "": a further batch of this one */
  BOOL inherited;             /* a connection, from the delivery before */
  BOOL left_open;             /* a connection, for it */
  BOOL waits_for_host;        /* a host failed, or its retry time has not come */
  BOOL has_own_trouble;       /* a server would not take this message, or a recipient */
  BOOL delegated;             /* a part of the batch, or all of it */
  BOOL all_delegated;
  BOOL own_driver_failed; /* all was, and it said FALSE */
};

/* What is remembered of a host between two services. */
struct host_notes {
  const uschar *port_and_interface; /* as in retry keys: "", ":2525", "/192.0.2.1" */
  const uschar *interface;
  int port;                        /* the one that would be used; 0: not asked for yet */
  const uschar *retry_host_key;    /* set: there is such a record in the retry database */
  const uschar *retry_message_key; /* likewise */
  uschar *serialize_key;           /* set: this delivery holds it */
  int lookup;                      /* enum danesmtp_host_state of the address look-up */
  BOOL expired;
};

/* option_table.c: the running Exim's smtp options with ours appended. */
extern optionlist *option_table;
extern int option_table_count;
extern void *option_defaults;
extern int option_block_length;
void option_table_build(void);
const optionlist *option_find(const char *name);
void *option_address(const transport_instance *tblock, const char *name, int type);
struct danesmtp_options *own_options(const transport_instance *tblock);

/* Of dane_require_tls. */
enum tls_required { TLS_NOT_REQUIRED, TLS_REQUIRED, TLS_REQUIRED_UNKNOWN };
enum tls_required tls_required_word(const char *word);

/* option_check.c: our options' values. NULL, or why a value cannot be used. */
const char *own_options_fault(const struct danesmtp_options *options);
/* Likewise of the files that they name. */
const char *own_files_fault(const transport_instance *tblock);

/* abi_check.c: NULL, or what of the running Exim differs from the Exim this was built for. */
const char *abi_difference(void);

/* transport_info.c */
BOOL dane_may_apply(const transport_instance *tblock);
struct danesmtp_services all_services(void);

/* callout.c: SMTP that Exim's core speaks for the transport. */
void callout_wrap_setup(transport_instance *tblock);
void callout_over(void);

/* misfit.c: a module that is not for the running Exim. The transport then lets everything wait, or is
 * no transport at all; doc/decisions/0012. */
void misfit_take_over(transport_info *info, const char *why);

/* require_tls.c: does the message require TLS? *why is set where that is not known. */
BOOL tls_required_is_set(const transport_instance *tblock);
enum tls_required tls_required_now(const transport_instance *tblock, const char **why);
/* Of a batch that is to be delivered. */
void tls_required_ask(const transport_instance *tblock, const address_item *addresses);
enum tls_required tls_required_of(const transport_instance *tblock, const address_item *addresses,
                                  const char **why);

/* core_library.c: the core, opened at the first delivery or when a queue run begins. NULL: *why says why
 * not. */
const struct danesmtp_core_table *core_library(const char **why);

/* address_batch_import.c */
enum batch_imported {
  BATCH_COMPLETE,
  BATCH_WITHOUT_HOSTS, /* there is no host list, and no option names one */
  BATCH_UNUSABLE,      /* the first address says why */
};
enum batch_imported batch_import(struct batch_handle *h, transport_instance *tblock, address_item *addresses);
void batch_list_hosts(struct batch_handle *h, host_item *list);
void batch_chain(struct batch_handle *h, const size_t *recipients, size_t count);
void batch_chain_whole(struct batch_handle *h);
void *batch_array(size_t count, size_t size);

/* route_names.c */
const struct danesmtp_rename *route_renames(const address_item *a, size_t *count);
const char *route_suffixes(const address_item *addresses);
const char *route_mx_names(const address_item *a);
int route_by_srv(const address_item *a);

/* exim_services.c, host_services.c, message_services.c, recipient_result_export.c */
void exim_services_fill(struct danesmtp_services *services);
void host_services_fill(struct danesmtp_services *services);
void message_services_fill(struct danesmtp_services *services);
void result_services_fill(struct danesmtp_services *services);

void defer_undecided(address_item *addresses, const char *why);
void defer_quietly(address_item *addresses, const char *why);
void hosts_find_addresses(struct batch_handle *h);
void host_variables_set(const struct batch_handle *h, size_t index);
void hosts_leave_all(struct batch_handle *h);

/* tls_variables.c: $tls_out_... */
void tls_variables_service_fill(struct danesmtp_services *services);
void tls_variables_clear(void);
void tls_dialect_fill(struct danesmtp_batch *batch);
#ifndef DISABLE_OCSP
int exim_ocsp(int32_t result); /* of enum danesmtp_ocsp */
#endif

/* connection_reuse.c */
void reuse_services_fill(struct danesmtp_services *services);
BOOL connection_reuse_is_ours(void);
void connection_reuse_end(void);
void connection_reuse_report(const struct batch_handle *h);
void connection_reuse_note_waiting(const struct batch_handle *h);

/* client_auth.c */
void auth_services_fill(struct danesmtp_services *services);
void auth_forget(void);

/* delegation.c: Exim's own smtp driver. */
BOOL own_driver_code(transport_instance *tblock, address_item *addresses);
void delegate_recipients(void *exim, const size_t *recipients, size_t count);
int delegated_delivery(void *exim, size_t recipient, struct danesmtp_delegated *delivery);

#endif
