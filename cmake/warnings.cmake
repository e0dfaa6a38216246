# SPDX-License-Identifier: GPL-2.0-or-later
# Warnings, hardening, sanitizers and counters: one interface target that all of ours link.
add_library(danesmtp_flags INTERFACE)
target_compile_options(danesmtp_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnull-dereference
  -fstack-protector-strong
  # The counters of scripts/coverage name their sources by path.
  $<$<NOT:$<BOOL:${DANESMTP_COVERAGE}>>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.>
  $<$<COMPILE_LANGUAGE:CXX>:-Wswitch-enum -Wnon-virtual-dtor -Wold-style-cast>)
target_compile_definitions(danesmtp_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:_GLIBCXX_ASSERTIONS>)
target_link_options(danesmtp_flags INTERFACE -Wl,-z,relro,-z,now)
if(DANESMTP_WERROR)
  target_compile_options(danesmtp_flags INTERFACE -Werror)
endif()
if(DANESMTP_COVERAGE)
  target_compile_options(danesmtp_flags INTERFACE --coverage -fprofile-update=prefer-atomic)
  add_library(danesmtp_counted_exit STATIC ${CMAKE_CURRENT_LIST_DIR}/counted_exit.c)
  target_link_libraries(danesmtp_flags INTERFACE danesmtp_counted_exit)
  target_link_options(danesmtp_flags INTERFACE --coverage -Wl,--wrap=_exit,--undefined=__wrap__exit)
endif()
if(DANESMTP_SANITIZE)
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_compile_options(danesmtp_flags INTERFACE ${sanitizers})
  target_link_options(danesmtp_flags INTERFACE ${sanitizers})
  if(DANESMTP_FUZZ)
    target_compile_options(danesmtp_flags INTERFACE -fsanitize=fuzzer-no-link)
  endif()
endif()
# Whoever builds packages says it by CFLAGS, and at another level perhaps.
set(danesmtp_fortify "")
if(NOT DANESMTP_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug"
   AND NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "_FORTIFY_SOURCE")
  set(danesmtp_fortify -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
target_compile_options(danesmtp_flags INTERFACE ${danesmtp_fortify})
