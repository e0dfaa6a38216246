/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services on the message: its text by Exim's own functions, or where the spool has its body. */
#include "shim.h"

static int message_options(const transport_instance *t, int form)
{
  int options = topt_use_crlf | topt_escape_headers | topt_not_socket;
  if (form == DANESMTP_FORM_DOTTED) options |= topt_end_dot;
  if (form == DANESMTP_FORM_HEADERS) options |= topt_no_body;
  if (t->body_only) options |= topt_no_headers;
  if (t->headers_only) options |= topt_no_body;
  if (t->return_path_add) options |= topt_add_return_path;
  if (t->delivery_date_add) options |= topt_add_delivery_date;
  if (t->envelope_to_add) options |= topt_add_envelope_to;
  return options;
}

static int set_up_filter(struct batch_handle *h, const char **why)
{
  transport_filter_argv = NULL;
  if (!h->tblock->filter_command) return DANESMTP_WRITTEN;
  if (!transport_set_up_command(&transport_filter_argv, h->tblock->filter_command, TSUC_EXPAND_ARGS, DEFER,
                                h->addresses,
                                string_sprintf("%s transport filter", drinst_of(h->tblock)->name), NULL)) {
    *why = CCS h->addresses->message;
    return DANESMTP_WRITE_FILTER;
  }
  transport_filter_timeout = h->tblock->filter_timeout;
  return DANESMTP_WRITTEN;
}

static int write_failure(struct batch_handle *h, int error, const uschar *signing, int32_t *system_errno,
                         const char **why)
{
  /* Exim has logged the reason; the text it gives here may be one of before. */
  if (signing) {
    *why = "the message could not be signed (DKIM)";
    return DANESMTP_WRITE_SIGNING;
  }
  if (error == ERRNO_CHHEADER_FAIL) {
    *why = CCS string_sprintf("failed to expand headers_add or headers_remove: %s", expand_string_message);
    return DANESMTP_WRITE_HEADERS;
  }
  if (error == ERRNO_FILTER_FAIL || f.transport_filter_timed_out) {
    const int status = h->addresses->more_errno & 0xff;
    *why = CCS string_sprintf("transport filter process failed (%d)%s", status,
                              status == EX_EXECFAILED ? ": unable to execute command" : "");
    return DANESMTP_WRITE_FILTER;
  }
  *why = CCS exim_errstr(error);
  *system_errno = error > 0 ? error : 0;
  return DANESMTP_WRITE_IO;
}

/* The spool flag is restored: writing ends Exim's belief that the data file is in wire format, and a
 * second copy of the message in this process would be written wrongly. */
static int write_message(void *exim, int fd, int form, int32_t *system_errno, const char **why)
{
  struct batch_handle *h = exim;
  const smtp_transport_options_block *ob = drinst_of(h->tblock)->options_block;
  const BOOL wire_format = f.spool_file_wireformat;
  transport_ctx context = {
    .u = { .fd = fd },
    .tblock = h->tblock,
    .addr = h->addresses,
    .check_string = form == DANESMTP_FORM_DOTTED ? US "." : NULL,
    .escape_string = form == DANESMTP_FORM_DOTTED ? US ".." : NULL,
    .options = message_options(h->tblock, form),
  };
  const uschar *signing = NULL;
  int rc = set_up_filter(h, why);
  if (rc != DANESMTP_WRITTEN) return rc;

  transport_count = 0;
  transport_write_timeout = 0;
  errno = 0;
  const BOOL written = exim_write_message(&context, ob, &signing);
  const int error = errno;
  f.spool_file_wireformat = wire_format;
  return written ? DANESMTP_WRITTEN : write_failure(h, error, signing, system_errno, why);
}

static BOOL is_signed(const smtp_transport_options_block *ob)
{
#ifdef EXPERIMENTAL_ARC
  if (ob->arc_sign) return TRUE;
#endif
#ifndef DISABLE_DKIM
  if (ob->dkim.dkim_private_key && ob->dkim.dkim_domain && ob->dkim.dkim_selector) return TRUE;
#endif
  return FALSE;
}

static uint64_t body_offset(void)
{
#ifdef SPOOL_DATA_START_OFFSET_OLD
  return spool_data_start_offset(message_id);
#else
  return SPOOL_DATA_START_OFFSET;
#endif
}

static int stored_body(void *exim, struct danesmtp_stored_body *body)
{
  const struct batch_handle *h = exim;
  const transport_instance *t = h->tblock;
  if (t->filter_command || t->body_only || t->headers_only || is_signed(drinst_of(t)->options_block))
    return 0;
  if (deliver_datafile < 0) return 0;
  *body = (struct danesmtp_stored_body) { .fd = deliver_datafile,
                                          .begin = body_offset(),
                                          .crlf = f.spool_file_wireformat };
  return 1;
}

static const char *ascii_address(void *exim, const char *address, const char **why)
{
#ifdef SUPPORT_I18N
  uschar *error = NULL;
  const uschar *converted = string_address_utf8_to_alabel(CUS address, &error);
  (void)exim;
  if (converted && !error) return CCS converted;
  *why = error ? CCS error : "no such form";
#else
  (void)exim;
  (void)address;
  *why = "this Exim was built without internationalised mail";
#endif
  return NULL;
}

void message_services_fill(struct danesmtp_services *s)
{
  s->write_message = write_message;
  s->stored_body = stored_body;
  s->ascii_address = ascii_address;
}
