# phantom_schema(<folder> <.fbs files>): compiles the event schema to C++ headers, reachable as
# "schema/<name>_generated.h", with the binary schema of each embedded in "schema/<name>_bfbs_generated.h".
#
# phantom_event_tables(<events.fbs>): "schema/event_tables.inc", a line PH_EVENT_TABLE(<number>, <table>)
# for each event type. Call it before phantom_schema.

find_program(FLATC flatc REQUIRED)

set(PHANTOM_SCHEMA_OUT ${PROJECT_BINARY_DIR}/schema_include/schema)

function(phantom_event_tables schema)
  set(out ${PHANTOM_SCHEMA_OUT}/event_tables.inc)
  set(script ${PROJECT_SOURCE_DIR}/tools/cmake/event_tables.cmake)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DSCHEMA=${PROJECT_SOURCE_DIR}/${schema} -DOUT=${out} -P ${script}
    DEPENDS ${PROJECT_SOURCE_DIR}/${schema} ${script} VERBATIM)
  add_custom_target(phantom_event_tables_generate DEPENDS ${out})
endfunction()

function(phantom_schema folder)
  set(out ${PHANTOM_SCHEMA_OUT})
  file(MAKE_DIRECTORY ${out})
  set(generated "")
  foreach(schema IN LISTS ARGN)
    get_filename_component(stem ${schema} NAME_WE)
    add_custom_command(
      OUTPUT ${out}/${stem}_generated.h ${out}/${stem}_bfbs_generated.h
      COMMAND ${FLATC} --cpp --scoped-enums --gen-name-strings --cpp-std c++17
              --bfbs-gen-embed --bfbs-comments --bfbs-builtins -o ${out} ${PROJECT_SOURCE_DIR}/${schema}
      DEPENDS ${PROJECT_SOURCE_DIR}/${schema} VERBATIM)
    list(APPEND generated ${out}/${stem}_generated.h)
  endforeach()
  add_custom_target(phantom_schema_generate DEPENDS ${generated})
  add_library(phantom_schema_headers INTERFACE)
  target_include_directories(phantom_schema_headers SYSTEM INTERFACE ${PROJECT_BINARY_DIR}/schema_include)
  add_dependencies(phantom_schema_headers phantom_schema_generate phantom_event_tables_generate)
endfunction()
