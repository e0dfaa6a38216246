# SPDX-License-Identifier: GPL-2.0-or-later
# install_by_rename(TARGET DIRECTORY): installs a library that processes may have open, or open at any
# moment: into a directory beside it first, then each file takes its place by rename(2). A process
# sees the old file or the new one, whole, and never has what it runs changed beneath it.
function(install_by_rename target directory)
  set(new .danesmtp-new)
  install(TARGETS ${target} LIBRARY DESTINATION ${directory}/${new})
  install(CODE "
    set(place \"${directory}\")
    if(NOT IS_ABSOLUTE \"\${place}\")
      set(place \"\${CMAKE_INSTALL_PREFIX}/\${place}\")
    endif()
    set(here \"\$ENV{DESTDIR}\${place}\")
    file(RENAME \"\${here}/${new}/$<TARGET_FILE_NAME:${target}>\" \"\${here}/$<TARGET_FILE_NAME:${target}>\")
    file(REMOVE_RECURSE \"\${here}/${new}\")
    list(TRANSFORM CMAKE_INSTALL_MANIFEST_FILES REPLACE \"/${new}/\" \"/\")")
endfunction()
