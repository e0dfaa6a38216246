/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that Exim's routers took from the DNS, which nobody has validated, and what the configuration says
 * of them: the names a domain had before, the suffixes that complete a name, and the domains whose MX
 * records stand for a configured host ("domain/mx"). */
#include "shim.h"

#include "routers/dnslookup.h"
#include "routers/manualroute.h"
#include "routers/rf_functions.h"

static BOOL router_is(const address_item *a, const char *driver)
{
  return a->router && strcmp(CCS drinst_of(a->router)->driver_name, driver) == 0;
}

/* Did a router that asks the DNS put this address in the place of its parent? A parent of another kind
 * (an alias, a filter) had its children from the configuration. */
static BOOL renamed(const address_item *a)
{
  const address_item *parent = a->parent;
  return parent && parent->router && parent->domain && a->domain &&
         strcmpic(a->domain, parent->domain) != 0 && router_is(parent, "dnslookup") &&
         !(parent->router->self_code == self_reroute && parent->router->self &&
           strcmpic(a->domain, parent->router->self) == 0);
}

const struct danesmtp_rename *route_renames(const address_item *a, size_t *count)
{
  struct danesmtp_rename *all;
  *count = 0;
  for (const address_item *one = a; one; one = one->parent) *count += renamed(one);
  if (*count == 0) return NULL;
  all = batch_array(*count, sizeof(*all));
  for (size_t i = 0; a; a = a->parent)
    if (renamed(a))
      all[i++] = (struct danesmtp_rename) { .from = CCS a->parent->domain, .to = CCS a->domain };
  return all;
}

/* Adds what is not there yet; each stands between spaces. */
static gstring *add_suffix(gstring *g, const uschar *suffix)
{
  const uschar *entry = string_sprintf(" %s ", suffix);
  return Ustrstr(string_from_gstring(g), entry) ? g : string_fmt_append(g, "%s ", suffix);
}

/* Of the routers that led to this address. */
static gstring *add_widening(gstring *g, const address_item *a)
{
  for (; a; a = a->parent) {
    if (!router_is(a, "dnslookup")) continue;
    const dnslookup_router_options_block *ob = drinst_of(a->router)->options_block;
    const uschar *list = ob->widen_domains, *suffix;
    int sep = 0;
    while ((suffix = string_nextinlist(&list, &sep, NULL, 0))) g = add_suffix(g, suffix);
  }
  return g;
}

/* What completes a name on this machine, as the resolver and the routers of all addresses are
 * configured. */
const char *route_suffixes(const address_item *addresses)
{
  gstring *g = string_cat(NULL, US " ");
  const struct __res_state *res = os_get_dns_resolver_res();
  for (size_t i = 0; i < nelem(res->dnsrch) && res->dnsrch[i]; i++) g = add_suffix(g, US res->dnsrch[i]);
  for (const address_item *a = addresses; a; a = a->next) g = add_widening(g, a);
  return CCS string_from_gstring(g);
}

/* Does the router ask for SRV records? */
int route_by_srv(const address_item *a)
{
  if (!router_is(a, "dnslookup")) return 0;
  return ((const dnslookup_router_options_block *)drinst_of(a->router)->options_block)->check_srv != NULL;
}

/* The host list of the item of route_list that fits the domain, as the router finds it. */
static const uschar *host_list_for(const address_item *a, const uschar *route_list)
{
  const uschar *item;
  int sep = -(';');
  while ((item = string_nextinlist(&route_list, &sep, NULL, 0))) {
    Uskip_whitespace(&item);
    if (!*item) continue;
    const uschar *pattern = string_dequote(&item);
    Uskip_whitespace(&item);
    if (match_isinlist(a->domain, &pattern, UCHAR_MAX + 1, &domainlist_anchor, NULL, MCL_DOMAIN, TRUE,
                       CUSS & lookup_value) == OK)
      return string_dequote(&item);
  }
  return NULL;
}

/* The configured host list, expanded for the address. NULL: it cannot be told here. */
static const uschar *configured_hosts(const address_item *a)
{
  const manualroute_router_options_block *ob = drinst_of(a->router)->options_block;
  const uschar *list = ob->route_list ? host_list_for(a, ob->route_list) : expand_string(ob->route_data);
  if (list && !ob->route_list) {
    Uskip_whitespace(&list);
    list = string_dequote(&list);
  }
  if (list && Ustrchr(list, '$')) list = expand_string(list);
  lookup_value = NULL;
  expand_nmax = -1;
  return list;
}

static BOOL any_by_record(const host_item *host)
{
  for (; host; host = host->next)
    if (host->mx >= 0) return TRUE;
  return FALSE;
}

/* Sets what the router's expansion saw of the address; gives back what there was. */
struct variables {
  const uschar *domain, *local_part;
  uschar *address_data, *domain_data, *local_part_data;
  tree_node *router;
};

static struct variables set_variables(struct variables v)
{
  const struct variables before = { deliver_domain,      deliver_localpart,      deliver_address_data,
                                    deliver_domain_data, deliver_localpart_data, router_var };
  deliver_domain = v.domain;
  deliver_localpart = v.local_part;
  deliver_address_data = v.address_data;
  deliver_domain_data = v.domain_data;
  deliver_localpart_data = v.local_part_data;
  router_var = v.router;
  return before;
}

const char *route_mx_names(const address_item *a)
{
  const uschar *hosts, *name;
  gstring *g = NULL;
  int sep = 0;
  if (!router_is(a, "manualroute") || !any_by_record(a->host_list)) return NULL;
  const struct variables before =
      set_variables((struct variables) { a->domain, a->local_part, a->prop.address_data, a->prop.domain_data,
                                         a->prop.localpart_data, a->prop.variables });
  hosts = configured_hosts(a);
  (void)set_variables(before);
  if (!hosts) return NULL;
  while ((name = string_nextinlist(&hosts, &sep, NULL, 0))) {
    host_item host = { .name = name };
    (void)host_item_get_port(&host);
    const int length = Ustrlen(host.name);
    if (length > 3 && strcmpic(host.name + length - 3, US "/mx") == 0)
      g = string_fmt_append(g, "%s%.*s", g ? " " : "", length - 3, host.name);
  }
  return g ? CCS string_from_gstring(g) : NULL;
}
