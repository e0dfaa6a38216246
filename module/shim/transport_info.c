/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Exim's loader finds: `_transport_info`, the only symbol that is exported, and the entry points
 * behind it. Loading fills tables from memory and nothing else: no file, no socket, no thread. */
#include "shim.h"

static void instance_init(transport_driver_instance *t);
static BOOL instance_code(transport_instance *tblock, address_item *addresses);
static void instance_closedown(transport_instance *tblock);

/* NOLINTNEXTLINE(bugprone-reserved-identifier): Exim's loader looks for this name */
__attribute__((visibility("default"))) transport_info TRANSPORT_INFO_SYMBOL = {
  TRANSPORT_DRIVER_INFO(.driver_name = US "danesmtp", .options_count = &option_table_count,
                        .init = instance_init),
  .code = instance_code,
  .closedown = instance_closedown,
  .local = FALSE,
};

__attribute__((constructor)) static void loaded(void)
{
  const char *why = abi_difference();
  if (why) {
    misfit_take_over(&TRANSPORT_INFO_SYMBOL, why);
    return;
  }
  option_table_build();
  drinfo_of(&TRANSPORT_INFO_SYMBOL)->options = option_table;
  drinfo_of(&TRANSPORT_INFO_SYMBOL)->options_block = option_defaults;
  drinfo_of(&TRANSPORT_INFO_SYMBOL)->options_len = option_block_length;
}

/* A file that cannot be read makes remote mail wait. In a configuration check (-bV, -bv) that is a
 * configuration error, and a line in the log of a daemon that starts; every other process goes on,
 * for its mail may have nothing to do with it. */
static void tell_unreadable_files(const transport_instance *tblock)
{
  const BOOL check = f.log_testing_mode && !f.address_test_mode && !host_checking;
  const char *why = check || f.daemon_listen ? own_files_fault(tblock) : NULL;
  if (!why) return;
  if (check) log_write_die(LOG_CONFIG_FOR, "%s transport: %s", drinst_of(tblock)->name, why);
  log_write(LOG_MAIN, "%s transport: %s: mail to remote hosts will wait", drinst_of(tblock)->name, why);
}

static BOOL empty_list(const transport_instance *tblock, const char *name)
{
  uschar **list = option_address(tblock, name, opt_stringptr);
  return !list || !*list || !**list;
}

static BOOL dane_is_asked_for(const transport_instance *tblock)
{
  return !empty_list(tblock, "hosts_try_dane") || !empty_list(tblock, "hosts_require_dane") ||
         !empty_list(tblock, "dane_mta_sts");
}

/* A process that runs the queue once forks for each message: what it has open, they need not open, and
 * an upgrade meanwhile cannot come between this module and its core. Without success they try themselves,
 * and say why not. */
static void open_core_for_queue_run(void)
{
  const char *why = NULL;
  if (exim_runs_queue_once()) (void)core_library(&why);
}

/* The instance presents itself to Exim's core as `smtp`, since its option block begins with that of
 * the smtp driver: callouts, TLS credential preload and SOCKS go by that name. */
static void instance_init(transport_driver_instance *t)
{
  transport_instance *tblock = (transport_instance *)t;
  const char *why = own_options_fault(own_options(tblock));
  if (why) log_write_die(LOG_CONFIG_FOR, "%s transport: %s", t->name, why);
  tell_unreadable_files(tblock);
  if (dane_is_asked_for(tblock)) open_core_for_queue_run();
  drinfo_of(&smtp_transport_info)->init(t);
  callout_wrap_setup(tblock);
  t->driver_name = US "smtp";
}

static BOOL speaks_lmtp(const transport_instance *tblock)
{
  const smtp_transport_options_block *ob = drinst_of(tblock)->options_block;
  const uschar *protocol =
      ob->protocol && Ustrchr(ob->protocol, '$') ? expand_string(ob->protocol) : ob->protocol;
  return protocol && strcmpic(protocol, US "lmtp") == 0;
}

/* Not for LMTP; nor switched off. */
BOOL dane_may_apply(const transport_instance *tblock)
{
  return !speaks_lmtp(tblock) && dane_is_asked_for(tblock);
}

/* Only the first pass of two: routed, and left. */
static BOOL only_queued(void)
{
  return f.queue_smtp && (!f.deliver_force || f.queue_2stage);
}

/* Deliveries for which no connection will be made. */
static BOOL nothing_is_sent(const transport_instance *tblock)
{
  const smtp_transport_options_block *ob = drinst_of(tblock)->options_block;
  return f.dont_deliver || only_queued() || max_received_linelength > ob->message_linelength_limit;
}

/* RFC 8689 4.2.1 and 5: of one without a sender, nobody else could be told. NULL, or why it must wait. */
static const char *requirement(const transport_instance *tblock, const address_item *addresses,
                               enum danesmtp_require_tls *requirement)
{
  const char *why = NULL;
  const enum tls_required required = tls_required_of(tblock, addresses, &why);
  *requirement = DANESMTP_REQUIRE_TLS_NO;
  if (required == TLS_REQUIRED_UNKNOWN) return why;
  if (required == TLS_NOT_REQUIRED) return NULL;
  *requirement =
      return_path && *return_path ? DANESMTP_REQUIRE_TLS_ALWAYS : DANESMTP_REQUIRE_TLS_WHERE_POSSIBLE;
  return *requirement == DANESMTP_REQUIRE_TLS_ALWAYS && speaks_lmtp(tblock)
             ? "option dane_require_tls: a message that requires TLS does not go by LMTP (option protocol)"
             : NULL;
}

/* Nobody would try again what an MUA handed in. */
static void fail_what_waits(address_item *addresses)
{
  for (address_item *a = addresses; a; a = a->next)
    if (a->transport_return == DEFER) a->transport_return = FAIL;
}

struct danesmtp_services all_services(void)
{
  struct danesmtp_services services = { .version = DANESMTP_BRIDGE_VERSION, .size = sizeof(services) };
  exim_services_fill(&services);
  message_services_fill(&services);
  host_services_fill(&services);
  result_services_fill(&services);
  tls_variables_service_fill(&services);
  reuse_services_fill(&services);
  auth_services_fill(&services);
  services.delegate = delegate_recipients;
  services.delegated_delivery = delegated_delivery;
  return services;
}

/* Beyond RLIMIT_FSIZE a write shall fail with EFBIG, and the message wait; by default SIGXFSZ ends the
 * process, and Exim freezes the message. A handler, and not SIG_IGN, which programs that Exim runs
 * (filters) would inherit. */
static void file_too_large(int sig)
{
  (void)sig;
}

static BOOL instance_code(transport_instance *tblock, address_item *addresses)
{
  const struct sigaction too_large = { .sa_handler = file_too_large, .sa_flags = SA_RESTART };
  const char *why = NULL;
  enum danesmtp_require_tls require_tls = DANESMTP_REQUIRE_TLS_NO;
  const struct danesmtp_core_table *core;
  struct batch_handle h;

  callout_over();
  if (nothing_is_sent(tblock)) return own_driver_code(tblock, addresses);
  if ((why = requirement(tblock, addresses, &require_tls))) {
    defer_quietly(addresses, why);
    if (mua_wrapper) fail_what_waits(addresses);
    return TRUE;
  }
  /* Without a sender, what Exim's own driver may have it may. */
  if (require_tls != DANESMTP_REQUIRE_TLS_ALWAYS && !dane_may_apply(tblock))
    return own_driver_code(tblock, addresses);
  sigaction(SIGXFSZ, &too_large, NULL);
  /* The core is part of what keeps mail from impostors: without it, every recipient waits. */
  if (!(core = core_library(&why))) {
    defer_undecided(addresses, why);
    return TRUE;
  }
  switch (batch_import(&h, tblock, addresses)) {
    case BATCH_COMPLETE: break;
    /* There is nothing to decide; Exim's driver says so in its own words. */
    case BATCH_WITHOUT_HOSTS: return own_driver_code(tblock, addresses);
    case BATCH_UNUSABLE: return FALSE;
  }

  h.batch.require_tls = require_tls;
  const struct danesmtp_services services = all_services();
  const int rc = core->deliver(&services, &h, &h.batch, &why);
  /* What Exim's driver says of its own session is Exim's to read. */
  if (!h.all_delegated) tls_variables_clear();
  hosts_leave_all(&h);
  if (rc != 0) defer_undecided(addresses, why);
  if (mua_wrapper) fail_what_waits(addresses);
  connection_reuse_report(&h);
  connection_reuse_note_waiting(&h);
  return rc != 0 || !h.own_driver_failed;
}

static void instance_closedown(transport_instance *tblock)
{
  smtp_transport_info.closedown(tblock);
}
