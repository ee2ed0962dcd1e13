# cmake -DSCHEMA=<events.fbs> -DOUT=<file> -P event_tables.cmake
#
# Writes a line PH_EVENT_TABLE(<number>, <table>) for each table of the schema that has a number.

cmake_minimum_required(VERSION 3.25)

file(READ ${SCHEMA} text)
string(REGEX REPLACE "//[^\n]*" "" text "${text}")
# Brackets and semicolons are list syntax to CMake; none stands inside what is searched for.
string(REGEX REPLACE "[][;]" " " text "${text}")
string(REGEX MATCHALL "table[ \n]+[A-Za-z0-9_]+[ \n]*\\([^)]*\\)" declarations "${text}")

set(lines "")
foreach(declaration IN LISTS declarations)
  if(declaration MATCHES "table[ \n]+([A-Za-z0-9_]+)[ \n]*\\(.*no:[ \n]*\"([0-9]+)\"")
    string(APPEND lines "PH_EVENT_TABLE(${CMAKE_MATCH_2}, ${CMAKE_MATCH_1})\n")
  endif()
endforeach()
if(lines STREQUAL "")
  message(FATAL_ERROR "${SCHEMA}: no table with a number")
endif()
file(WRITE ${OUT} "${lines}")
