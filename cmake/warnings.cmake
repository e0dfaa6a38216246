# SPDX-License-Identifier: GPL-2.0-or-later
# Warnings, hardening, sanitizers and counters: one interface target that all of ours link.
include(CheckCXXCompilerFlag)

# danesmtp_harden(FLAG NAME): adds the flag to danesmtp_hardening where the compiler knows it, unless whoever
# builds packages has said something of that name, for or against (doc/decisions/0042).
function(danesmtp_harden flag name)
  string(MAKE_C_IDENTIFIER "DANESMTP_HAS${flag}" known)
  check_cxx_compiler_flag(${flag} ${known})
  if(${known} AND NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "${name}")
    list(APPEND danesmtp_hardening ${flag})
    set(danesmtp_hardening ${danesmtp_hardening} PARENT_SCOPE)
  endif()
endfunction()
set(danesmtp_hardening "")
danesmtp_harden(-fstack-protector-strong stack-protector)
danesmtp_harden(-fstack-clash-protection stack-clash-protection)
danesmtp_harden(-fcf-protection cf-protection) # marks of where a call may lead, on x86

add_library(danesmtp_flags INTERFACE)
target_compile_options(danesmtp_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnull-dereference
  ${danesmtp_hardening}
  # The counters of scripts/coverage name their sources by path.
  $<$<NOT:$<BOOL:${DANESMTP_COVERAGE}>>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.>
  $<$<COMPILE_LANGUAGE:CXX>:-Wswitch-enum -Wnon-virtual-dtor -Wold-style-cast>)
if(NOT CMAKE_CXX_FLAGS MATCHES "_GLIBCXX_ASSERTIONS")
  target_compile_definitions(danesmtp_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:_GLIBCXX_ASSERTIONS>)
endif()
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
set(sanitizers "")
if(DANESMTP_SANITIZE STREQUAL "address")
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
elseif(DANESMTP_SANITIZE STREQUAL "thread")
  set(sanitizers -fsanitize=thread -fno-omit-frame-pointer)
endif()
if(sanitizers)
  target_compile_options(danesmtp_flags INTERFACE ${sanitizers})
  target_link_options(danesmtp_flags INTERFACE ${sanitizers})
endif()
if(DANESMTP_FUZZ)
  target_compile_options(danesmtp_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
# Of a library that Exim opens. The sanitizers' own is linked with the shared one, and has to know its types.
set(danesmtp_own_runtime -static-libgcc -static-libstdc++)
if(DANESMTP_SANITIZE)
  set(danesmtp_own_runtime "")
endif()
# Whoever builds packages says it by CFLAGS, and at another level perhaps.
set(danesmtp_fortify "")
if(NOT DANESMTP_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug"
   AND NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "_FORTIFY_SOURCE")
  set(danesmtp_fortify -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
target_compile_options(danesmtp_flags INTERFACE ${danesmtp_fortify})
