// SPDX-License-Identifier: GPL-2.0-or-later
// DER as a tree that can be bent and written again: a length that is false, or not in its shortest
// form, a tag changed, elements moved, doubled, wrapped or left out. The lengths around a bend are
// put right, so that it is met deep inside. ITU-T X.690 8.1.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>
#include <vector>

#include "core/bytes.h"

namespace danesmtp::fuzz {

enum class LengthForm { Shortest, OneOctetMore, Indefinite };

struct Node {
  std::uint8_t tag = 0;
  Bytes prefix{};  // contents before the children: a BIT STRING's count of unused bits, or a value
  std::vector<Node> children{};
  LengthForm form = LengthForm::Shortest;
  std::optional<std::size_t> false_length{};
};

constexpr int kDeepest = 12;

inline std::optional<std::vector<Node>> parse_nodes(ByteView octets, int depth);

inline Node parse_contents(std::uint8_t tag, ByteView contents, int depth) {
  Node node{tag};
  const bool bits = tag == 0x03 || tag == 0x81 || tag == 0x82;
  const bool holds = (tag & 0x20U) != 0 || tag == 0x04 || bits;
  const std::size_t skipped = bits && !contents.empty() ? 1 : 0;
  auto children = holds ? parse_nodes(contents.subspan(skipped), depth + 1) : std::nullopt;
  const ByteView prefix = children ? contents.first(skipped) : contents;
  node.prefix.assign(prefix.begin(), prefix.end());
  if (children) node.children = std::move(*children);
  return node;
}

inline std::optional<std::vector<Node>> parse_nodes(ByteView octets, int depth) {
  std::vector<Node> nodes;
  while (depth < kDeepest && octets.size() >= 2) {
    std::size_t length = octets[1], header = 2;
    if (length >= 0x80) {
      std::size_t count = length & 0x7fU;
      if (count == 0 || count > 3 || octets.size() < 2 + count) return std::nullopt;
      for (length = 0; count > 0; --count) length = length << 8 | octets[header++];
    }
    if (length > octets.size() - header) return std::nullopt;
    nodes.push_back(parse_contents(octets[0], octets.subspan(header, length), depth));
    octets = octets.subspan(header + length);
  }
  if (!octets.empty()) return std::nullopt;
  return nodes;
}

// Where an element stands in what was written.
struct Place {
  Node* node;
  std::size_t start, contents, children, end;
};

inline void write_length(Bytes& out, const Node& node, std::size_t length) {
  length = node.false_length.value_or(length);
  if (node.form == LengthForm::Indefinite) return out.push_back(0x80);
  Bytes digits;
  for (std::size_t rest = length; rest != 0; rest >>= 8)
    digits.insert(digits.begin(), static_cast<std::uint8_t>(rest));
  if (digits.empty() || node.form == LengthForm::OneOctetMore) {
    if (length >= 0x80 || digits.empty()) digits.insert(digits.begin(), 0);
  } else if (length < 0x80) {
    return out.push_back(static_cast<std::uint8_t>(length));
  }
  if (digits.size() == 1 && length == 0 && node.form == LengthForm::Shortest)
    return out.push_back(0);
  out.push_back(static_cast<std::uint8_t>(0x80 | digits.size()));
  out.insert(out.end(), digits.begin(), digits.end());
}

inline Bytes written(std::vector<Node>& nodes, std::vector<Place>& places) {
  Bytes out;
  for (auto& node : nodes) {
    const std::size_t first = places.size();
    const std::size_t start = out.size();
    places.push_back({&node, 0, 0, 0, 0});
    Bytes inner = written(node.children, places);
    out.push_back(node.tag);
    write_length(out, node, node.prefix.size() + inner.size());
    const std::size_t contents = out.size();
    out.insert(out.end(), node.prefix.begin(), node.prefix.end());
    const std::size_t children = out.size();
    out.insert(out.end(), inner.begin(), inner.end());
    if (node.form == LengthForm::Indefinite) out.insert(out.end(), 2, 0);
    for (std::size_t i = first + 1; i < places.size(); ++i) {
      auto& place = places[i];
      for (auto* at : {&place.start, &place.contents, &place.children, &place.end}) *at += children;
    }
    places[first] = {&node, start, contents, children, out.size()};
  }
  return out;
}

class Bender {
 public:
  explicit Bender(unsigned seed) : random_(seed) {}

  void bend(std::vector<Node>& nodes, std::vector<Node>& donor) {
    do bend_once(nodes, donor);
    while (below(3) == 0);
  }

 private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  template <class T>
  T& one_of(std::vector<T>& from) {
    return from[below(from.size())];
  }

  // Explicit tags, which have a length inside a length, come up most.
  Place& pick(std::vector<Place>& places) {
    std::vector<Place*> tagged;
    for (auto& place : places)
      if ((place.node->tag & 0xe0U) == 0xa0) tagged.push_back(&place);
    return !tagged.empty() && below(2) == 0 ? *one_of(tagged) : one_of(places);
  }

  // The length says that the element ends where another begins or ends; often where the elements
  // begin that a string holds, for a reader of that string sees nothing of them.
  void lie(std::vector<Place>& places) {
    auto& place = pick(places);
    std::vector<std::size_t> ends, held;
    for (const auto& other : places) {
      if (other.start < place.contents) continue;
      ends.insert(ends.end(), {other.start, other.contents, other.end});
      if (other.children != other.contents && !other.node->children.empty())
        held.push_back(other.children);
    }
    if (!held.empty() && below(3) == 0) ends = held;
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    place.node->false_length =
        ends.empty() ? below(place.end - place.contents + 3) : one_of(ends) - place.contents;
  }

  // Some elements that stand side by side, perhaps wrapped up in another.
  std::vector<Node> some_of(std::vector<Place>& places) {
    auto& siblings = pick(places).node->children;
    if (siblings.empty()) return {Node{0x05}};
    const std::size_t from = below(siblings.size());
    const std::size_t count = 1 + below(siblings.size() - from);
    std::vector<Node> taken(siblings.begin() + static_cast<long>(from),
                            siblings.begin() + static_cast<long>(from + count));
    constexpr std::uint8_t kWrappers[] = {0x81, 0x82, 0xa3, 0xa0, 0x30, 0x04, 0x03, 0xa1};
    if (below(2) == 0) return taken;
    Node wrapped{kWrappers[below(std::size(kWrappers))]};
    if (wrapped.tag == 0x81 || wrapped.tag == 0x82 || wrapped.tag == 0x03) wrapped.prefix = {0};
    wrapped.children = std::move(taken);
    return {std::move(wrapped)};
  }

  void insert(Node& parent, std::vector<Node> nodes) {
    const auto at = static_cast<long>(below(parent.children.size() + 1));
    parent.children.insert(parent.children.begin() + at, nodes.begin(), nodes.end());
  }

  void rearrange(std::vector<Node>& siblings) {
    if (siblings.empty()) return;
    const std::size_t a = below(siblings.size()), b = below(siblings.size());
    switch (below(3)) {
      case 0:
        return std::swap(siblings[a], siblings[b]);
      case 1:
        siblings.erase(siblings.begin() + static_cast<long>(a));
        return;
      default:
        siblings.insert(siblings.begin() + static_cast<long>(b), Node(siblings[a]));
    }
  }

  void change_value(Node& node) {
    if (node.prefix.empty() || below(4) == 0) {
      node.prefix.push_back(static_cast<std::uint8_t>(below(256)));
    } else if (below(4) == 0) {
      node.prefix.pop_back();
    } else {
      node.prefix[below(node.prefix.size())] = static_cast<std::uint8_t>(below(256));
    }
  }

  void change_tag(Node& node) {
    constexpr std::uint8_t kTags[] = {0x02, 0x03, 0x04, 0x05, 0x06, 0x17, 0x18, 0x30, 0x31, 0x80,
                                      0x81, 0x82, 0x83, 0xa0, 0xa1, 0xa2, 0xa3, 0x00, 0x1f, 0xbf};
    node.tag = below(2) == 0 ? kTags[below(std::size(kTags))]
                             : static_cast<std::uint8_t>(node.tag ^ 1U << below(8));
  }

  void bend_once(std::vector<Node>& nodes, std::vector<Node>& donor) {
    std::vector<Place> places, donors;
    written(nodes, places);
    written(donor, donors);
    if (places.empty() || donors.empty()) return;
    Node& node = *pick(places).node;
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
        return lie(places);
      case 3:
        return insert(node, some_of(donors));
      case 4:
        return rearrange(node.children);
      case 5:
        return change_tag(node);
      case 6:
        node.form = below(2) == 0 ? LengthForm::OneOctetMore : LengthForm::Indefinite;
        return;
      case 7:
        if (!node.children.empty()) one_of(node.children) = some_of(donors).front();
        return;
      case 8:
        return insert(node, {Node{static_cast<std::uint8_t>(below(2) * 5)}});
      default:
        return change_value(node);
    }
  }

  std::minstd_rand random_;
};

// `octets` with some bends; parts that come in are taken from `donor`. What is no DER gets one
// octet changed.
inline Bytes bent(ByteView octets, ByteView donor, unsigned seed) {
  auto nodes = parse_nodes(octets, 0);
  auto others = parse_nodes(donor, 0);
  if (nodes && others) {
    Bender(seed).bend(*nodes, *others);
    std::vector<Place> places;
    return written(*nodes, places);
  }
  Bytes changed(octets.begin(), octets.end());
  std::minstd_rand random(seed);
  if (!changed.empty()) changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
  return changed;
}

inline std::size_t put_tree(const Bytes& octets, std::uint8_t* into, std::size_t limit) {
  const std::size_t size = std::min(octets.size(), limit);
  if (size > 0) std::memcpy(into, octets.data(), size);
  return size;
}

}  // namespace danesmtp::fuzz
