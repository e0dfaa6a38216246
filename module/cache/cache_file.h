// SPDX-License-Identifier: GPL-2.0-or-later
// The file that all delivery processes of a spool share: a head and slots of fixed places. It is
// used only as a plain file of our own user that nobody else can write and no stranger read. Read
// and written at offsets, never mapped, so a file that is cut short or lies on a full or failing
// disk is an entry less, and no signal.
#pragma once

#include <functional>
#include <string>

#include "core/bytes.h"
#include "net/unique_fd.h"

namespace danesmtp {

class CacheFile {
 public:
  // Makes the file (mode 0600; one that its group may read gets it as well) and the directory that
  // it is in (0750), if they are not there. BadInput: what is there is not ours; Io: it cannot be
  // made.
  [[nodiscard]] static Result<CacheFile> open(const std::string& path);

  // As it is, to be looked at: also by root, for whoever owns it.
  [[nodiscard]] static Result<CacheFile> open_existing(const std::string& path);

  // What is there of `size` octets at `offset`.
  [[nodiscard]] Bytes read(std::uint64_t offset, std::size_t size) const;

  // False: not all of it.
  bool write(std::uint64_t offset, ByteView octets) const;

  // Calls `work` unless another process does the same to the same octets just now.
  void alone_with(std::uint64_t offset, std::size_t size, const std::function<void()>& work) const;

 private:
  explicit CacheFile(UniqueFd file) : file_(std::move(file)) {}
  [[nodiscard]] Result<void> check(const std::string& path, bool any_owner) const;
  [[nodiscard]] Result<void> hide(const std::string& path) const;
  [[nodiscard]] Result<bool> begin() const;

  UniqueFd file_;
};

// Where the slots begin.
constexpr std::uint64_t kSlotsBegin = 4096;

}  // namespace danesmtp
