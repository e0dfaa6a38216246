// SPDX-License-Identifier: GPL-2.0-or-later
// The mark of an open connection, as another process hands it over: it counts under its own digest
// alone, and says what could be said again. D-104.
#include "fuzz/fuzz_support.h"
#include "route/connection_mark.h"

using namespace danesmtp;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets = as_text({data, size});
  const auto end = octets.find('\n');
  const std::string_view digest = octets.substr(0, end);
  const std::string_view mark =
      end == std::string_view::npos ? std::string_view() : octets.substr(end + 1);
  must(!marked_under("", mark));
  const auto connection = marked_under(digest, mark);
  if (!connection) return 0;
  must(mark.starts_with(std::string(kMarkPrefix) + std::string(digest)));
  const auto again = connection_mark(digest, *connection);
  const auto once_more = marked_under(digest, again);
  must(once_more.has_value());
  must(connection_mark(digest, *once_more) == again);
  must(!marked_under(std::string(digest) + "0", mark));
  return 0;
}
