/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one contract between the shim (C, inside Exim) and the core (C++, no Exim header anywhere).
 *
 * Rules
 * 1. Strings are NUL-terminated. What the shim hands over lives until deliver() returns; what the
 * core hands over is copied by the shim before the service returns.
 * 2. `exim` is the shim's handle of the batch; the core only passes it back.
 * 3. Hosts and recipients are named by their index in the batch.
 * 4. No function throws, longjmps or ends the process; a service that fails says so in its answer.
 * 5. Any change of layout or meaning increments DANESMTP_BRIDGE_VERSION; the two sides refuse each
 *    other when it differs. */
#ifndef DANESMTP_BRIDGE_H
#define DANESMTP_BRIDGE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DANESMTP_BRIDGE_VERSION 13u
#define DANESMTP_CORE_SYMBOL "danesmtp_core"

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
  int32_t all_or_nothing; /* mua_wrapper: to every recipient, or a failure for all */
  int32_t smtputf8;       /* an address or header needs it (RFC 6531) */
  int32_t downconvert;    /* enum danesmtp_downconvert, of the message */
  const char* dsn_ret;    /* RET= (RFC 3461); NULL: not asked for */
  const char* dsn_envid;  /* ENVID=; NULL: none */
  int32_t by_data_only;   /* the message is not to be sent by BDAT */
};

enum danesmtp_status { DANESMTP_DELIVERED = 0, DANESMTP_DEFERRED = 1, DANESMTP_FAILED = 2 };

/* What kind of error a deferral or failure is; the shim turns it into Exim's error numbers, which
 * retry rules and `exinext` read. */
enum danesmtp_cause {
  DANESMTP_CAUSE_NONE = 0,
  DANESMTP_CAUSE_SYSTEM, /* system_errno */
  DANESMTP_CAUSE_CONNECT_TIMEOUT,
  DANESMTP_CAUSE_TIMEOUT,      /* waiting for an answer */
  DANESMTP_CAUSE_CLOSED,       /* the peer closed the connection */
  DANESMTP_CAUSE_FORMAT,       /* the peer broke the dialogue */
  DANESMTP_CAUSE_TLS_REQUIRED, /* TLS is mandatory and was not to be had */
  DANESMTP_CAUSE_TLS_FAILURE,  /* handshake or verification */
  DANESMTP_CAUSE_AUTH_MISSING, /* authentication is required and was not to be had */
  DANESMTP_CAUSE_AUTH_PROBLEM, /* an authenticator cannot be used as it is configured */
  DANESMTP_CAUSE_DNS,          /* MX, address or TLSA look-up */
  DANESMTP_CAUSE_UNKNOWN_HOST,
  DANESMTP_CAUSE_HOST_IS_LOCAL,
  DANESMTP_CAUSE_MAIL_4XX,
  DANESMTP_CAUSE_RCPT_4XX,
  DANESMTP_CAUSE_DATA_4XX,
  DANESMTP_CAUSE_HOST_RETRY, /* no host was tried: not time yet, or none usable */
  DANESMTP_CAUSE_FILTER,     /* the message could not be written: filter */
  DANESMTP_CAUSE_HEADERS,    /* the message could not be written: headers_add, headers_remove */
  DANESMTP_CAUSE_EXPANSION,  /* an option could not be expanded */
  DANESMTP_CAUSE_UTF8,       /* SMTPUTF8 is needed and not offered */
};

enum danesmtp_result_flags {
  DANESMTP_PASS_MESSAGE = 1 << 0,  /* the text may be shown in a bounce */
  DANESMTP_FIRST = 1 << 1,         /* first recipient of its transaction: `=>`, others `->` */
  DANESMTP_CERT_VERIFIED = 1 << 2, /* CV=yes, or with the next CV=dane */
  DANESMTP_DANE_VERIFIED = 1 << 3,
  DANESMTP_PIPELINED = 1 << 4,
  DANESMTP_HOST_SECURE = 1 << 5,   /* the host was found by DNSSEC: DS in the log line */
  DANESMTP_CHUNKED = 1 << 6,       /* the message went by BDAT: K in the log line */
  DANESMTP_PRDR = 1 << 7,          /* the recipient had its own reply to the end of data */
  DANESMTP_DOWNCONVERTED = 1 << 8, /* addresses were sent as A-labels */
  DANESMTP_DSN_YES = 1 << 9,       /* the server was told the recipient and knows DSN */
  DANESMTP_DSN_NO = 1 << 10,       /* and does not */
  DANESMTP_CONTINUED = 1 << 11, /* not the first message on its connection: `*` in the log line */
};

/* What came of asking for an OCSP proof: Exim's values of $tls_out_ocsp. */
enum danesmtp_ocsp {
  DANESMTP_OCSP_NOT_REQUESTED = 0,
  DANESMTP_OCSP_NO_RESPONSE,
  DANESMTP_OCSP_NOT_VERIFIED,
  DANESMTP_OCSP_FAILED,
  DANESMTP_OCSP_VERIFIED,
};

/* What became of one recipient. */
struct danesmtp_result {
  int32_t status; /* enum danesmtp_status */
  int32_t cause;  /* enum danesmtp_cause */
  int32_t system_errno;
  int32_t reply_code;  /* SMTP code of a 4xx answer, else 0 */
  int32_t host;        /* index of the host used; -1: none */
  uint32_t flags;      /* enum danesmtp_result_flags */
  int64_t duration_us; /* since the attempt on the host began */
  const char* message; /* one line; NULL: none */
  const char* cipher;  /* "TLS1.3:...:256"; NULL: no TLS */
  const char* peer_dn; /* NULL: none */
  int32_t ocsp;        /* enum danesmtp_ocsp */
};

/* What debug() is wanted for. */
enum danesmtp_debugging {
  DANESMTP_DEBUG_NOTHING = 0,
  DANESMTP_DEBUG_DIALOGUE = 1, /* -v: what the two sides say, and no more */
  DANESMTP_DEBUG_ALL = 2,
};

enum danesmtp_answer { DANESMTP_NO = 0, DANESMTP_YES = 1, DANESMTP_CANNOT_TELL = 2 };

enum danesmtp_host_state {
  DANESMTP_HOST_USABLE = 0,
  DANESMTP_HOST_USABLE_EXPIRED, /* its retry time has come, all its retries were used up before */
  DANESMTP_HOST_WAITING,        /* its retry time has not come */
  DANESMTP_HOST_EXPIRED,        /* as above, and its retries are used up */
  DANESMTP_HOST_NO_ADDRESS,     /* permanently */
  DANESMTP_HOST_ADDRESS_LATER,  /* look-up failed for now */
  DANESMTP_HOST_LOCAL,          /* is this machine, and allow_localhost is off */
  DANESMTP_HOST_BUSY,           /* serialize_hosts: another delivery has a connection */
};

/* How the message is written: with CRLF, and */
enum danesmtp_form {
  DANESMTP_FORM_DOTTED = 0, /* dot-stuffed, with the final dot, for DATA */
  DANESMTP_FORM_PLAIN = 1,  /* as it is, for BDAT */
};

enum danesmtp_written {
  DANESMTP_WRITTEN = 0,
  DANESMTP_WRITE_IO, /* system_errno */
  DANESMTP_WRITE_FILTER,
  DANESMTP_WRITE_HEADERS,
  DANESMTP_WRITE_SIGNING,
};

/* A connection that the delivery of an earlier message has left open, or this one leaves. */
struct danesmtp_open_connection {
  size_t host;
  size_t transactions; /* on it so far */
  const char* mark;    /* what the core says of it; opaque, at most 200 octets */
  const char* cipher;
};

enum danesmtp_auth_end {
  DANESMTP_AUTH_DONE = 0,
  DANESMTP_AUTH_NOT,     /* no authenticator fits, or all were refused */
  DANESMTP_AUTH_FAILED,  /* refused for now, or the dialogue broke off */
  DANESMTP_AUTH_PROBLEM, /* an authenticator cannot be used as it is configured */
};

struct danesmtp_authenticated {
  int32_t end;         /* enum danesmtp_auth_end */
  int32_t timed_out;   /* of AUTH_FAILED: nothing came in time */
  int32_t garbled;     /* of AUTH_FAILED: what came was no reply */
  const char* text;    /* why; of AUTH_FAILED what the server said last. Never NULL */
  const char* command; /* of AUTH_FAILED: the one being answered, without a secret. Never NULL */
};

struct danesmtp_connected {
  int fd; /* -1: failed */
  int32_t system_errno;
  int32_t timed_out;
};

/* What $tls_out_... say; NULL or 0: not known. */
struct danesmtp_tls_variables {
  const char* sni;
  const char* version;
  const char* cipher;
  const char* standard_cipher;
  const char* peer_dn;
  const char* peer_certificate; /* PEM */
  int32_t key_bits;
  uint32_t tlsa_usages; /* bit n: a usable TLSA record of usage n */
  uint32_t flags;       /* DANESMTP_CERT_VERIFIED, DANESMTP_DANE_VERIFIED */
  int32_t ocsp;         /* enum danesmtp_ocsp */
  /* For authenticators only, base64 (RFC 5056): tls-exporter, otherwise tls-unique. */
  const char* channel_binding;
  int32_t channel_binding_exporter;
  int32_t extended_master_secret; /* RFC 7627 */
};

/* What Exim does for the core. Every function takes the batch's handle first. */
struct danesmtp_services {
  uint32_t version; /* DANESMTP_BRIDGE_VERSION */
  uint32_t size;    /* sizeof(struct danesmtp_services) */

  /* Logging. Texts are data, never formats. */
  void (*log_main)(void* exim, const char* line);
  void (*log_host)(void* exim, size_t host, const char* message, int32_t system_errno);
  void (*message_log)(void* exim, size_t host, const char* message);
  void (*log_refusal)(void* exim, size_t host, const char* message); /* of a recipient, main log */
  int (*debugging)(void* exim);                                      /* enum danesmtp_debugging */
  void (*debug)(void* exim, const char* line);

  /* $domain, $local_part and their like speak of these recipients from here on. */
  void (*about)(void* exim, const size_t* recipients, size_t count);

  /* Options of the transport instance, by name. A name that this Exim does not know reads as unset.
   */
  int (*option_int)(void* exim, const char* name, int fallback);
  const char* (*option_text)(void* exim, const char* name); /* unexpanded; NULL: unset */
  /* Expanded with the variables of the moment. NULL and *failed = 0: unset or forced failure. */
  const char* (*option_expanded)(void* exim, const char* name, int* failed);
  int (*option_flag)(void* exim, const char* name,
                     int* failed); /* a boolean, expanded if need be */
  const char* (*expansion_error)(void* exim);
  /* Is the host in the host list option? enum danesmtp_answer; sets $host */
  int (*host_in)(void* exim, const char* option, size_t host);
  /* Is the domain in the domain list option? enum danesmtp_answer */
  int (*domain_in)(void* exim, const char* option, const char* domain);

  /* They stay until they are set anew, or deliver() returns. */
  void (*set_tls_variables)(void* exim, const struct danesmtp_tls_variables* variables);

  /* Hosts. */
  int (*service_port)(void* exim); /* of the `port` option; -1: it cannot be used */
  /* The core delivers from here on: a connection passed on by Exim's driver is ended, unless a part
   * of the batch was delegated to it. */
  void (*take_over)(void* exim);
  int (*host_state)(void* exim, size_t host, int port); /* enum danesmtp_host_state; sets $host */
  int (*host_tried_since_arrival)(void* exim, size_t host);
  /* What the retry record keeps of its last failure, in Exim's words; NULL: nothing. After
   * host_state(). */
  const char* (*host_last_failure)(void* exim, size_t host);
  int (*host_retry_over)(void* exim,
                         size_t host);         /* the message is older than the host's last rule */
  void (*leave_host)(void* exim, size_t host); /* ends what host_state began (serialize_hosts) */
  struct danesmtp_connected (*connect)(void* exim, size_t host, int port);

  /* Reuse. After take_over(): 1 when one of the core's is open from an earlier message; it is then
   * used (a socket, owned by the core) or ended. */
  int (*open_connection)(void* exim, struct danesmtp_open_connection* open);
  int (*use_open_connection)(void* exim);
  void (*end_open_connection)(void* exim);
  /* Does a further message wait for the host, for a connection with so many transactions of `most`?
   */
  int (*further_message)(void* exim, size_t host, size_t transactions, size_t most);
  /* The connection is the next message's: `fd` is a plain socket past EHLO, now owned by the shim.
   */
  void (*leave_open)(void* exim, int fd, const struct danesmtp_open_connection* open);

  /* Exim's client authenticators, in their order, over the plain socket `fd` until one succeeds;
   * `mechanisms` as the server offers them, separated by spaces. The core has judged the peer. */
  struct danesmtp_authenticated (*authenticate)(void* exim, size_t host, int fd,
                                                const char* mechanisms);
  /* xtext for AUTH= of MAIL on this connection; NULL and *failed = 0: none. */
  const char* (*mail_auth)(void* exim, int* failed);

  /* The message, in a form of enum danesmtp_form, written to fd. enum danesmtp_written; *why is one
   * line on failure. */
  int (*write_message)(void* exim, int fd, int form, int32_t* system_errno, const char** why);
  /* The address with A-labels; NULL: *why says why not. */
  const char* (*ascii_address)(void* exim, const char* address, const char** why);

  /* Results. */
  void (*set_result)(void* exim, size_t recipient, const struct danesmtp_result* result);
  /* They are delivered from here on, whatever follows; set_result() then says how. */
  void (*journal)(void* exim, const size_t* recipients, size_t count);
  void (*retry_host)(void* exim, size_t host, size_t recipient, int deferred);
  void (*retry_message)(void* exim, size_t host, size_t recipient, int deferred);
  void (*retry_recipient)(void* exim, size_t recipient);
  void (*retry_recipient_clear)(void* exim, size_t recipient);
  void (*retry_skipped)(void* exim, size_t recipient); /* it must not time out by this attempt */
  void (*retry_routing)(void* exim, size_t recipient, const char* name); /* a look-up failed */
  void (*session_step)(void* exim, char letter);                         /* PS= log item: e, h, s */
  /* NULL, or what event_action makes of it: for some events that forbids to go on. */
  const char* (*event)(void* exim, size_t host, size_t recipient, const char* name,
                       const char* data);
  void (*delegate)(void* exim, const size_t* recipients, size_t count);
};

/* Of a recipient's domain, before any connection. */
enum danesmtp_policy {
  DANESMTP_POLICY_NONE = 0, /* no host has one */
  DANESMTP_POLICY_FOUND,    /* some host has one, or must not be used */
  DANESMTP_POLICY_AUDITED,  /* likewise, but it is only looked at (dane_audit_domains) */
  DANESMTP_POLICY_UNKNOWN,
};

/* What the core does for Exim. */
struct danesmtp_core_table {
  uint32_t version; /* DANESMTP_BRIDGE_VERSION */
  uint32_t size;    /* sizeof(struct danesmtp_core_table) */
  /* Delivers or delegates every recipient of the batch. Returns 0; anything else: the core could
   * not go on, recipients without a final result wait, and *why (static storage) says why. */
  int (*deliver)(const struct danesmtp_services* services, void* exim, struct danesmtp_batch* batch,
                 const char** why);
  /* May the domain of the batch's one recipient have a DANE policy? enum danesmtp_policy; *why
   * (static storage) is one line unless there is none. Within 20 seconds; no descriptor, thread or
   * signal mask is left behind. */
  int (*may_have_policy)(const struct danesmtp_services* services, void* exim,
                         struct danesmtp_batch* batch, const char** why);
};

/* The core library's only exported symbol. */
extern const struct danesmtp_core_table danesmtp_core;

#ifdef __cplusplus
}
#endif

#endif
