/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exim's address chain and host list as the bridge's arrays. Changes nothing of Exim's, so that a
 * batch that turns out to have no DANE policy can be delegated as it came. */
#include "shim.h"

static void *array(size_t count, size_t size)
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
  return strcmp(CCS a->router->drinst.driver_name, "dnslookup") == 0 ? DANESMTP_ROUTE_MX
                                                                    : DANESMTP_ROUTE_FIXED;
}

/* NOTIFY= in Exim's order; NULL: the sender did not ask. */
static const char *notify_of(const address_item *a)
{
  static const struct { int flag; const char *name; } all[] = {
    { rf_notify_never, "NEVER" }, { rf_notify_success, "SUCCESS" },
    { rf_notify_failure, "FAILURE" }, { rf_notify_delay, "DELAY" },
  };
  gstring *g = NULL;
  for (size_t i = 0; i < nelem(all); i++)
    if (a->dsn_flags & all[i].flag) g = string_fmt_append(g, "%s%s", g ? "," : "", all[i].name);
  return g ? CCS string_from_gstring(g) : NULL;
}

static void import_recipients(struct batch_handle *h, BOOL hosts_of_transport)
{
  struct danesmtp_recipient *recipients;
  size_t count = 0, i = 0;
  for (const address_item *a = h->addresses; a; a = a->next) count++;
  h->recipients = array(count, sizeof(*h->recipients));
  recipients = array(count, sizeof(*recipients));
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
  struct danesmtp_host *hosts;
  size_t count = 0, i = 0;
  for (const host_item *host = list; host; host = host->next) count++;
  h->hosts = array(count, sizeof(*h->hosts));
  h->notes = array(count, sizeof(*h->notes));
  hosts = array(count, sizeof(*hosts));
  for (host_item *host = list; host; host = host->next, i++) {
    h->hosts[i] = host;
    hosts[i] = (struct danesmtp_host) {
      .name = CCS host->name,
      .asked_name = asked_name(host),
      .address = CCS host->address,
      .port = port_of(host),
      .mx = host->mx,
    };
  }
  h->batch.hosts = hosts;
  h->batch.host_count = count;
}

/* The hosts of the transport's own option. NULL when it cannot be used: Exim's driver then says why. */
static host_item *transport_hosts(const smtp_transport_options_block *ob)
{
  host_item *list = NULL;
  const uschar *names = ob->hosts;
  if (names && Ustrchr(names, '$')) names = expand_string(names);
  if (!names || is_tainted(names)) return NULL;
  host_build_hostlist(&list, string_copy(names), ob->hosts_randomize);
  return list;
}

/* What a transport filter makes of the message goes by DATA, unless it is signed afterwards, as with
 * Exim's own driver. */
static BOOL by_data_only(const transport_instance *tblock)
{
  if (!tblock->filter_command) return FALSE;
#ifndef DISABLE_DKIM
  const smtp_transport_options_block *ob = tblock->drinst.options_block;
  if (ob->dkim.dkim_private_key && ob->dkim.dkim_domain && ob->dkim.dkim_selector) return FALSE;
#endif
  return TRUE;
}

BOOL batch_import(struct batch_handle *h, transport_instance *tblock, address_item *addresses)
{
  const smtp_transport_options_block *ob = tblock->drinst.options_block;
  const BOOL own_hosts = !addresses->host_list || (ob->hosts_override && ob->hosts);
  host_item *list = own_hosts ? transport_hosts(ob) : addresses->host_list;

  *h = (struct batch_handle) { .tblock = tblock, .addresses = addresses };
  if (!list) return FALSE;
  import_recipients(h, own_hosts);
  batch_list_hosts(h, list);
  h->batch.transport_name = CCS tblock->drinst.name;
  h->batch.spool_directory = CCS spool_directory;
  h->batch.sender = CCS return_path;
  h->batch.all_or_nothing = mua_wrapper;
#ifndef DISABLE_EVENT
  h->batch.events_wanted = tblock->event_action != NULL;
#endif
#ifdef SUPPORT_I18N
  h->batch.smtputf8 = addresses->prop.utf8_msg;
  h->batch.downconvert = addresses->prop.utf8_downcvt ? DANESMTP_DOWNCONVERT_ALWAYS
                       : addresses->prop.utf8_downcvt_maybe ? DANESMTP_DOWNCONVERT_IF_NEEDED
                       : DANESMTP_DOWNCONVERT_NEVER;
#endif
  h->batch.dsn_ret = dsn_ret == dsn_ret_hdrs ? "HDRS" : dsn_ret == dsn_ret_full ? "FULL" : NULL;
  h->batch.dsn_envid = CCS dsn_envid;
  h->batch.by_data_only = by_data_only(tblock);
  const int size = message_size + message_linecount + ob->size_addition;
  h->batch.message_size = size > 0 ? (uint64_t)size : 0;
  return TRUE;
}
