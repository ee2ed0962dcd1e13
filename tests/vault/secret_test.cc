#include "vault/secret.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace phantom {
namespace {

// The VmFlags of the mapping that holds an address.
std::string mapping_flags_of(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  bool inside = false;
  while (std::getline(maps, line)) {
    unsigned long begin = 0;
    unsigned long end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2 && line.find(':') > 10) {
      inside = wanted >= begin && wanted < end;
    } else if (inside && line.starts_with("VmFlags:")) {
      return line;
    }
  }
  return {};
}

TEST(SecretBytes, KeepsItsBytesAndComparesThem) {
  const SecretBytes secret = SecretBytes::copy_of("example-not-a-real-key-000");
  EXPECT_EQ(secret.size(), 26U);
  EXPECT_EQ(secret.text(), "example-not-a-real-key-000");
  EXPECT_TRUE(secret.equals(as_bytes("example-not-a-real-key-000")));
  EXPECT_FALSE(secret.equals(as_bytes("example-not-a-real-key-001")));
  EXPECT_FALSE(secret.equals(as_bytes("example-not-a-real-key-00")));
  EXPECT_TRUE(secret.equals(secret.clone()));
}

TEST(SecretBytes, EmptyNeedsNoMemory) {
  const SecretBytes empty;
  EXPECT_TRUE(empty.empty());
  EXPECT_EQ(empty.text(), "");
  EXPECT_TRUE(empty.equals(SecretBytes::zeros(0)));
  EXPECT_TRUE(empty.clone().empty());
}

TEST(SecretBytes, WhatIsMovedFromIsEmpty) {
  SecretBytes first = SecretBytes::copy_of("first");
  SecretBytes second = std::move(first);
  EXPECT_TRUE(first.empty());  // NOLINT: that is the contract
  EXPECT_EQ(first.view().data(), nullptr);
  second = SecretBytes::copy_of("second");
  EXPECT_EQ(second.text(), "second");
}

TEST(SecretBytes, ShrinkingWipesTheRest) {
  SecretBytes secret = SecretBytes::copy_of("abcdef");
  const std::uint8_t* memory = secret.view().data();
  secret.shrink(2);
  EXPECT_EQ(secret.text(), "ab");
  EXPECT_EQ(memory[2], 0);
  EXPECT_EQ(memory[5], 0);
}

TEST(SecretBytes, StaysOutOfCoreDumps) {
  const SecretBytes secret = SecretBytes::copy_of("example-not-a-real-key-000");
  const std::string flags = mapping_flags_of(secret.view().data());
  ASSERT_FALSE(flags.empty());
  EXPECT_NE(flags.find(" dd"), std::string::npos) << flags;
}

TEST(SecretBytes, WipeOverwritesOrdinaryMemory) {
  std::string text = "example-not-a-real-key-000";
  const char* memory = text.data();
  wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(memory[1], '\0');
  Bytes bytes = {1, 2, 3};
  wipe(bytes);
  EXPECT_EQ(bytes, (Bytes{0, 0, 0}));
}

TEST(HardenProcess, SwitchesDumpsOff) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    struct rlimit limit {};
    const bool done = harden_process().ok() && ::prctl(PR_GET_DUMPABLE) == 0 &&
                      ::getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0;
    ::_exit(done ? 0 : 1);
  }
  int state = 0;
  ASSERT_EQ(::waitpid(child, &state, 0), child);
  EXPECT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == 0);
}

}  // namespace
}  // namespace phantom
