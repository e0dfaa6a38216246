/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "resolver_option.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/port_number.h"

static const char forward[] = "forward:";

static int is_unset(const char* text) {
  return !text || !*text;
}

static int refuse(struct danesmtp_option_fault* fault, const char* option, const char* value,
                  const char* why) {
  *fault = (struct danesmtp_option_fault){.option = option, .value = value, .why = why};
  return 0;
}

int danesmtp_is_server_address(const char* text, size_t length) {
  char address[64];
  unsigned char buffer[16];
  const char* zone = memchr(text, '%', length);
  const size_t size = zone ? (size_t)(zone - text) : length;
  if (length >= sizeof(address) || memchr(text, 0, length)) return 0;
  memcpy(address, text, size);
  address[size] = 0;
  if (inet_pton(AF_INET6, address, buffer) == 1) return !zone || size + 1 < length;
  return !zone && inet_pton(AF_INET, address, buffer) == 1;
}

int danesmtp_next_server(const char** list, struct danesmtp_server* server) {
  const char* start = *list;
  const size_t length = strcspn(start, ",");
  const char* at = memchr(start, '@', length);
  const size_t size = at ? (size_t)(at - start) : length;
  if (!danesmtp_is_server_address(start, size)) return 0;
  memcpy(server->address, start, size);
  server->address[size] = 0;
  server->port = at ? danesmtp_port_number(at + 1, length - size - 1) : 53;
  if (!server->port) return 0;
  *list = start[length] ? start + length + 1 : NULL;
  return 1;
}

static int read_servers(const struct danesmtp_resolver_texts* texts, const char* list,
                        struct danesmtp_option_fault* fault) {
  struct danesmtp_server server;
  while (list) {
    if (danesmtp_next_server(&list, &server)) continue;
    refuse(fault, "dane_resolver", texts->resolver, "is not ADDR or ADDR@PORT");
    fault->part = list;
    fault->part_length = strcspn(list, ",");
    return 0;
  }
  return 1;
}

static int read_resolver(const struct danesmtp_resolver_texts* texts,
                         struct danesmtp_resolver_words* words,
                         struct danesmtp_option_fault* fault) {
  const char* value = texts->resolver;
  if (is_unset(value) || strcmp(value, "auto") == 0)
    words->upstream = DANESMTP_UPSTREAM_AUTO;
  else if (strcmp(value, "system") == 0)
    words->upstream = DANESMTP_UPSTREAM_SYSTEM;
  else if (strcmp(value, "recursive") == 0)
    words->upstream = DANESMTP_UPSTREAM_RECURSIVE;
  else if (*value == '/')
    words->upstream = DANESMTP_UPSTREAM_UNBOUND_CONF;
  else if (strncmp(value, forward, strlen(forward)) == 0) {
    words->upstream = DANESMTP_UPSTREAM_FORWARD;
    words->list = value + strlen(forward);
    return read_servers(texts, words->list, fault);
  } else
    return refuse(
        fault, "dane_resolver", value,
        "expected auto, system, recursive, forward:ADDR[@PORT][,...] or the absolute path "
        "of an unbound.conf");
  return 1;
}

static int read_dnssec(const struct danesmtp_resolver_texts* texts,
                       struct danesmtp_resolver_words* words, struct danesmtp_option_fault* fault) {
  const char* value = texts->dnssec;
  if (is_unset(value) || strcmp(value, "validate") == 0) return 1;
  if (strcmp(value, "resolver") != 0)
    return refuse(fault, "dane_dnssec", value, "expected validate or resolver");
  if (words->upstream == DANESMTP_UPSTREAM_RECURSIVE ||
      words->upstream == DANESMTP_UPSTREAM_UNBOUND_CONF)
    return refuse(
        fault, "dane_dnssec", value,
        "there is no resolver to believe unless dane_resolver is auto, system or forward:...");
  words->believe_resolver = 1;
  return 1;
}

int danesmtp_read_resolver_texts(const struct danesmtp_resolver_texts* texts,
                                 struct danesmtp_resolver_words* words,
                                 struct danesmtp_option_fault* fault) {
  const char* file = texts->trust_anchor_file;
  *words = (struct danesmtp_resolver_words){.upstream = DANESMTP_UPSTREAM_AUTO};
  if (!read_resolver(texts, words, fault) || !read_dnssec(texts, words, fault)) return 0;
  if (!is_unset(file) && *file != '/')
    return refuse(fault, "dane_trust_anchor_file", file, "expected an absolute path");
  return 1;
}
