// SPDX-License-Identifier: GPL-2.0-or-later
// What would be said by every delivery is said once an hour. The stamp is the age of a file;
// where that cannot be kept nothing is said, since then nothing could hold it back.
#pragma once

#include <string>

namespace danesmtp {

// True: nobody has asked with this file for an hour, and now somebody has.
bool first_this_hour(const std::string& stamp_file);

}  // namespace danesmtp
