#include "tests/support/golden.h"

#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace phantom {
namespace {

std::filesystem::path golden_path(std::string_view name) {
  return std::filesystem::path(PHANTOM_TEST_SOURCE_DIR) / "tests/golden" / name;
}

}  // namespace

std::string read_golden(std::string_view name) { return read_text(golden_path(name)); }

void expect_golden(std::string_view name, std::string_view actual) {
  const char* update = std::getenv("PHANTOM_UPDATE_GOLDEN");
  if (update != nullptr && std::string_view(update) == "1") {
    write_text(golden_path(name), actual);
    return;
  }
  EXPECT_EQ(read_golden(name), actual)
      << "tests/golden/" << name << " differs; PHANTOM_UPDATE_GOLDEN=1 writes it anew";
}

}  // namespace phantom
