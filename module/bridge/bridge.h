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

#include "bridge/bridge_batch.h"
#include "bridge/bridge_result.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef DANESMTP_BRIDGE_VERSION /* a test builds the next one */
#define DANESMTP_BRIDGE_VERSION 20u
#endif
#define DANESMTP_CORE_SYMBOL "danesmtp_core"

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
  DANESMTP_HOST_NO_INTERFACE,   /* the option cannot be used: see expansion_error() */
};

/* How the message is written: with CRLF, and */
enum danesmtp_form {
  DANESMTP_FORM_DOTTED = 0,  /* dot-stuffed, with the final dot, for DATA */
  DANESMTP_FORM_PLAIN = 1,   /* as it is, for BDAT */
  DANESMTP_FORM_HEADERS = 2, /* as it is, without the body; see stored_body() */
};

/* The message's body as the spool has it, from `begin` to the end of the file. */
struct danesmtp_stored_body {
  int fd; /* the shim's; its offset is not moved */
  uint64_t begin;
  int32_t crlf; /* its lines end with CRLF, otherwise with LF */
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
  int (*service_port)(void* exim); /* of the `port` option; -1: see expansion_error() */
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
  /* 1: what write_message() would write is the headers and this body, its lines in the form asked
   * for. 0: something changes the message on its way, or nothing else tells what it will be. */
  int (*stored_body)(void* exim, struct danesmtp_stored_body* body);
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
  /* After delegate(). 0: not delivered, or by a connection that was there, or to another host. */
  int (*delegated_delivery)(void* exim, size_t recipient, struct danesmtp_delegated* delivery);
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
