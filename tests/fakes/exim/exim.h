/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of Exim's header as the shim's own header and option_check.c need, so that they can be
 * tested where there is no Exim. Only what is used has its fields. */
#ifndef FAKE_EXIM_H
#define FAKE_EXIM_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

typedef unsigned char uschar;
typedef unsigned BOOL;
#define CCS (const char*)
#define nelem(array) (sizeof(array) / sizeof(*(array)))

typedef struct transport_instance {
  BOOL uid_set;
  BOOL gid_set;
  uid_t uid;
  gid_t gid;
} transport_instance;

typedef struct address_item address_item;
typedef struct host_item host_item;
typedef struct optionlist optionlist;
typedef struct transport_info transport_info;

extern uid_t exim_uid;
extern gid_t exim_gid;

#endif
