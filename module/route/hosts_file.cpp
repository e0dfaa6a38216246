// SPDX-License-Identifier: GPL-2.0-or-later
#include "route/hosts_file.h"

#include <strings.h>

#include <fstream>
#include <sstream>

namespace danesmtp {

bool hosts_file_has(const std::string& path, const std::string& name, const std::string& address) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string word;
    if (!(words >> word) || strcasecmp(word.c_str(), address.c_str()) != 0) continue;
    while (words >> word)
      if (strcasecmp(word.c_str(), name.c_str()) == 0) return true;
  }
  return false;
}

}  // namespace danesmtp
