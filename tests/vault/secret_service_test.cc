// What needs no service. The rest is tested with a real one: tests/scripts/secret_service.py.

#include "vault/secret_service.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace phantom {
namespace {

class SecretServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"}) {
      if (const char* value = std::getenv(name)) kept_.emplace_back(name, value);
    }
  }
  void TearDown() override {
    ::unsetenv("DBUS_SESSION_BUS_ADDRESS");
    for (const auto& [name, value] : kept_) ::setenv(name.c_str(), value.c_str(), 1);
  }
  std::vector<std::pair<std::string, std::string>> kept_;
};

TEST_F(SecretServiceTest, WithoutTheLibraryItSaysWhatToInstall) {
  ::setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
  SecretService service("libsecret-nosuch.so.0");
  const auto found = service.find({KeyLabel::Kind::kVaultKey, "demo", "00"});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Code::kUnsupported);
  EXPECT_NE(found.error().message.find("libsecret-nosuch.so.0"), std::string::npos);
  EXPECT_NE(found.error().hint.find("libsecret-1-0"), std::string::npos);
  EXPECT_EQ(
      service.store({KeyLabel::Kind::kVaultKey, "demo", "00"}, SecretBytes::zeros(32)).error().code,
      Code::kUnsupported);
}

TEST_F(SecretServiceTest, ALibraryThatIsSomethingElseIsNotUsed) {
  ::setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
  SecretService service("libc.so.6");
  EXPECT_EQ(service.forget({KeyLabel::Kind::kVaultKey, "demo", "00"}).error().code,
            Code::kUnsupported);
}

TEST_F(SecretServiceTest, WithoutASessionBusNoneIsStarted) {
  ::unsetenv("DBUS_SESSION_BUS_ADDRESS");
  ::setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
  SecretService service;
  const auto found = service.find({KeyLabel::Kind::kKeptRoot, "demo", "00"});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Code::kNotFound);
  EXPECT_NE(found.error().message.find("session bus"), std::string::npos);
}

}  // namespace
}  // namespace phantom
