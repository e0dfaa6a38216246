/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which TLS library is Exim's, and Exim's record of the outgoing TLS session, from which it expands $tls_out_...: filled for options and
 * events while the core delivers, and emptied again. Its socket is never set, so Exim takes no part in
 * our session; and Exim's child copies its verdicts to every recipient, so none may stay behind. */
#include "shim.h"

static uschar *copied(const char *text)
{
  return text ? string_copy_taint(CUS text, GET_TAINTED) : NULL;
}

/* The certificate becomes an object of the TLS library that this Exim uses. An earlier one is not
 * freed: recipients of another host may hold it. */
static void *imported_certificate(const char *pem)
{
  void *certificate = NULL;
  if (pem) (void)tls_import_cert(CUS pem, &certificate);
  return certificate;
}

#ifndef DISABLE_OCSP
int exim_ocsp(int32_t result)
{
  switch ((enum danesmtp_ocsp)result) {
    case DANESMTP_OCSP_NOT_REQUESTED: return OCSP_NOT_REQ;
    case DANESMTP_OCSP_NO_RESPONSE: return OCSP_NOT_RESP;
    case DANESMTP_OCSP_NOT_VERIFIED: return OCSP_VFY_NOT_TRIED;
    case DANESMTP_OCSP_FAILED: return OCSP_FAILED;
    case DANESMTP_OCSP_VERIFIED: return OCSP_VFIED;
  }
  return OCSP_NOT_REQ;
}
#endif

void tls_variables_clear(void)
{
#ifndef DISABLE_OCSP
  tls_out.ocsp = OCSP_NOT_REQ;
#endif
  tls_out.bits = 0;
  tls_out.certificate_verified = FALSE;
#ifdef SUPPORT_DANE
  tls_out.dane_verified = FALSE;
  tls_out.tlsa_usage = 0;
#endif
  tls_out.cipher = tls_out.peerdn = tls_out.sni = NULL;
  tls_out.cipher_stdname = tls_out.ver = NULL;
  tls_out.peercert = NULL;
  tls_out.channelbinding = NULL;
  tls_out.ext_master_secret = FALSE;
  set_channelbind_exporter(FALSE);
#ifndef DISABLE_TLS_RESUME
  tls_out.resumption = 0;
#endif
}

#ifndef DISABLE_TLS_RESUME
/* As Exim's client code for GnuTLS sets them. */
static unsigned exim_resumption(uint32_t steps)
{
  unsigned bits = RESUME_SUPPORTED;
  if (steps & DANESMTP_RESUMPTION_WANTED) bits |= RESUME_CLIENT_REQUESTED;
  if (steps & DANESMTP_RESUMPTION_OFFERED) bits |= RESUME_CLIENT_SUGGESTED;
  if (steps & DANESMTP_RESUMPTION_TICKET) bits |= RESUME_SERVER_TICKET;
  if (steps & DANESMTP_RESUMPTION_USED) bits |= RESUME_USED;
  return bits;
}
#endif

static void set_tls_variables(void *exim, const struct danesmtp_tls_variables *v)
{
  (void)exim;
  tls_variables_clear();
  tls_out.bits = v->key_bits;
  tls_out.certificate_verified = (v->flags & DANESMTP_CERT_VERIFIED) != 0;
#ifdef SUPPORT_DANE
  tls_out.dane_verified = (v->flags & DANESMTP_DANE_VERIFIED) != 0;
  tls_out.tlsa_usage = (int)v->tlsa_usages;
#endif
#ifndef DISABLE_OCSP
  tls_out.ocsp = exim_ocsp(v->ocsp);
#endif
  tls_out.cipher = copied(v->cipher);
  tls_out.cipher_stdname = copied(v->standard_cipher);
  tls_out.ver = copied(v->version);
  tls_out.peerdn = copied(v->peer_dn);
  tls_out.sni = copied(v->sni);
  tls_out.peercert = imported_certificate(v->peer_certificate);
  tls_out.channelbinding = copied(v->channel_binding);
  set_channelbind_exporter(v->channel_binding_exporter != 0);
  tls_out.ext_master_secret = v->extended_master_secret != 0;
#ifndef DISABLE_TLS_RESUME
  if (v->cipher) tls_out.resumption = exim_resumption(v->resumption);
#endif
  tls_modify_variables(&tls_out);
}

void tls_dialect_fill(struct danesmtp_batch *batch)
{
  batch->logs_group = exim_logs_group();
#ifdef USE_OPENSSL
  batch->tls_library = DANESMTP_TLS_OPENSSL;
  if (openssl_options) batch->openssl_options = CCS expand_string(CUS openssl_options);
#endif
}

void tls_variables_service_fill(struct danesmtp_services *s)
{
  s->set_tls_variables = set_tls_variables;
}
