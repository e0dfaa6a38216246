// SPDX-License-Identifier: GPL-2.0-or-later
// Distance: octets that are missing, too many, wrong, or two that changed places; case does not
// count.
#include "did_you_mean.h"

#include <algorithm>
#include <cctype>

namespace danesmtp::tool {
namespace {

constexpr std::size_t kNear = 2;
constexpr std::size_t kLongest = 40;  // no command and no option is longer

bool same(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> steps(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        steps[i][j] = i + j;
        continue;
      }
      steps[i][j] = std::min({steps[i - 1][j] + 1, steps[i][j - 1] + 1,
                              steps[i - 1][j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1)});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
        steps[i][j] = std::min(steps[i][j], steps[i - 2][j - 2] + 1);
    }
  return steps[a.size()][b.size()];
}

}  // namespace

std::string nearest_word(const std::string& word, const std::vector<std::string>& known) {
  std::string nearest;
  std::size_t least = std::min(kNear, word.size() / 2) + 1;
  if (word.size() > kLongest) return nearest;
  for (const auto& one : known) {
    const std::size_t steps = distance(word, one);
    if (steps < least) nearest = one;
    least = std::min(least, steps);
  }
  return nearest;
}

}  // namespace danesmtp::tool
