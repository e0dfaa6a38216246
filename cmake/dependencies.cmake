# SPDX-License-Identifier: GPL-2.0-or-later
find_package(PkgConfig REQUIRED)
pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls>=3.7.4)
pkg_check_modules(UNBOUND REQUIRED IMPORTED_TARGET libunbound>=1.13)
pkg_check_modules(IDN2 REQUIRED IMPORTED_TARGET libidn2)
find_package(tl-expected REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
