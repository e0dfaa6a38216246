/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services on hosts: addresses, retry database, serialisation, and the TCP connection, all by Exim's
 * own functions, so that keys, records and options mean what they mean to its smtp driver. */
#include <poll.h>

#include "shim.h"

static const smtp_transport_options_block *smtp_options(const struct batch_handle *h)
{
  return drinst_of(h->tblock)->options_block;
}

static int service_port(void *exim)
{
  struct batch_handle *h = exim;
  const int port = smtp_get_port(smtp_options(h)->port, h->addresses,
                                 string_sprintf("%s transport", drinst_of(h->tblock)->name));
  if (port < 0) expand_string_message = h->addresses->message;
  return port;
}

static int look_up(const smtp_transport_options_block *ob, host_item *host)
{
  int flags = HOST_FIND_BY_A | HOST_FIND_BY_AAAA;
  if (ob->dns_qualify_single) flags |= HOST_FIND_QUALIFY_SINGLE;
  if (ob->dns_search_parents) flags |= HOST_FIND_SEARCH_PARENTS;
  if (ob->gethostbyname || string_is_ip_address(host->name, NULL) != 0)
    return host_find_byname(host, NULL, flags, NULL, TRUE);
  return host_find_bydns(host, NULL, flags, NULL, NULL, NULL, &ob->dnssec, NULL, NULL);
}

static int lookup_state(int rc, const smtp_transport_options_block *ob)
{
  switch (rc) {
    case HOST_FOUND: return DANESMTP_HOST_USABLE;
    case HOST_FOUND_LOCAL: return ob->allow_localhost ? DANESMTP_HOST_USABLE : DANESMTP_HOST_LOCAL;
    case HOST_FIND_AGAIN: return DANESMTP_HOST_ADDRESS_LATER;
    default: return DANESMTP_HOST_NO_ADDRESS;
  }
}

/* Looks up what has no address yet, before anything is decided about it: host lists are matched by
 * address. A multihomed host becomes several entries of the list. */
void hosts_find_addresses(struct batch_handle *h)
{
  const size_t before = h->batch.host_count;
  host_item **starts = h->hosts;
  int states[before ? before : 1], lookups[before ? before : 1];

  for (size_t i = 0; i < before; i++) {
    host_item *host = starts[i], *end = host->next;
    states[i] = DANESMTP_HOST_USABLE;
    lookups[i] = DANESMTP_LOOKUP_DONE;
    if (host->address) continue;
    states[i] = DANESMTP_HOST_NO_ADDRESS;
    lookups[i] = DANESMTP_LOOKUP_NONE_BY_ROUTER;
    if (host->status >= hstatus_unusable) continue;
    const uschar *asked = CUS h->batch.hosts[i].asked_name;
    const int port = host_item_get_port(host);
    states[i] = lookup_state(look_up(smtp_options(h), host), smtp_options(h));
    lookups[i] = states[i] == DANESMTP_HOST_USABLE ? DANESMTP_LOOKUP_DONE : DANESMTP_LOOKUP_FAILED;
    for (host_item *found = host; found != end; found = found->next) {
      found->port = port;
      found->certname = asked;
    }
  }
  if (before == 0) return;
  host_item *list = starts[0];
  batch_list_hosts(h, list);
  for (size_t i = 0, start = 0; i < h->batch.host_count; i++) {
    if (start + 1 < before && h->hosts[i] == starts[start + 1]) start++;
    h->notes[i].lookup = states[start];
    h->bridge_hosts[i].lookup = lookups[start];
  }
}

static void take_over(void *exim)
{
  const struct batch_handle *h = exim;
  if (!h->delegated && !connection_reuse_is_ours()) connection_reuse_end();
}

/* $host and its like, as Exim's own driver sets them for each host. */
void host_variables_set(const struct batch_handle *h, size_t index)
{
  const host_item *host = h->hosts[index];
  deliver_host = host->name;
  deliver_host_address = host->address;
  deliver_host_port = host->port == PORT_NONE ? h->notes[index].port : host->port;
  lookup_dnssec_authenticated = host->dnssec_used == DS_YES  ? US "yes"
                                : host->dnssec_used == DS_NO ? US "no"
                                                             : US "";
}

/* The part of retry keys that follows the address: a port other than 25, an interface. */
static BOOL note_port_and_interface(struct batch_handle *h, size_t index, int port)
{
  const host_item *host = h->hosts[index];
  const uschar *option = smtp_options(h)->interface;
  const int family = Ustrchr(host->address, ':') ? AF_INET6 : AF_INET;
  struct host_notes *notes = h->notes + index;

  notes->port_and_interface = port == 25 ? US "" : string_sprintf(":%d", port);
  if (!option || !*option) return TRUE;
  if (!smtp_get_interface(option, family, h->addresses, &notes->interface,
                          string_sprintf("%s transport", drinst_of(h->tblock)->name))) {
    expand_string_message = h->addresses->message;
    return FALSE;
  }
  if (notes->interface)
    notes->port_and_interface = string_sprintf("%s/%s", notes->port_and_interface, notes->interface);
  return TRUE;
}

static BOOL keys_have_address(struct batch_handle *h)
{
  const smtp_transport_options_block *ob = smtp_options(h);
  BOOL value = TRUE;
  if (exp_bool(h->addresses, US "transport", drinst_of(h->tblock)->name, debug_channel(transport),
               US "retry_include_ip_address", ob->retry_include_ip_address,
               ob->expand_retry_include_ip_address, &value) != OK)
    value = TRUE; /* the most specific record */
  return value;
}

static BOOL serialize(struct batch_handle *h, size_t index)
{
  const host_item *host = h->hosts[index];
  const uschar **list = CUSS & smtp_options(h)->serialize_hosts;
  if (verify_check_given_host(list, host) != OK) return TRUE;
  uschar *key = string_sprintf("host-serialize-%s", host->name);
  if (!enq_start(key, 1)) return FALSE;
  h->notes[index].serialize_key = key;
  return TRUE;
}

static int host_state(void *exim, size_t index, int port)
{
  struct batch_handle *h = exim;
  host_item *host = h->hosts[index];
  struct host_notes *notes = h->notes + index;

  if (notes->lookup != DANESMTP_HOST_USABLE) {
    host->status = hstatus_unusable;
    return notes->lookup;
  }
  if (!host->address) return DANESMTP_HOST_NO_ADDRESS;
  notes->port = port;
  host_variables_set(h, index);
  if (!note_port_and_interface(h, index, port)) return DANESMTP_HOST_NO_INTERFACE;
  if (retry_check_address(h->addresses->domain, host, notes->port_and_interface, keys_have_address(h),
                          &notes->retry_host_key, &notes->retry_message_key))
    notes->expired = TRUE;
  if (host->status == hstatus_unusable) return DANESMTP_HOST_WAITING;
  if (host->status == hstatus_unusable_expired) {
    notes->expired = TRUE;
    return DANESMTP_HOST_EXPIRED;
  }
  if (!serialize(h, index)) return DANESMTP_HOST_BUSY;
  return notes->expired ? DANESMTP_HOST_USABLE_EXPIRED : DANESMTP_HOST_USABLE;
}

static void leave_host(void *exim, size_t index)
{
  struct batch_handle *h = exim;
  struct host_notes *notes = h->notes + index;
  if (notes->serialize_key) enq_end(notes->serialize_key);
  notes->serialize_key = NULL;
}

/* What the core has not left itself because it could not go on. */
void hosts_leave_all(struct batch_handle *h)
{
  for (size_t i = 0; i < h->batch.host_count; i++) leave_host(h, i);
}

static int host_tried_since_arrival(void *exim, size_t index)
{
  const struct batch_handle *h = exim;
  return h->hosts[index]->last_try > received_time.tv_sec;
}

static int host_retry_over(void *exim, size_t index)
{
  const struct batch_handle *h = exim;
  const retry_config *retry = retry_find_config(h->hosts[index]->name, NULL, 0, 0);
  const retry_rule *rule = retry ? retry->rules : NULL;
  if (!rule) return 1;
  while (rule->next) rule = rule->next;
  return time(NULL) - received_time.tv_sec > rule->timeout;
}

/* TCP Fast Open returns before the peer has answered. An SMTP client has to wait for the greeting all
 * the same, so waiting here costs nothing, and a refusal keeps the name that retry rules know. */
static int connect_outcome(int fd, int seconds)
{
  struct pollfd p = { .fd = fd, .events = POLLOUT };
  int error = 0, rc;
  socklen_t length = sizeof(error);
  do rc = poll(&p, 1, seconds > 0 ? seconds * 1000 : -1);
  while (rc < 0 && errno == EINTR && !sigalrm_seen);
  if (rc == 0) return ETIMEDOUT;
  if (rc < 0) return errno;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno : error;
}

static struct danesmtp_connected tcp_connect(void *exim, size_t index, int port)
{
  struct batch_handle *h = exim;
  host_item *host = h->hosts[index];
  struct danesmtp_connected answer = { .fd = -1 };
  smtp_connect_args args = {
    .tblock = h->tblock,
    .ob = drinst_of(h->tblock)->options_block,
    .host = host,
    .host_af = Ustrchr(host->address, ':') ? AF_INET6 : AF_INET,
    .interface = h->notes[index].interface,
    .sock = -1,
  };
  smtp_port_for_connect(host, port);
  host_variables_set(h, index);
  auth_forget();
  errno = 0;
  answer.fd = smtp_connect(&args, NULL);
  int error = answer.fd < 0 ? errno : connect_outcome(answer.fd, smtp_options(h)->connect_timeout);
  if (answer.fd >= 0 && error == 0) return answer;
  if (answer.fd >= 0) (void)close(answer.fd);
  answer.fd = -1;
  answer.system_errno = error ? error : ENOTCONN; /* Exim's own are below 0: an event said no */
  answer.timed_out = error == ETIMEDOUT;
  return answer;
}

static const uschar *host_key(struct batch_handle *h, size_t index)
{
  struct host_notes *notes = h->notes + index;
  if (notes->retry_host_key) return notes->retry_host_key;
  return retry_host_key_build(h->hosts[index], keys_have_address(h), notes->port_and_interface);
}

/* "H=name [address]: " and the text of the attempt, or the system's words for an error number. */
static const char *host_last_failure(void *exim, size_t index)
{
  struct batch_handle *h = exim;
  open_db block, *db = continue_retry_db;
  /* NOLINTNEXTLINE(performance-no-int-to-ptr): Exim's word for "no such file" */
  if (!h->notes[index].port_and_interface || db == (open_db *)-1) return NULL;
  if (!db && !(db = dbfn_open(US "retry", O_RDONLY, &block, FALSE, TRUE))) return NULL;
  const dbdata_retry *record = dbfn_read(db, host_key(h, index));
  if (!continue_retry_db) dbfn_close(db);
  return record ? CCS record->text : NULL;
}

/* The host failed, or it worked and an earlier failure is on record. */
static void retry_host(void *exim, size_t index, size_t recipient, int deferred)
{
  struct batch_handle *h = exim;
  host_item *host = h->hosts[index];
  struct host_notes *notes = h->notes + index;
  if (!deferred && !notes->retry_host_key) return;
  retry_add_item(h->recipients[recipient], host_key(h, index), rf_host | (deferred ? 0 : rf_delete));
  if (!deferred) return;
  h->waits_for_host = TRUE;
  host->status = notes->expired ? hstatus_unusable_expired : hstatus_unusable;
  host->why = hwhy_deferred;
}

/* The host works, but would not take this message now. */
static void retry_message(void *exim, size_t index, size_t recipient, int deferred)
{
  struct batch_handle *h = exim;
  struct host_notes *notes = h->notes + index;
  const uschar *key = notes->retry_message_key;
  if (!deferred && !key) return;
  if (!key) key = string_sprintf("%s:%s", host_key(h, index), message_id);
  if (deferred) h->has_own_trouble = TRUE;
  retry_add_item(h->recipients[recipient], key, rf_message | rf_host | (deferred ? 0 : rf_delete));
}

void host_services_fill(struct danesmtp_services *s)
{
  s->service_port = service_port;
  s->take_over = take_over;
  s->host_state = host_state;
  s->leave_host = leave_host;
  s->host_tried_since_arrival = host_tried_since_arrival;
  s->host_last_failure = host_last_failure;
  s->host_retry_over = host_retry_over;
  s->connect = tcp_connect;
  s->retry_host = retry_host;
  s->retry_message = retry_message;
}
