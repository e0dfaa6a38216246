// SPDX-License-Identifier: GPL-2.0-or-later
// An input that is a few octets of choice and then steps, each an octet that says what is done and
// a piece (fuzz_support.h); and how such an input is changed: by whole steps, and by words that
// matter in a piece, so that what comes out is still a list of steps.
#pragma once

#include <algorithm>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "fuzz/fuzz_support.h"

namespace danesmtp::fuzz {

struct Step {
  std::uint8_t what = 0;
  Bytes piece{};
};

inline std::vector<Step> steps_of(Input input) {
  std::vector<Step> steps;
  while (!input.empty()) {
    const std::uint8_t what = input.octet();
    const auto piece = input.piece();
    steps.push_back({what, {piece.begin(), piece.end()}});
  }
  return steps;
}

class StepChanger {
 public:
  StepChanger(std::size_t head, std::span<const std::string_view> words, unsigned seed)
      : head_(head), words_(words), random_(seed) {}

  // Another input; some steps are the donor's.
  Bytes changed(ByteView octets, ByteView donor) {
    Bytes head(octets.begin(), octets.begin() + static_cast<long>(std::min(head_, octets.size())));
    head.resize(head_);
    auto steps = steps_of(Input(octets.subspan(std::min(head_, octets.size()))));
    const auto others = steps_of(Input(donor.subspan(std::min(head_, donor.size()))));
    do change(head, steps, others);
    while (below(3) == 0);
    return written(std::move(head), steps);
  }

 private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void change(Bytes& head, std::vector<Step>& steps, const std::vector<Step>& others) {
    const std::size_t at = below(steps.size());
    switch (below(8)) {
      case 0:
        head[below(head.size())] = static_cast<std::uint8_t>(below(256));
        return;
      case 1:
        if (!others.empty()) insert(steps, others[below(others.size())]);
        return;
      case 2:
        insert(steps, {static_cast<std::uint8_t>(below(256)), word()});
        return;
      default:
        if (!steps.empty()) change_one(steps, at);
    }
  }

  void change_one(std::vector<Step>& steps, std::size_t at) {
    switch (below(6)) {
      case 0:
        steps.erase(steps.begin() + static_cast<long>(at));
        return;
      case 1:
        return std::swap(steps[at], steps[below(steps.size())]);
      case 2:
        steps[at].what = static_cast<std::uint8_t>(below(256));
        return;
      case 3:
        steps[at].piece = word();
        return;
      default:
        change_piece(steps[at].piece);
    }
  }

  void insert(std::vector<Step>& steps, Step step) {
    steps.insert(steps.begin() + static_cast<long>(below(steps.size() + 1)), std::move(step));
  }

  Bytes word() {
    const auto chosen = words_[below(words_.size())];
    return {chosen.begin(), chosen.end()};
  }

  void change_piece(Bytes& piece) {
    const auto at = piece.begin() + static_cast<long>(below(piece.size() + 1));
    switch (below(4)) {
      case 0: {
        const auto more = word();
        piece.insert(at, more.begin(), more.end());
        return;
      }
      case 1:
        piece.erase(at, piece.end());
        return;
      case 2:
        piece.insert(at, static_cast<std::uint8_t>(below(256)));
        return;
      default:
        if (at != piece.end()) *at = static_cast<std::uint8_t>(below(256));
    }
  }

  static Bytes written(Bytes out, const std::vector<Step>& steps) {
    for (const auto& step : steps) {
      out.push_back(step.what);
      append_number(out, step.piece.size(), 2);
      out.insert(out.end(), step.piece.begin(), step.piece.end());
    }
    return out;
  }

  std::size_t head_;
  std::span<const std::string_view> words_;
  std::minstd_rand random_;
};

// What a target of steps says of itself, for step_mutator.cpp, which is linked with it: the octets
// before the first step, and words that its steps can be made of.
struct StepTarget {
  std::size_t head;
  std::span<const std::string_view> words;
};
extern const StepTarget kStepTarget;

}  // namespace danesmtp::fuzz
