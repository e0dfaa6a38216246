/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a module that was built for another Exim: an upgraded Exim finds it, in every process
 * that reads the configuration. Of the running Exim's structures only those are used that its own smtp
 * driver, an exported object, proves to be as we know them; with them the transport lets every message
 * wait, in one line of the main log a delivery. Where that is not proven Exim itself is left to refuse
 * the module. doc/decisions/0012. */
#include "shim.h"
#include "symbol_size.h"

#include <fcntl.h>
#include <syslog.h>

static char reason[400];

/* The first two numbers of a version: functions keep their parameters within a series. */
static BOOL same_series(const char *here, const char *there)
{
  int dots = 0;
  for (; *here && *here == *there; here++, there++)
    if (*here == '.' && ++dots == 2) return TRUE;
  return (!*here || strchr(".-", *here)) && (!*there || strchr(".-", *there));
}

static BOOL option_tables_are_known(void)
{
  const size_t count = (size_t)smtp_transport_options_count;
  BOOL known_type = FALSE;
  if (program_symbol_size("smtp_transport_options") != count * sizeof(optionlist)) return FALSE;
  for (size_t i = 0; i < count; i++) {
    const optionlist *o = smtp_transport_options + i;
    if (i > 0 && strcmp(o[-1].name, o->name) >= 0) return FALSE;
    if (strcmp(o->name, "helo_data") == 0) known_type = (o->type & opt_mask) == opt_stringptr;
  }
  return known_type;
}

/* Every member of smtp's entry is where we look for it. Pointers are compared before one is followed. */
static BOOL loader_structures_are_known(void)
{
  const transport_driver_info *smtp = drinfo_of(&smtp_transport_info);
  return exim_transport_info_size() == sizeof(transport_info) && smtp->options == smtp_transport_options &&
         smtp->options_count == &smtp_transport_options_count &&
         smtp->options_block == (void *)&smtp_transport_option_defaults &&
         (size_t)smtp->options_len == program_symbol_size("smtp_transport_option_defaults") &&
         smtp->init == smtp_transport_init && smtp_transport_info.code == smtp_transport_entry &&
         smtp_transport_info.closedown == smtp_transport_closedown && !smtp_transport_info.local &&
         option_tables_are_known();
}

/* `exim -bV` is how a configuration is checked before a restart: there it has to fail. */
static BOOL configuration_is_checked(void)
{
  char arguments[4096];
  const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  const ssize_t length = fd < 0 ? 0 : read(fd, arguments, sizeof(arguments) - 1);
  if (fd >= 0) close(fd);
  if (length <= 0) return FALSE;
  arguments[length] = '\0';
  for (const char *a = arguments; a < arguments + length; a += strlen(a) + 1)
    if (strcmp(a, "-bV") == 0) return TRUE;
  return FALSE;
}

static void say(void)
{
  char line[sizeof(reason) + 1];
  const int length = snprintf(line, sizeof(line), "%s\n", reason);
  openlog("exim", LOG_PID, LOG_MAIL);
  syslog(LOG_CRIT, "%s", reason);
  if (write(STDERR_FILENO, line, (size_t)length) < 0) { /* there is nobody else to tell */
  }
}

/* The name stays "danesmtp": Exim's core, which speaks SMTP by itself for a transport named smtp
 * (callouts, cutthrough), then does not. */
static void waiting_init(transport_driver_instance *t)
{
  drinfo_of(&smtp_transport_info)->init(t);
}

/* FALSE: each address keeps the status that Exim gave it, which is DEFER. None is touched. */
static BOOL waiting_code(transport_instance *tblock, address_item *addresses)
{
  (void)tblock, (void)addresses;
  log_write(LOG_MAIN | LOG_PANIC, "%s: install the module for this Exim; mail waits", reason);
  return FALSE;
}

void misfit_take_over(transport_info *info, const char *why)
{
  snprintf(reason, sizeof(reason), "danesmtp_transport.so refused: %s", why);
  if (!same_series(EXIM_VERSION_STR, CCS version_string) || !loader_structures_are_known()) {
    exim_refuse_module(info); /* "not compatible", in the main log */
    say();
    return;
  }
  if (configuration_is_checked()) {
    say();
    _exit(EXIT_FAILURE);
  }
  option_table_build();
  drinfo_of(info)->options = option_table;
  drinfo_of(info)->options_block = option_defaults;
  drinfo_of(info)->options_len = option_block_length;
  drinfo_of(info)->init = waiting_init;
  info->code = waiting_code;
}
