/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the module takes for granted of the structures of the Exim that it is compiled for, as rows: abi_check.c
 * compares them with the running Exim when the module is loaded, abi_facts.c writes them for the records in
 * compat/abi. Included after shim.h. */
#ifndef DANESMTP_COMPAT_ABI_FACTS_H
#define DANESMTP_COMPAT_ABI_FACTS_H

struct abi_size {
  const char *symbol;
  const char *what;
  size_t size;
  BOOL may_lack; /* a build may be without it, or have it in a module */
};

static const struct abi_size abi_sizes[] = {
  { "transport_defaults", "the size of transport_instance", sizeof(transport_instance) },
  { "address_defaults", "the size of address_item", sizeof(address_item) },
  { "tls_out", "the size of tls_support", sizeof(tls_support) },
  { "smtp_transport_option_defaults", "the size of the smtp options", sizeof(smtp_transport_options_block) },
  { "f", "the size of the global flags", sizeof(f) },
  { "cutthrough", "the size of cut_t (host_item, client_conn_ctx)", sizeof(cut_t) },
  { "auth_defaults", "the size of auth_instance", sizeof(auth_instance) },
  { "router_defaults", "the size of router_instance", sizeof(router_instance) },
  EXIM_SIZES_OF_THE_SERIES
};

/* exim_transport_info_size() and exim_auth_info_size() tell these of the running Exim. */
static const struct abi_size abi_transport_info = { .what = "the size of transport_info",
                                                    .size = sizeof(transport_info) };
static const struct abi_size abi_auth_info = { .what = "the size of auth_info",
                                               .size = sizeof(auth_info),
                                               .may_lack = TRUE };

#define ABSENT ((size_t)-1)
struct abi_option {
  const char *name;
  size_t offset;
};

#define SMTP(field)                                       \
  {                                                       \
#field, offsetof(smtp_transport_options_block, field) \
  }
#define SMTP_ABSENT(field) \
  {                        \
#field, ABSENT         \
  }
static const struct abi_option abi_smtp_options[] = {
  SMTP(hosts),
  SMTP(command_timeout),
  SMTP(hosts_max_try),
  SMTP(allow_localhost),
  SMTP(keepalive),
  SMTP(tls_sni),
  SMTP(tls_tempfail_tryclear),
  SMTP(tls_verify_cert_hostnames),
#ifdef SUPPORT_DANE
  SMTP(hosts_require_dane),
#else
  SMTP_ABSENT(hosts_require_dane),
#endif
#ifndef DISABLE_PRDR
  SMTP(hosts_try_prdr),
#else
  SMTP_ABSENT(hosts_try_prdr),
#endif
#ifndef DISABLE_PIPE_CONNECT
  SMTP(hosts_pipe_connect),
#else
  SMTP_ABSENT(hosts_pipe_connect),
#endif
#ifndef DISABLE_OCSP
  SMTP(hosts_request_ocsp),
#else
  SMTP_ABSENT(hosts_request_ocsp),
#endif
#ifndef DISABLE_TLS_RESUME
  SMTP(tls_resumption_hosts),
#else
  SMTP_ABSENT(tls_resumption_hosts),
#endif
#ifdef SUPPORT_I18N
  SMTP(utf8_downconvert),
#else
  SMTP_ABSENT(utf8_downconvert),
#endif
#ifdef SUPPORT_SOCKS
  SMTP(socks_proxy),
#else
  SMTP_ABSENT(socks_proxy),
#endif
#ifdef EXPERIMENTAL_ARC
  SMTP(arc_sign),
#else
  SMTP_ABSENT(arc_sign),
#endif
#ifdef DISABLE_DKIM
  SMTP_ABSENT(dkim_domain),
#endif
};

#define INSTANCE(name, field)                 \
  {                                           \
    name, offsetof(transport_instance, field) \
  }
static const struct abi_option abi_transport_options[] = {
  INSTANCE("body_only", body_only),
  INSTANCE("headers_add", add_headers),
  INSTANCE("transport_filter", filter_command),
  INSTANCE("return_path_add", return_path_add),
#ifndef DISABLE_EVENT
  INSTANCE("event_action", event_action),
#else
  { "event_action", ABSENT },
#endif
};

#endif
