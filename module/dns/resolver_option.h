/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the texts of dane_resolver, dane_dnssec and dane_trust_anchor_file say. The one reader of
 * them: C, for the shim compiles it to check a configuration and the core to act on it. Touches no
 * file. */
#ifndef DANESMTP_RESOLVER_OPTION_H
#define DANESMTP_RESOLVER_OPTION_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum danesmtp_upstream {
  DANESMTP_UPSTREAM_AUTO,      /* as SYSTEM; as RECURSIVE where those do not carry DNSSEC */
  DANESMTP_UPSTREAM_SYSTEM,    /* forward to the name servers of resolv.conf */
  DANESMTP_UPSTREAM_RECURSIVE, /* ask from the root */
  DANESMTP_UPSTREAM_FORWARD,   /* forward to the servers that the option names */
  DANESMTP_UPSTREAM_UNBOUND_CONF
};

/* NULL and "" are an unset option. */
struct danesmtp_resolver_texts {
  const char* resolver;
  const char* dnssec;
  const char* trust_anchor_file;
};

struct danesmtp_resolver_words {
  enum danesmtp_upstream upstream;
  int believe_resolver; /* dane_dnssec = resolver */
  const char* list;     /* of FORWARD: the servers, for danesmtp_next_server() */
};

/* Why a text cannot be used. The texts are as they were given: not fit for a log. */
struct danesmtp_option_fault {
  const char* option;
  const char* value;
  const char* part; /* of the value, that is meant; NULL: all of it */
  size_t part_length;
  const char* why;
};

struct danesmtp_server {
  char address[64]; /* text form; an IPv6 address may have a "%zone" */
  uint16_t port;
};

/* 1; or 0 and *fault. */
int danesmtp_read_resolver_texts(const struct danesmtp_resolver_texts* texts,
                                 struct danesmtp_resolver_words* words,
                                 struct danesmtp_option_fault* fault);

/* The server at *list, which moves on to the next, or to NULL after the last. 0: it is not ADDR or
 * ADDR@PORT; *list stays. */
int danesmtp_next_server(const char** list, struct danesmtp_server* server);

/* An address in text form, IPv6 with an optional "%zone" (RFC 4007 11). */
int danesmtp_is_server_address(const char* text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
