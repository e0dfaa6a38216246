// SPDX-License-Identifier: GPL-2.0-or-later
// The store in a file that all delivery processes share (doc/decisions/0017). Nothing is opened
// before the first use, nothing waits for another process, and no entry needs another one: a
// process that is killed at any point leaves at worst a slot that is none.
#pragma once

#include <functional>
#include <string>

#include "cache/cache_file.h"
#include "cache/moment.h"
#include "cache/store.h"

namespace danesmtp {

class FileStore final : public Store {
 public:
  using Note = std::function<void(const std::string&)>;

  // `path` empty: nothing is kept. `note` is told, once, why the file cannot be used.
  FileStore(std::string path, Note note) : path_(std::move(path)), note_(std::move(note)) {}

  [[nodiscard]] std::optional<Kept> find(Shelf shelf, ByteView key) override;
  [[nodiscard]] std::optional<Kept> take(Shelf shelf, ByteView key) override;
  void keep(Shelf shelf, ByteView key, ByteView value, std::chrono::seconds time) override;

 private:
  // The file, and the time of this call; nothing: it cannot be used.
  [[nodiscard]] std::optional<Moment> ready();

  std::string path_;
  Note note_;
  std::optional<CacheFile> file_;
};

}  // namespace danesmtp
