# SPDX-License-Identifier: GPL-2.0-or-later
# The configured headers of the Exim that will load the module: EXIM_BUILD_DIR names its source tree
# or the build-* folder in it. Without one, what scripts/get-exim built is taken; without that, only
# the core and the tool are built.
#   EXIM_INCLUDE_DIR  the folder with config.h and exim.h
#   EXIM_MODULE_DIR   where that Exim looks for modules (LOOKUP_MODULE_DIR), unless set already
set(EXIM_BUILD_DIR "" CACHE PATH "Build tree of the Exim that will load the module")
set(EXIM_MODULE_DIR "" CACHE PATH "Where the module is installed (default: that Exim's own module folder)")

set(exim_places ${EXIM_BUILD_DIR})
if(NOT EXIM_BUILD_DIR)
  set(exim_places ${PROJECT_SOURCE_DIR}/build/exim/gnutls/tree)
endif()
file(GLOB exim_configs ${exim_places}/config.h ${exim_places}/build-*/config.h)
list(SORT exim_configs)
if(exim_configs)
  list(GET exim_configs 0 exim_config)
  get_filename_component(EXIM_INCLUDE_DIR ${exim_config} DIRECTORY)
elseif(EXIM_BUILD_DIR)
  message(FATAL_ERROR "EXIM_BUILD_DIR=${EXIM_BUILD_DIR}: no config.h there nor in a build-* folder; "
                      "scripts/exim-headers makes them of a source and its EDITME, scripts/get-exim builds one")
endif()

if(EXIM_INCLUDE_DIR AND NOT EXIM_MODULE_DIR)
  file(STRINGS ${EXIM_INCLUDE_DIR}/config.h exim_module_line REGEX "define[ \t]+LOOKUP_MODULE_DIR")
  if(NOT exim_module_line MATCHES "\"(.+)\"")
    message(FATAL_ERROR "the Exim in ${EXIM_INCLUDE_DIR} is built without LOOKUP_MODULE_DIR: it loads no modules")
  endif()
  set(EXIM_MODULE_DIR ${CMAKE_MATCH_1})
endif()
