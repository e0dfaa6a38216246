// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/dialogue.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace danesmtp {
namespace {

constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

// A list whose look-up fails does not name the host, as for Exim's own driver: none of these lists
// is about safety.
bool listed(Configuration& configuration, const HostListOption& option, HostIndex host) {
  return configuration.host_in(option, host).value_or(false);
}

// 0 is "no limit", in the options and in LIMITS alike.
std::size_t least(std::size_t configured, std::optional<std::uint32_t> servers) {
  const std::size_t ours = configured == 0 ? kUnlimited : configured;
  const std::size_t theirs = servers.value_or(0);
  return theirs == 0 ? ours : std::min(ours, theirs);
}

std::size_t max_rcpt(Configuration& configuration) {
  std::size_t most = 0;
  auto text = configuration.option_expanded(kMaxRcpt);
  if (text) std::from_chars(text->data(), text->data() + text->size(), most);
  return most;
}

std::size_t max_messages(Configuration& configuration) {
  return static_cast<std::size_t>(std::max(0, configuration.option_number(kConnectionMaxMessages)));
}

// The option has the last word over what an ACL said of the message; another value has none.
Utf8Downconvert downconvert(const std::string& option, Utf8Downconvert of_message) {
  if (option.rfind("-1", 0) == 0) return Utf8Downconvert::IfNeeded;
  if (option.rfind('1', 0) == 0) return Utf8Downconvert::Always;
  if (option.rfind('0', 0) == 0) return Utf8Downconvert::Never;
  return of_message;
}

// RFC 6531 3.2 and 3.6
Result<Utf8Way> utf8_way(Configuration& configuration, const AddressBatch& batch, bool offered) {
  if (!batch.smtputf8) return Utf8Way::NotNeeded;
  auto option = configuration.option_expanded(kUtf8Downconvert);
  if (!option) return tl::unexpected(option.error());
  const Utf8Downconvert mode = downconvert(*option, batch.utf8_downconvert);
  if (mode == Utf8Downconvert::Always) return Utf8Way::ToAscii;
  if (offered) return Utf8Way::Asked;
  return mode == Utf8Downconvert::IfNeeded ? Utf8Way::ToAscii : Utf8Way::Forbidden;
}

Result<std::string> address_as(Message& message, Utf8Way way, const std::string& address) {
  return way == Utf8Way::ToAscii ? message.ascii_address(address) : Result<std::string>(address);
}

// RFC 3461 4 and 5.2.1; a router's "last hop" ends the chain of notifications here.
void add_notification(const BatchRecipient& recipient, RcptArguments& rcpt) {
  if (recipient.dsn_last_hop) return;
  rcpt.notify = recipient.dsn_notify;
  rcpt.orcpt = recipient.dsn_orcpt;
}

}  // namespace

Result<Dialogue> plan_dialogue(MailServer& server, const AddressBatch& batch, HostIndex host,
                               const EhloCapabilities& offered) {
  auto utf8 = utf8_way(server, batch, offered.smtputf8);
  if (!utf8) return tl::unexpected(utf8.error());
  Dialogue dialogue;
  if (listed(server, kHostsAvoidPipelining, host)) dialogue.grouping = Grouping::OneByOne;
  if (offered.chunking && !batch.by_data_only && listed(server, kHostsTryChunking, host))
    dialogue.form = MessageForm::Plain;
  dialogue.size = offered.size;
  dialogue.prdr = offered.prdr && listed(server, kHostsTryPrdr, host);
  dialogue.dsn = offered.dsn;
  dialogue.utf8 = *utf8;
  // RFC 9422 4: RCPTDOMAINMAX is met by itself, the recipients of an attempt share their domain.
  dialogue.most_recipients = least(max_rcpt(server), offered.limits.rcpt_max);
  dialogue.most_transactions = least(max_messages(server), offered.limits.mail_max);
  return dialogue;
}

Result<Envelope> make_envelope(MailServer& server, const AddressBatch& batch,
                               const Dialogue& dialogue,
                               const std::vector<RecipientIndex>& recipients) {
  Envelope envelope;
  envelope.grouping = dialogue.grouping;
  auto sender = address_as(server, dialogue.utf8, batch.sender);
  if (!sender) return tl::unexpected(sender.error());
  envelope.mail.sender = *sender;
  if (dialogue.size) envelope.mail.size = batch.message_size;
  if (dialogue.prdr && recipients.size() > 1) envelope.mail.prdr = PerRecipientReplies::Yes;
  if (dialogue.utf8 == Utf8Way::Asked) envelope.mail.smtputf8 = SmtpUtf8::Yes;
  for (auto index : recipients) {
    const auto& recipient = batch.recipient(index);
    auto address = address_as(server, dialogue.utf8, recipient.address);
    if (!address) return tl::unexpected(address.error());
    RcptArguments rcpt{*address, {}, {}};
    if (dialogue.dsn) add_notification(recipient, rcpt);
    envelope.recipients.push_back(rcpt);
    if (!dialogue.dsn || recipient.dsn_last_hop) continue;
    envelope.mail.ret = batch.dsn_ret;
    envelope.mail.envid = batch.dsn_envid;
  }
  return envelope;
}

}  // namespace danesmtp
