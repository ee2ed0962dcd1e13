# phantom_layer(<folder> USES <folders> LIBS <public libs> PRIVATE_LIBS <libs> OUTSIDE <rules>)
#
# Declares one folder: a static library of its sources (but those of programs, *main.cc), linked to exactly the folders it may use.
# Sources may include "<folder>/file.h" only of those folders; the include check reads the same
# table from layers.json.

set(PHANTOM_LAYER_TABLE "" CACHE INTERNAL "")
set(PHANTOM_VIEW_ROOT ${PROJECT_BINARY_DIR}/view)

function(phantom_layer name)
  cmake_parse_arguments(A "" "" "USES;LIBS;PRIVATE_LIBS;OUTSIDE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${name}/*.cc)
  list(FILTER sources EXCLUDE REGEX "[/_]main\\.cc$")

  # A private view of the tree: a folder this layer may not use is a missing file to the compiler.
  set(view ${PHANTOM_VIEW_ROOT}/${name})
  file(MAKE_DIRECTORY ${view})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${name} ${view}/${name} SYMBOLIC)

  add_library(phantom_${name} STATIC ${sources})
  target_include_directories(phantom_${name} PUBLIC ${view})
  list(TRANSFORM A_USES PREPEND phantom_ OUTPUT_VARIABLE uses)
  target_link_libraries(phantom_${name} PUBLIC ${uses} ${A_LIBS} PRIVATE ${A_PRIVATE_LIBS} phantom_flags)
  target_link_options(phantom_${name} INTERFACE -static-libstdc++ -static-libgcc)
  target_compile_definitions(phantom_${name} PRIVATE PHANTOM_VERSION="${PROJECT_VERSION}")

  list(JOIN A_USES "\", \"" uses_json)
  list(JOIN A_OUTSIDE "\", \"" outside_json)
  string(REPLACE "\"\"" "" row "\"${name}\": {\"uses\": [\"${uses_json}\"], \"outside\": [\"${outside_json}\"]}")
  set(PHANTOM_LAYER_TABLE "${PHANTOM_LAYER_TABLE};${row}" CACHE INTERNAL "")
endfunction()

function(phantom_write_layer_table)
  list(REMOVE_ITEM PHANTOM_LAYER_TABLE "")
  list(JOIN PHANTOM_LAYER_TABLE ",\n  " rows)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/layers.json CONTENT "{\n  ${rows}\n}\n" @ONLY)
endfunction()
