/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the core tells Exim: of a recipient, and of the TLS connection. The rules are in bridge.h.
 */
#ifndef DANESMTP_BRIDGE_RESULT_H
#define DANESMTP_BRIDGE_RESULT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of a recipient that Exim's own driver has delivered. */
struct danesmtp_delegated {
  size_t host;
  int32_t encrypted;
  int32_t starttls_offered; /* if not encrypted: by the server of the last connection */
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
  /* The message requires TLS, and may be given to no host of the domain. */
  DANESMTP_CAUSE_NO_SUITED_HOST,
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
  DANESMTP_RESUMED = 1 << 12,   /* an earlier TLS session was resumed: `*` behind X= */
};

/* What came of asking for an OCSP proof: Exim's values of $tls_out_ocsp. */
enum danesmtp_ocsp {
  DANESMTP_OCSP_NOT_REQUESTED = 0,
  DANESMTP_OCSP_NO_RESPONSE,
  DANESMTP_OCSP_NOT_VERIFIED,
  DANESMTP_OCSP_FAILED,
  DANESMTP_OCSP_VERIFIED,
};

/* How far it went with an earlier TLS session. */
enum danesmtp_resumption {
  DANESMTP_RESUMPTION_WANTED = 1 << 0,  /* sessions with this server may be resumed */
  DANESMTP_RESUMPTION_OFFERED = 1 << 1, /* there was an earlier one */
  DANESMTP_RESUMPTION_TICKET = 1 << 2,  /* the server has sent one */
  DANESMTP_RESUMPTION_USED = 1 << 3,
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
  /* First lines of the server's greeting and of its reply to EHLO or HELO; NULL: not heard. */
  const char* greeting;
  const char* hello;
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
  uint32_t resumption;  /* enum danesmtp_resumption */
  /* For authenticators only, base64 (RFC 5056): tls-exporter, otherwise tls-unique. */
  const char* channel_binding;
  int32_t channel_binding_exporter;
  int32_t extended_master_secret; /* RFC 7627 */
};

#ifdef __cplusplus
}
#endif

#endif
