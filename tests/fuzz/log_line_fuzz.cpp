// SPDX-License-Identifier: GPL-2.0-or-later
// Main logs, which peers write into, plain or compressed. Each part of a line is inside it; what is
// counted is what was read; no form of the report lets anything through that is not printable. What
// a file decodes to does not depend on the pieces that it is read in. Target: parse_log_line,
// MailCounter, the forms of the report, Decoder.
#include <algorithm>

#include "fuzz/fuzz_support.h"
#include "line_splitter.h"
#include "log_input.h"
#include "mail_counter.h"
#include "report_forms.h"

using namespace danesmtp::tool;
using danesmtp::fuzz::must;

namespace {

void check_parts(std::string_view text) {
  const LogLine line = parse_log_line(text);
  for (const auto part : {line.day, line.message, line.address, line.domain, line.host, line.text})
    must(part.empty() ||
         (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size()));
  must((line.kind == LineKind::Unknown) == line.day.empty());
}

void check_form(const std::string& form) {
  must(std::all_of(form.begin(), form.end(),
                   [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r'; }));
}

void check_report(const MailReport& report) {
  std::uint64_t recipients = 0;
  for (const auto& domain : report.domains) recipients += domain.counts.delivered();
  must(recipients == report.all.delivered());
  constexpr std::size_t kTop = 5;
  for (const auto& form :
       {report_as_text(report, kTop), report_as_json(report), report_as_csv(report),
        report_as_html(report, kTop), report_as_prometheus(report, kTop)})
    check_form(form);
  must(report_as_html(report, kTop).find("<script") == std::string::npos);
}

std::string decoded(std::string_view octets, std::size_t piece, bool& good) {
  const auto decoder = decoder_for(octets);
  std::string text;
  good = true;
  for (; good && !octets.empty(); octets.remove_prefix(std::min(piece, octets.size())))
    good = decoder->decode(octets.substr(0, piece), [&](auto part) { text += part; }).has_value();
  good = good && decoder->finish().has_value();
  return text;
}

void check_decoder(std::string_view octets) {
  bool at_once = false, in_pieces = false;
  const auto whole = decoded(octets, octets.size(), at_once);
  must(decoded(octets, 7, in_pieces) == whole || !at_once);
  must(at_once == in_pieces);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_decoder(text);
  MailCounter counter("");
  std::uint64_t lines = 0;
  const LineSink sink{[&](std::string_view line) {
                        check_parts(line);
                        counter.add(line);
                        ++lines;
                      },
                      [&] {
                        counter.add_unknown();
                        ++lines;
                      },
                      {}};
  LineSplitter splitter(sink);
  const auto half = size / 2;  // lines come in pieces
  splitter.add(text.substr(0, half));
  splitter.add(text.substr(half));
  splitter.finish();
  const auto report = counter.report();
  must(report.lines.read == lines);
  check_report(report);
  return 0;
}
