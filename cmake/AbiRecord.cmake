# SPDX-License-Identifier: GPL-2.0-or-later
# Ends the build where the facts in the file FACTS, about the Exim in the folder EXIM, are those of no file in the
# folder RECORDS.
file(READ ${FACTS} facts)
file(GLOB records ${RECORDS}/*)
foreach(record ${records})
  file(READ ${record} recorded)
  if(recorded STREQUAL facts)
    return()
  endif()
endforeach()
string(REGEX MATCH "^Exim [^\n]+" version "${facts}")
message(FATAL_ERROR "The structures of ${version} in ${EXIM}, as it was configured, are not on record. "
                    "After\n    scripts/record-abi ${EXIM} NAME\n"
                    "they are, as compat/abi/VERSION-NAME; then run the tests with it (compat/README.md).")
