#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""headers_alone tells of a header that lacks an include, unless a build of its own source would."""
import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path

from headers_alone import main

LACKS = "#pragma once\nstd::string text();\n"


class HeadersAlone(unittest.TestCase):
    def told(self, files):
        with tempfile.TemporaryDirectory() as top, contextlib.redirect_stdout(io.StringIO()) as said:
            for name, text in files.items():
                path = Path(top, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            status = main(Path(top), [sys.argv[1], "-std=c++20"])
        return status, [line.split()[0] for line in said.getvalue().splitlines()]

    def test_lacks_an_include(self):
        for name in ("module/dns/a.h", "tools/danesmtp/a.h", "tools/danesmtp/doctor/a.h"):
            self.assertEqual((1, [name]), self.told({name: LACKS}))
            self.assertEqual((0, []), self.told({name: "#include <string>\n" + LACKS}))

    def test_shown_by_the_build(self):
        """Also then it is another's business whether the source compiles; here it is not asked."""
        fine = {"module/dns/b.h": "#pragma once\n"}
        for first in ('#include "dns/a.h"\n', '// A line.\n#include "a.h"\n#include <string>\n'):
            self.assertEqual((0, []), self.told({**fine, "module/dns/a.h": LACKS, "module/dns/a.cpp": first}))

    def test_not_shown_by_it(self):
        for source in ('#include <string>\n\n#include "dns/a.h"\n', '#include "dns/b.h"\n#include "dns/a.h"\n',
                       '#include "net/a.h"\n', ""):
            self.assertEqual((1, ["module/dns/a.h"]), self.told({"module/dns/a.h": LACKS, "module/dns/a.cpp": source}))

    def test_no_header_at_all(self):
        self.assertEqual((True, []), self.told({"module/dns/a.cpp": ""}))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
