/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port in an option's text. C, for the shim reads the options as well as the core. */
#ifndef DANESMTP_PORT_NUMBER_H
#define DANESMTP_PORT_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 1 to 65535, digits only; 0: it is not. */
uint16_t danesmtp_port_number(const char* text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
