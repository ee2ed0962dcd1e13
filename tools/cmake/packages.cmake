# Outside packages, by their Debian names. Everything but glibc is linked statically: phantom is
# called from hooks and prompts all day, and loading shared RocksDB and OpenSSL costs 8 ms a start.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
set(OPENSSL_USE_STATIC_LIBS ON)
find_package(OpenSSL REQUIRED)
find_package(FlatBuffers REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(RocksDB CONFIG REQUIRED)
pkg_check_modules(TOMLPP REQUIRED IMPORTED_TARGET tomlplusplus)

function(phantom_static_library target)
  cmake_parse_arguments(A "" "" "ARCHIVES;LIBS" ${ARGN})
  add_library(${target} INTERFACE)
  foreach(archive IN LISTS A_ARCHIVES)
    find_library(${target}_${archive} NAMES lib${archive}.a REQUIRED)
    target_link_libraries(${target} INTERFACE ${${target}_${archive}})
  endforeach()
  target_link_libraries(${target} INTERFACE ${A_LIBS} Threads::Threads)
endfunction()

phantom_static_library(flatbuffers_static ARCHIVES flatbuffers)
phantom_static_library(sodium_static ARCHIVES sodium)
phantom_static_library(boost_json ARCHIVES boost_json)
phantom_static_library(boost_url ARCHIVES boost_url)
phantom_static_library(sqlite_static ARCHIVES sqlite3 LIBS dl m)
phantom_static_library(rocksdb_static ARCHIVES rocksdb gflags snappy z bz2 lz4 zstd LIBS dl)

# Debian's compiled spdlog and fmt are shared only; one file uses them, so it takes the headers.
find_package(spdlog REQUIRED)
add_library(spdlog_static INTERFACE)
target_compile_definitions(spdlog_static INTERFACE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)

# tomlplusplus is used header only in the one file that reads configuration.
add_library(tomlplusplus INTERFACE)
target_compile_definitions(tomlplusplus INTERFACE TOML_HEADER_ONLY=1 TOML_EXCEPTIONS=0)

# libsecret is opened at run time, never linked: most commands have no use for it.
pkg_check_modules(LIBSECRET REQUIRED libsecret-1)
add_library(libsecret_headers INTERFACE)
target_include_directories(libsecret_headers SYSTEM INTERFACE ${LIBSECRET_INCLUDE_DIRS})

add_library(phantom_flags INTERFACE)
target_compile_options(phantom_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wcast-qual -Wformat=2 -Wduplicated-cond
  -Wlogical-op -Wimplicit-fallthrough -Wundef -Wextra-semi
  -Wno-missing-field-initializers  # members have default initialisers
  # At -O2 g++ 12 warns about code it made itself out of std::vector and std::optional.
  "$<$<CONFIG:Release>:-Wno-maybe-uninitialized;-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread;-Wno-restrict>"
  -fstack-protector-strong
  $<$<BOOL:${PHANTOM_WERROR}>:-Werror>)
target_compile_definitions(phantom_flags INTERFACE
  _GLIBCXX_ASSERTIONS BOOST_ASIO_NO_DEPRECATED
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
target_link_options(phantom_flags INTERFACE -static-libstdc++ -static-libgcc -Wl,-z,relro,-z,now)
