/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "socketmap_option.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/port_number.h"

static const char unix_prefix[] = "unix:";
static const char inet_prefix[] = "inet:";

static int begins_with(const char* text, const char* prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* 0: it does not fit. */
static int copy(char* to, size_t room, const char* from, size_t length) {
  if (length == 0 || length >= room) return 0;
  memcpy(to, from, length);
  to[length] = 0;
  return 1;
}

static const char* read_map(const char* name, struct danesmtp_socketmap* map) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  const size_t length = strspn(name, allowed);
  if (name[length] || !copy(map->map, sizeof(map->map), name, length))
    return "the name of the map is not 1 to 64 letters, digits, dots, hyphens and underscores";
  return NULL;
}

/* ":MAP", or nothing. */
static const char* read_rest(const char* rest, struct danesmtp_socketmap* map) {
  return read_map(*rest == ':' ? rest + 1 : "postfix", map);
}

static const char* read_path(const char* text, struct danesmtp_socketmap* map) {
  const size_t length = strcspn(text, ":");
  if (*text != '/') return "the path is not absolute";
  if (!copy(map->place, sizeof(map->place), text, length))
    return "the path is longer than a socket's can be";
  map->port = 0;
  return read_rest(text + length, map);
}

/* Returns what is behind the host; NULL: it is none. */
static const char* read_host(const char* text, struct danesmtp_socketmap* map) {
  unsigned char octets[16];
  const int six = *text == '[';
  const char* end = six ? strchr(text, ']') : text + strcspn(text, ":");
  if (!end || !copy(map->place, sizeof(map->place), text + six, (size_t)(end - text) - (size_t)six))
    return NULL;
  if (!six && strcmp(map->place, "localhost") == 0) strcpy(map->place, "127.0.0.1");
  if (inet_pton(six ? AF_INET6 : AF_INET, map->place, octets) != 1) return NULL;
  return end + six;
}

static const char* read_address(const char* text, struct danesmtp_socketmap* map) {
  const char* rest = read_host(text, map);
  if (!rest) return "the host is not localhost, an IPv4 address, or an IPv6 address in brackets";
  const size_t length = *rest == ':' ? strcspn(rest + 1, ":") : 0;
  map->port = danesmtp_port_number(rest + 1, length);
  if (!map->port) return "the port is not a number from 1 to 65535";
  return read_rest(rest + 1 + length, map);
}

const char* danesmtp_read_socketmap(const char* text, struct danesmtp_socketmap* map) {
  if (begins_with(text, unix_prefix)) return read_path(text + strlen(unix_prefix), map);
  if (begins_with(text, inet_prefix)) return read_address(text + strlen(inet_prefix), map);
  return "it is neither unix:PATH nor inet:HOST:PORT";
}
