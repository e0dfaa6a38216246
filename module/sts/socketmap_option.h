/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the text of dane_mta_sts says: unix:PATH[:MAP] or inet:ADDRESS:PORT[:MAP], as in Postfix.
 * The one reader of it: C, for the shim compiles it to check a configuration and the core to act on
 * it. Asks nobody: a host other than localhost is an address, for a name would have to be looked up
 * in each delivery, without a bound. */
#ifndef DANESMTP_SOCKETMAP_OPTION_H
#define DANESMTP_SOCKETMAP_OPTION_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { DANESMTP_SOCKET_PATH = 108, DANESMTP_MAP_NAME = 65 }; /* octets, with the last, which is 0 */

struct danesmtp_socketmap {
  char place[DANESMTP_SOCKET_PATH]; /* a path, or an address in text form */
  uint16_t port;                    /* 0: a path */
  char map[DANESMTP_MAP_NAME];      /* "postfix", unless the text names one */
};

/* NULL, and *map; or why the text cannot be used. */
const char* danesmtp_read_socketmap(const char* text, struct danesmtp_socketmap* map);

#ifdef __cplusplus
}
#endif

#endif
