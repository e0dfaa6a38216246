# SPDX-License-Identifier: GPL-2.0-or-later
# danesmtp_room(NAME USES [ROOM ...] [PACKAGES [TARGET ...]] [SOURCES [FILE ...]]): a room of module/
# and the rooms below it that it may use, as in the table of module/README.md. The rooms share one root
# of includes, so it is tests/docs/floors.py that keeps them to it.
function(danesmtp_room name)
  cmake_parse_arguments(PARSE_ARGV 1 room "" "" "USES;PACKAGES;SOURCES")
  list(TRANSFORM room_USES PREPEND danesmtp_room_)
  set(kind STATIC)
  set(scope PUBLIC)
  if(NOT room_SOURCES)
    set(kind INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(danesmtp_room_${name} ${kind} ${room_SOURCES})
  target_include_directories(danesmtp_room_${name} ${scope} ${PROJECT_SOURCE_DIR}/module)
  target_link_libraries(danesmtp_room_${name} ${scope} danesmtp_flags tl::expected ${room_PACKAGES} ${room_USES})
endfunction()
