// SPDX-License-Identifier: GPL-2.0-or-later
// What one process found out, for those that come after it: octets under a key, until a time. It
// may forget anything at any moment and answers nothing then, so whatever is wrong with it costs
// time and nothing else. What an entry says, and who may have it, is its user's matter: the key has
// to tell apart all that must not be mixed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/bytes.h"

namespace danesmtp {

// Where an entry has its place: many short ones, or few long ones.
enum class Shelf : std::uint8_t { Answers = 1, Sessions = 2 };

struct Kept {
  Bytes value;
  std::chrono::seconds left{};  // of the time that it was kept for; more than none
};

class Store {
 public:
  virtual ~Store() = default;
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] virtual std::optional<Kept> find(Shelf shelf, ByteView key) = 0;

  // As find(), and no other process gets this one.
  [[nodiscard]] virtual std::optional<Kept> take(Shelf shelf, ByteView key) = 0;

  // Replaces what is under the key. What is too long for the shelf is not kept, nor anything for
  // more than two hours.
  virtual void keep(Shelf shelf, ByteView key, ByteView value, std::chrono::seconds time) = 0;
};

// Keeps nothing.
class NoStore final : public Store {
 public:
  [[nodiscard]] std::optional<Kept> find(Shelf, ByteView) override { return std::nullopt; }
  [[nodiscard]] std::optional<Kept> take(Shelf, ByteView) override { return std::nullopt; }
  void keep(Shelf, ByteView, ByteView, std::chrono::seconds) override {}
};

}  // namespace danesmtp
