/* SPDX-License-Identifier: GPL-2.0-or-later
 * OpenSSL's opinion on the questions of the differential test, through its public DANE interface:
 * an SSL object that never connects holds the TLSA records and names, and X509_verify_cert judges
 * the chain with them, set up as a handshake would set it up. What SMTP adds is done here: usages 0
 * and 1 are unusable (RFC 7672 3.1.3), usage 3 asks for no names (3.1.1). Test only; never linked
 * with anything of ours.
 *
 * Input, any number of questions:   case ID UNIXTIME
 *                                   name NAME        (first: the TLSA base domain)
 *                                   tlsa U S M HEX
 *                                   key HEX          (a SubjectPublicKeyInfo)
 *                                   PEM certificates, leaf first
 *                                   end
 * Output, a line each:              ID <TAB> authenticated|failed|unusable <TAB> U S M or - <TAB>
 *                                   depth or -1 <TAB> reason
 * With keys it is not judged: ID <TAB> signed <TAB> - <TAB> -1 <TAB> CERTIFICATE>KEY ... tells
 * which certificate each key has signed, both counted from 0.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kLine = 1 << 18, kKeys = 64 };

struct question {
  char id[64];
  time_t at;
  SSL* ssl;
  int named;
  int usable;
  STACK_OF(X509) * chain;
  EVP_PKEY* keys[kKeys];
  int key_count;
};

static void die(const char* what) {
  fprintf(stderr, "openssl_judge: %s\n", what);
  ERR_print_errors_fp(stderr);
  exit(2);
}

static void add_name(struct question* q, const char* name) {
  int rc = q->named ? SSL_add1_host(q->ssl, name) : SSL_dane_enable(q->ssl, name);
  if (rc <= 0) die("a name");
  q->named = 1;
}

/* A record that OpenSSL finds malformed is one it does not use. */
static void add_record(struct question* q, const char* text) {
  unsigned usage = 0, selector = 0, matching = 0;
  int at = 0;
  long length = 0;
  unsigned char* data = NULL;
  if (!q->named) die("a record before the first name");
  if (sscanf(text, "%u %u %u %n", &usage, &selector, &matching, &at) < 3) die("a record");
  if (usage < 2 || usage > 255 || selector > 255 || matching > 255) return;
  data = OPENSSL_hexstr2buf(text + at, &length);
  if (data != NULL && SSL_dane_tlsa_add(q->ssl, (uint8_t)usage, (uint8_t)selector,
                                        (uint8_t)matching, data, (size_t)length) > 0)
    q->usable = 1;
  ERR_clear_error();
  OPENSSL_free(data);
}

static X509_STORE_CTX* new_store_context(struct question* q, X509_STORE* store) {
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_VERIFY_PARAM* param = NULL;
  if (context == NULL || !X509_STORE_CTX_init(context, store, sk_X509_value(q->chain, 0), q->chain))
    die("X509_STORE_CTX_init");
  param = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_auth_level(param, 1); /* as a client that asks for at least 80 bits */
  X509_STORE_CTX_set0_dane(context, SSL_get0_dane(q->ssl));
  X509_STORE_CTX_set_default(context, "ssl_server");
  X509_VERIFY_PARAM_set1(param, SSL_get0_param(q->ssl));
  X509_VERIFY_PARAM_set_time(param, q->at);
  return context;
}

static void print_match(struct question* q) {
  uint8_t usage = 0, selector = 0, matching = 0;
  int depth = SSL_get0_dane_authority(q->ssl, NULL, NULL);
  SSL_get0_dane_tlsa(q->ssl, &usage, &selector, &matching, NULL, NULL);
  printf("%s\tauthenticated\t%u %u %u\t%d\t\n", q->id, usage, selector, matching, depth);
}

static void add_key(struct question* q, const char* hex) {
  long length = 0;
  unsigned char* data = OPENSSL_hexstr2buf(hex, &length);
  const unsigned char* at = data;
  EVP_PKEY* key = NULL; /* what is no key has signed nothing */
  if (data == NULL || q->key_count == kKeys) die("a key");
  key = d2i_PUBKEY(NULL, &at, length);
  if (at != data + length) {
    EVP_PKEY_free(key);
    key = NULL;
  }
  q->keys[q->key_count++] = key;
  ERR_clear_error();
  OPENSSL_free(data);
}

static void print_signed(struct question* q) {
  printf("%s\tsigned\t-\t-1\t", q->id);
  for (int i = 0; i < sk_X509_num(q->chain); i++)
    for (int k = 0; k < q->key_count; k++)
      if (q->keys[k] != NULL && X509_verify(sk_X509_value(q->chain, i), q->keys[k]) > 0)
        printf("%d>%d ", i, k);
  printf("\n");
  ERR_clear_error();
}

static void judge(struct question* q) {
  X509_STORE* store = X509_STORE_new(); /* empty: no CA is trusted but by a record */
  X509_STORE_CTX* context = NULL;
  if (!q->usable) {
    printf("%s\tunusable\t-\t-1\tno usable record\n", q->id);
  } else if (sk_X509_num(q->chain) == 0) {
    printf("%s\tfailed\t-\t-1\tno certificate\n", q->id);
  } else {
    context = new_store_context(q, store);
    if (X509_verify_cert(context) > 0)
      print_match(q);
    else
      printf("%s\tfailed\t-\t-1\t%s\n", q->id,
             X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
  }
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  ERR_clear_error();
}

static void read_certificate(struct question* q, char* line) {
  BIO* pem = BIO_new(BIO_s_mem());
  X509* certificate = NULL;
  do {
    BIO_puts(pem, line);
  } while (strncmp(line, "-----END", 8) != 0 && fgets(line, kLine, stdin) != NULL);
  certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
  if (certificate == NULL || !sk_X509_push(q->chain, certificate)) die("a certificate");
  BIO_free(pem);
}

static void begin(struct question* q, SSL_CTX* tls, const char* text) {
  long long at = 0;
  memset(q, 0, sizeof *q);
  if (sscanf(text, "%63s %lld", q->id, &at) != 2) die("a case");
  q->at = (time_t)at;
  q->ssl = SSL_new(tls);
  q->chain = sk_X509_new_null();
  if (q->ssl == NULL || q->chain == NULL) die("out of memory");
  SSL_dane_set_flags(q->ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
}

static void finish(struct question* q) {
  if (q->key_count > 0)
    print_signed(q);
  else
    judge(q);
  while (q->key_count > 0) EVP_PKEY_free(q->keys[--q->key_count]);
  SSL_free(q->ssl);
  sk_X509_pop_free(q->chain, X509_free);
}

int main(void) {
  static char line[kLine];
  struct question q = {0};
  SSL_CTX* tls = SSL_CTX_new(TLS_client_method());
  if (tls == NULL || SSL_CTX_dane_enable(tls) <= 0) die("SSL_CTX_dane_enable");
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (strncmp(line, "-----BEGIN", 10) == 0) {
      read_certificate(&q, line);
      continue;
    }
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "case ", 5) == 0)
      begin(&q, tls, line + 5);
    else if (strncmp(line, "name ", 5) == 0)
      add_name(&q, line + 5);
    else if (strncmp(line, "tlsa ", 5) == 0)
      add_record(&q, line + 5);
    else if (strncmp(line, "key ", 4) == 0)
      add_key(&q, line + 4);
    else if (strcmp(line, "end") == 0)
      finish(&q);
    else
      die(line);
  }
  SSL_CTX_free(tls);
  return 0;
}
