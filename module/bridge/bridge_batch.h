/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Exim hands to one call of the transport: recipients, and the hosts they share. The rules are
 * in bridge.h. */
#ifndef DANESMTP_BRIDGE_BATCH_H
#define DANESMTP_BRIDGE_BATCH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What came of looking for a host's addresses. */
enum danesmtp_lookup {
  DANESMTP_LOOKUP_DONE = 0,
  DANESMTP_LOOKUP_NONE_BY_ROUTER = 1, /* Exim's router found none: no delivery uses the host */
  DANESMTP_LOOKUP_FAILED = 2,         /* the transport's own; host_state() says why */
};

/* One host of the batch's list, in Exim's order. */
struct danesmtp_host {
  const char* name; /* as Exim logs it and keys retries: after CNAME expansion by its router */
  const char* asked_name; /* as the MX record or the configuration names it, without a port */
  const char* address;    /* text form; NULL: there is none, see lookup */
  int32_t port;           /* -1: the transport's port */
  int32_t mx;             /* MX or SRV preference; -1: the configuration names it */
  int32_t lookup;         /* enum danesmtp_lookup */
};

/* How the recipient's domain led to the host list. */
enum danesmtp_route {
  DANESMTP_ROUTE_MX = 0,    /* the router asked the DNS for the domain's MX records */
  DANESMTP_ROUTE_FIXED = 1, /* the configuration names the hosts: non-MX destinations (D-056) */
};

/* A router that asks the DNS took another name for the recipient's domain, from an answer that
 * nobody validated. */
struct danesmtp_rename {
  const char* from;
  const char* to;
};

struct danesmtp_recipient {
  const char* address; /* for RCPT TO */
  const char* domain;
  const struct danesmtp_rename* renames; /* on the way to this domain, the last one first */
  size_t rename_count;
  const char* mx_names;   /* configured as "name/mx", by spaces; NULL: none, or it cannot be told */
  int32_t by_srv;         /* the router asked for SRV records */
  int32_t route;          /* enum danesmtp_route */
  int32_t dsn_last_hop;   /* no notification is asked of the next server */
  const char* dsn_notify; /* NOTIFY= (RFC 3461); NULL: not asked for */
  const char* dsn_orcpt;  /* ORCPT=; NULL: not known */
};

/* May addresses that need SMTPUTF8 be sent as A-labels? */
enum danesmtp_downconvert {
  DANESMTP_DOWNCONVERT_NEVER = 0,
  DANESMTP_DOWNCONVERT_IF_NEEDED = 1,
  DANESMTP_DOWNCONVERT_ALWAYS = 2,
};

/* The library that Exim's own TLS is: its options are written in that one's language. */
enum danesmtp_tls_library { DANESMTP_TLS_GNUTLS = 0, DANESMTP_TLS_OPENSSL = 1 };

/* Does the message require TLS (RFC 8689)? */
enum danesmtp_require_tls {
  DANESMTP_REQUIRE_TLS_NO = 0,
  DANESMTP_REQUIRE_TLS_WHERE_POSSIBLE = 1, /* it has the null sender */
  DANESMTP_REQUIRE_TLS_ALWAYS = 2,
};

struct danesmtp_batch {
  const char* transport_name;
  const char* spool_directory;
  const char* sender; /* for MAIL FROM; "" is the null sender */
  const struct danesmtp_recipient* recipients;
  size_t recipient_count;
  const struct danesmtp_host* hosts;
  size_t host_count;
  const char* suffixes;   /* that complete a name here: resolv.conf's and the routers', by spaces */
  uint64_t message_size;  /* octets with CRLF and size_addition, for SIZE= */
  int32_t events_wanted;  /* event_action is set */
  int32_t reports_wanted; /* somebody wants to know what came of TLS on each host (RFC 8460) */
  int32_t all_or_nothing; /* mua_wrapper: to every recipient, or a failure for all */
  int32_t smtputf8;       /* an address or header needs it (RFC 6531) */
  int32_t downconvert;    /* enum danesmtp_downconvert, of the message */
  const char* dsn_ret;    /* RET= (RFC 3461); NULL: not asked for */
  const char* dsn_envid;  /* ENVID=; NULL: none */
  int32_t require_tls;    /* enum danesmtp_require_tls */
  int32_t by_data_only;   /* the message is not to be sent by BDAT */
  int32_t tls_library;    /* enum danesmtp_tls_library */
  int32_t logs_group;     /* X= ends with the key exchange group */
  const char* openssl_options; /* expanded; NULL: not set, or another library */
};

#ifdef __cplusplus
}
#endif

#endif
