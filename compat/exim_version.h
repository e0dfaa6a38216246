/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between Exim versions, hidden behind one set of names. Included by the shim only,
 * after exim.h. To support a version: build against it, and add here what the compiler names. */
#ifndef DANESMTP_COMPAT_EXIM_VERSION_H
#define DANESMTP_COMPAT_EXIM_VERSION_H

#include "version.h"

#ifndef LOOKUP_MODULE_DIR
#error "This Exim is built without LOOKUP_MODULE_DIR: it cannot load a transport module"
#endif
#ifdef DISABLE_TLS
#error "This Exim is built without TLS"
#endif

#endif
