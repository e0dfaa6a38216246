// SPDX-License-Identifier: GPL-2.0-or-later
// A page that a program makes of what the code says: printed, or compared with the one that is
// there.
#pragma once

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

namespace danesmtp::docs {

// The program's exit status. With the page's path as the one argument it compares; without, it
// prints.
inline int print_or_compare(int argc, char** argv, const char* program, const std::string& page) {
  if (argc != 2) {
    std::cout << page;
    return 0;
  }
  std::ifstream file(argv[1]);
  std::stringstream content;
  content << file.rdbuf();
  if (content.str() == page) return 0;
  std::cerr << argv[1] << " is not what the code says; make it anew: " << program << " > "
            << argv[1] << "\n";
  return 1;
}

}  // namespace danesmtp::docs
