// SPDX-License-Identifier: GPL-2.0-or-later
// The words of a line, for the readers of small languages: replies, resolv.conf, cipher lists,
// records.
#pragma once

#include <string_view>
#include <vector>

namespace danesmtp {

// None of them is empty; they are parts of the text. Any character of separators ends a word.
std::vector<std::string_view> words_of(std::string_view text, std::string_view separators = " \t");

// The first of them, which is taken off the text; empty if there is none.
std::string_view take_word(std::string_view& text, std::string_view separators = " \t");

// Without blanks at its ends.
std::string_view trimmed(std::string_view text, std::string_view blanks = " \t");

}  // namespace danesmtp
