// SPDX-License-Identifier: GPL-2.0-or-later
// The socket of the process that collects report events: datagrams go there, and nothing comes
// back. It never waits: what the collector does not take at once is lost, and no delivery with it.
#pragma once

#include <string>

#include "core/result.h"
#include "net/unique_fd.h"

namespace danesmtp {

class Collector {
 public:
  // `path`: of a datagram socket.
  explicit Collector(std::string path) : path_(std::move(path)) {}

  // Io or BadInput: nobody there takes datagrams; one line that names the socket.
  [[nodiscard]] Result<void> open();

  // Opens it if need be. Io or BadInput: it was not taken; as above.
  [[nodiscard]] Result<void> send(const std::string& datagram);

 private:
  tl::unexpected<Error> failed() const;

  std::string path_;
  UniqueFd socket_;  // connected
};

}  // namespace danesmtp
