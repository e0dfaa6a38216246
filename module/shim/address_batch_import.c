/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exim's address chain and host list as the bridge's arrays. Changes nothing of Exim's, so that a
 * batch that turns out to have no DANE policy can be delegated as it came. */
#include "shim.h"

void *batch_array(size_t count, size_t size)
{
  void *a = store_get((int)((count ? count : 1) * size), GET_UNTAINTED);
  memset(a, 0, count * size);
  return a;
}

/* Whether the domain's MX records led to the hosts, or the configuration names them; fallback hosts
 * take the place of the router's list. */
static enum danesmtp_route route_of(const address_item *a, BOOL hosts_of_transport)
{
  if (hosts_of_transport || !a->router) return DANESMTP_ROUTE_FIXED;
  if (a->fallback_hosts && a->host_list == a->fallback_hosts) return DANESMTP_ROUTE_FIXED;
  return strcmp(CCS drinst_of(a->router)->driver_name, "dnslookup") == 0 ? DANESMTP_ROUTE_MX
                                                                         : DANESMTP_ROUTE_FIXED;
}

/* NOTIFY= in Exim's order; NULL: the sender did not ask. */
static const char *notify_of(const address_item *a)
{
  static const struct {
    int flag;
    const char *name;
  } all[] = {
    { rf_notify_never, "NEVER" },
    { rf_notify_success, "SUCCESS" },
    { rf_notify_failure, "FAILURE" },
    { rf_notify_delay, "DELAY" },
  };
  gstring *g = NULL;
  for (size_t i = 0; i < nelem(all); i++)
    if (a->dsn_flags & all[i].flag) g = string_fmt_append(g, "%s%s", g ? "," : "", all[i].name);
  return g ? CCS string_from_gstring(g) : NULL;
}

/* The address chain, for as long as it is not whole, of the named recipients in order. */
void batch_chain(struct batch_handle *h, const size_t *recipients, size_t count)
{
  for (size_t i = 0; i < count; i++)
    h->recipients[recipients[i]]->next = i + 1 < count ? h->recipients[recipients[i + 1]] : NULL;
}

void batch_chain_whole(struct batch_handle *h)
{
  for (size_t i = 0; i < h->batch.recipient_count; i++)
    h->recipients[i]->next = i + 1 < h->batch.recipient_count ? h->recipients[i + 1] : NULL;
}

static void import_recipients(struct batch_handle *h, BOOL hosts_of_transport)
{
  struct danesmtp_recipient *recipients;
  size_t count = 0, i = 0;
  for (const address_item *a = h->addresses; a; a = a->next) count++;
  /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
  h->recipients = batch_array(count, sizeof(*h->recipients));
  recipients = batch_array(count, sizeof(*recipients));
  for (address_item *a = h->addresses; a; a = a->next, i++) {
    h->recipients[i] = a;
    recipients[i] = (struct danesmtp_recipient) {
      .address = CCS transport_rcpt_address(a, h->tblock->rcpt_include_affixes),
      .domain = CCS a->domain,
      .route = route_of(a, hosts_of_transport),
      .dsn_last_hop = a->dsn_flags & rf_dsnlasthop ? 1 : 0,
      .dsn_notify = notify_of(a),
      .dsn_orcpt = CCS a->dsn_orcpt,
    };
    if (!hosts_of_transport) recipients[i].mx_names = route_mx_names(a);
    recipients[i].by_srv = route_by_srv(a);
    recipients[i].renames = route_renames(a, &recipients[i].rename_count);
  }
  h->batch.recipients = recipients;
  h->batch.recipient_count = count;
}

/* The name as the MX record or the configuration has it: before CNAME expansion, without a port. Exim
 * fills certname when it looks a name up, and leaves it unset in hosts that it has not looked up and in
 * those of address literals. */
static const char *asked_name(const host_item *host)
{
  host_item copy = *host;
  if (host->address && *host->name != '[' && host->certname) return CCS host->certname;
  host_item_get_port(&copy);
  return CCS copy.name;
}

static int port_of(const host_item *host)
{
  host_item copy = *host;
  return host->address || host->port != PORT_NONE ? host->port : host_item_get_port(&copy);
}

/* Fills the batch's hosts from a list; called again when address look-ups have changed it. */
void batch_list_hosts(struct batch_handle *h, host_item *list)
{
  size_t count = 0, i = 0;
  for (const host_item *host = list; host; host = host->next) count++;
  /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
  h->hosts = batch_array(count, sizeof(*h->hosts));
  h->notes = batch_array(count, sizeof(*h->notes));
  h->bridge_hosts = batch_array(count, sizeof(*h->bridge_hosts));
  for (host_item *host = list; host; host = host->next, i++) {
    h->hosts[i] = host;
    h->bridge_hosts[i] = (struct danesmtp_host) {
      .name = CCS host->name,
      .asked_name = asked_name(host),
      .address = CCS host->address,
      .port = port_of(host),
      .mx = host->mx,
    };
  }
  h->batch.hosts = h->bridge_hosts;
  h->batch.host_count = count;
}

/* The hosts of the transport's own option, expanded here and nowhere else. NULL: the first address says
 * why. A second expansion, by Exim's driver, might have another result. */
static host_item *transport_hosts(transport_instance *tblock, address_item *first)
{
  const smtp_transport_options_block *ob = drinst_of(tblock)->options_block;
  const uschar *name = drinst_of(tblock)->name, *names = ob->hosts;
  host_item *list = NULL;
  BOOL randomize;

  first->transport_return = PANIC;
  if (Ustrchr(names, '$') && !(names = expand_string(names))) {
    first->message = string_sprintf("%s transport: option hosts: failed to expand \"%s\": %s", name,
                                    ob->hosts, expand_string_message);
    if (f.search_find_defer) first->transport_return = DEFER;
    return NULL;
  }
  if (is_tainted(names)) {
    log_write(LOG_MAIN | LOG_PANIC, "%s transport: option hosts: \"%s\" is tainted (from \"%s\")", name,
              names, ob->hosts);
    first->message = US "internal configuration error"; /* nothing of it is for a sender */
    return NULL;
  }
  first->transport_return = DEFER;
  if (exp_bool(first, US "transport", name, debug_channel(transport), US "hosts_randomize",
               ob->hosts_randomize, *hosts_randomize_expression(drinst_of(tblock)->options_block),
               &randomize) != OK)
    return NULL;
  host_build_hostlist(&list, string_copy(names), randomize);
  if (!list) {
    first->transport_return = PANIC;
    first->message = string_sprintf("%s transport: option hosts names no host", name);
  }
  return list;
}

static BOOL looked_up(const host_item *list)
{
  for (; list; list = list->next)
    if (!list->address && list->status < hstatus_unusable) return FALSE;
  return TRUE;
}

static host_item *copy_of(const host_item *list)
{
  host_item *first = NULL, **end = &first;
  for (; list; list = list->next, end = &(*end)->next) {
    *end = store_get(sizeof(host_item), GET_UNTAINTED);
    **end = *list;
  }
  *end = NULL;
  return first;
}

/* The router's list, or that of the transport. What has no address yet (of the transport, or fallback
 * hosts) is looked up in a list of our own. */
static BOOL import_hosts(struct batch_handle *h)
{
  host_item *list = h->addresses->host_list;
  if (h->transport_hosts && !(list = transport_hosts(h->tblock, h->addresses))) return FALSE;
  if (h->transport_hosts || !looked_up(list)) h->own_list = h->transport_hosts ? list : copy_of(list);
  batch_list_hosts(h, h->own_list ? h->own_list : list);
  hosts_find_addresses(h);
  return TRUE;
}

/* What a transport filter makes of the message goes by DATA, unless it is signed afterwards, as with
 * Exim's own driver. */
static BOOL by_data_only(const transport_instance *tblock)
{
  if (!tblock->filter_command || !*tblock->filter_command) return FALSE;
#ifndef DISABLE_DKIM
  const smtp_transport_options_block *ob = drinst_of(tblock)->options_block;
  if (ob->dkim.dkim_private_key && ob->dkim.dkim_domain && ob->dkim.dkim_selector) return FALSE;
#endif
  return TRUE;
}

/* D-174: of the delivery of a report nobody is told, or reports would be about reports. */
static BOOL is_tls_report(void)
{
  for (const header_line *h = header_list; h; h = h->next)
    if (h->type != '*' && (strncmpic(h->text, US "TLS-Report-Submitter:", 21) == 0 ||
                           strncmpic(h->text, US "TLS-Report-Domain:", 18) == 0))
      return TRUE;
  return FALSE;
}

static BOOL reports_wanted(const transport_instance *tblock)
{
  const uschar *socket = own_options(tblock)->dane_tlsrpt_socket;
  BOOL wanted = socket && *socket;
#ifndef DISABLE_EVENT
  if (tblock->event_action) wanted = TRUE;
#endif
  return wanted && !is_tls_report();
}

enum batch_imported batch_import(struct batch_handle *h, transport_instance *tblock, address_item *addresses)
{
  const smtp_transport_options_block *ob = drinst_of(tblock)->options_block;
  *h = (struct batch_handle) { .tblock = tblock, .addresses = addresses };
  h->transport_hosts = !addresses->host_list || (ob->hosts_override && ob->hosts);
  if (h->transport_hosts && !ob->hosts) return BATCH_WITHOUT_HOSTS;
  if (!import_hosts(h)) return BATCH_UNUSABLE;
  import_recipients(h, h->transport_hosts);
  h->batch.suffixes = route_suffixes(addresses);
  h->batch.transport_name = CCS drinst_of(tblock)->name;
  h->batch.spool_directory = CCS spool_directory;
  h->batch.sender = CCS return_path;
  h->batch.all_or_nothing = mua_wrapper;
  tls_dialect_fill(&h->batch);
#ifndef DISABLE_EVENT
  h->batch.events_wanted = tblock->event_action != NULL;
#endif
#ifdef SUPPORT_I18N
  h->batch.smtputf8 = addresses->prop.utf8_msg;
  h->batch.downconvert = addresses->prop.utf8_downcvt         ? DANESMTP_DOWNCONVERT_ALWAYS
                         : addresses->prop.utf8_downcvt_maybe ? DANESMTP_DOWNCONVERT_IF_NEEDED
                                                              : DANESMTP_DOWNCONVERT_NEVER;
#endif
  h->batch.dsn_ret = dsn_ret == dsn_ret_hdrs ? "HDRS" : dsn_ret == dsn_ret_full ? "FULL" : NULL;
  h->batch.dsn_envid = CCS dsn_envid;
  h->batch.reports_wanted = reports_wanted(tblock);
  h->batch.by_data_only = by_data_only(tblock);
  const int size = message_size + message_linecount + ob->size_addition;
  h->batch.message_size = size > 0 ? (uint64_t)size : 0;
  return BATCH_COMPLETE;
}
