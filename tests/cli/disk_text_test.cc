#include "cli/disk_text.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

TEST(DiskText, BytesHaveAUnitAPersonReads) {
  EXPECT_EQ(bytes_text(0), "0 bytes");
  EXPECT_EQ(bytes_text(1'023), "1023 bytes");
  EXPECT_EQ(bytes_text(1'024), "1.0 KiB");
  EXPECT_EQ(bytes_text(1'536), "1.5 KiB");
  EXPECT_EQ(bytes_text(5 * 1'024 * 1'024 + 100'000), "5.1 MiB");
  EXPECT_EQ(bytes_text(std::uint64_t{3'000} << 30), "3000.0 GiB");
}

TEST(DiskText, LinesSayWhatTheyCount) {
  DiskReport report;
  report.usage = {1'024, 512, 512, 7};
  EXPECT_EQ(disk_line(report), "2.0 KiB: 1.0 KiB tables, 512 bytes logs");
  EXPECT_EQ(entries_line(report), "");
  report.entry_bytes = 6'963;
  EXPECT_EQ(entries_line(report), "6.8 KiB in entries, 3.4 times what is on disk");
}

}  // namespace
}  // namespace phantom
