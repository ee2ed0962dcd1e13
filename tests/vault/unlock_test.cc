#include "vault/unlock.h"

#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace phantom {
namespace {

namespace fs = std::filesystem;

class UnlockScript final : public UnlockInput {
 public:
  std::optional<SecretBytes> take_passphrase() override {
    ++taken;
    if (passphrase.empty()) return std::nullopt;
    return SecretBytes::copy_of(passphrase);
  }
  std::optional<fs::path> key_file() override { return file; }
  Result<SecretBytes> ask(const std::string&) override {
    if (answers.empty()) return Error{Code::kDenied, "there is no terminal to ask on"};
    SecretBytes answer = SecretBytes::copy_of(answers.front());
    answers.erase(answers.begin());
    return answer;
  }
  std::string passphrase;
  std::optional<fs::path> file;
  std::vector<std::string> answers;
  int taken = 0;
};

VaultHeader header_of(UnlockMethod method) {
  VaultHeader header;
  header.method = method;
  header.project = "demo";
  return header;
}

class UnlockTest : public testing::Test {
 protected:
  TempDir dir;
  UnlockScript input;
  Unlocker unlocker{Home{dir.path()}, input};
  SeededRandom random{41};
};

TEST_F(UnlockTest, EnvironmentComesBeforeTheTerminal) {
  input.passphrase = "from the environment";
  input.answers = {"from the terminal"};
  const auto key = unlocker.for_open(header_of(UnlockMethod::kPassphrase));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->source, "passphrase-env");
  EXPECT_EQ(key->input.text(), "from the environment");
  EXPECT_EQ(unlocker.for_open(header_of(UnlockMethod::kPassphrase))->source, "passphrase-env");
  EXPECT_EQ(input.taken, 1);
}

TEST_F(UnlockTest, TheTerminalIsNext) {
  input.answers = {"from the terminal"};
  const auto key = unlocker.for_open(header_of(UnlockMethod::kPassphrase));
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->source, "passphrase-prompt");
  const auto none = unlocker.for_open(header_of(UnlockMethod::kPassphrase));
  EXPECT_EQ(none.error().code, Code::kDenied);
  EXPECT_NE(none.error().hint.find("PHANTOM_VAULT_PASSPHRASE"), std::string::npos);
}

TEST_F(UnlockTest, ANewPassphraseIsLongEnoughAndTypedTwice) {
  input.passphrase = "short";
  EXPECT_EQ(unlocker.for_create(header_of(UnlockMethod::kPassphrase), random).error().code,
            Code::kInvalid);
  const auto create_with = [&](std::vector<std::string> answers) {
    UnlockScript typed;
    typed.answers = std::move(answers);
    Unlocker fresh(Home{dir.path()}, typed);
    return fresh.for_create(header_of(UnlockMethod::kPassphrase), random);
  };
  EXPECT_EQ(create_with({"long enough", "long enough"})->input.text(), "long enough");
  EXPECT_EQ(create_with({"long enough", "long enougH"}).error().message,
            "the two passphrases differ");
  EXPECT_EQ(create_with({"short", "short"}).error().code, Code::kInvalid);
  EXPECT_EQ(create_with({}).error().code, Code::kDenied);
}

TEST_F(UnlockTest, AKeyFileIsMadeOnceAndNeverReplaced) {
  const auto made = unlocker.for_create(header_of(UnlockMethod::kKeyFile), random);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->source, "key-file");
  EXPECT_EQ(made->input.size(), kVaultKeyBytes);
  EXPECT_EQ(fs::status(unlocker.key_file()).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  const std::string text = read_text(unlocker.key_file());
  EXPECT_EQ(text.size(), 65U);
  const auto again = unlocker.for_create(header_of(UnlockMethod::kKeyFile), random);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->input.equals(made->input));
  EXPECT_EQ(read_text(unlocker.key_file()), text);
}

TEST_F(UnlockTest, TheVariableNamesAnotherKeyFile) {
  input.file = dir / "elsewhere.key";
  EXPECT_EQ(unlocker.for_open(header_of(UnlockMethod::kKeyFile)).error().code, Code::kDenied);
  write_text(*input.file, std::string(64, 'b'));
  EXPECT_EQ(unlocker.for_open(header_of(UnlockMethod::kKeyFile))->input.text(),
            std::string(32, '\xbb'));
  write_text(*input.file, "junk");
  const auto bad = unlocker.for_open(header_of(UnlockMethod::kKeyFile));
  EXPECT_EQ(bad.error().code, Code::kInvalid);
  EXPECT_NE(bad.error().message.find("elsewhere.key"), std::string::npos);
}

TEST(KeyFile, IsReadStrictly) {
  const std::string good(64, 'a');
  EXPECT_TRUE(parse_key_file(as_bytes(good)).ok());
  EXPECT_TRUE(parse_key_file(as_bytes(good + "\n")).ok());
  EXPECT_TRUE(parse_key_file(as_bytes(good + "\r\n")).ok());
  for (const std::string& bad : {std::string(), good + "a", good + "\n\n", std::string(64, 'A'),
                                 std::string(63, 'a'), std::string(64, 'g')}) {
    EXPECT_FALSE(parse_key_file(as_bytes(bad)).ok()) << bad;
  }
}

TEST(SystemUnlock, ThePassphraseLeavesTheEnvironment) {
  ASSERT_EQ(::setenv("PHANTOM_VAULT_PASSPHRASE", "example-passphrase", 1), 0);
  const char* memory = std::getenv("PHANTOM_VAULT_PASSPHRASE");
  const auto taken = system_unlock_input().take_passphrase();
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->text(), "example-passphrase");
  EXPECT_EQ(std::getenv("PHANTOM_VAULT_PASSPHRASE"), nullptr);
  EXPECT_EQ(memory[0], '\0');
  EXPECT_EQ(memory[8], '\0');
  EXPECT_FALSE(system_unlock_input().take_passphrase());
}

// ---- the terminal, played by a pseudo terminal

struct PtyChild {
  pid_t pid = -1;
  int master = -1;
  std::string seen;

  // Reads until `text` was seen; false after two seconds.
  bool wait_for(const std::string& text) {
    for (int i = 0; i < 200; ++i) {
      if (seen.find(text) != std::string::npos) return true;
      struct pollfd ready = {master, POLLIN, 0};
      if (::poll(&ready, 1, 10) <= 0) continue;
      char chunk[256];
      const ssize_t got = ::read(master, chunk, sizeof chunk);
      if (got <= 0) break;
      seen.append(chunk, static_cast<std::size_t>(got));
    }
    return seen.find(text) != std::string::npos;
  }
  bool echoes() const {
    struct termios mode {};
    return ::tcgetattr(master, &mode) == 0 && (mode.c_lflag & ECHO) != 0;
  }
  void type(std::string_view text) const {
    ASSERT_EQ(::write(master, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  int wait_end() {
    int state = 0;
    ::waitpid(pid, &state, 0);
    return WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
  }
};

// Exit code 0: the answer was the expected one; 1: another; 2: kClosed; 3: any other error.
PtyChild start_asking(std::string_view expected) {
  PtyChild child;
  child.pid = ::forkpty(&child.master, nullptr, nullptr, nullptr);
  if (child.pid == 0) {
    const auto answer = ask_hidden("Question: ");
    if (answer.ok()) ::_exit(answer->text() == expected ? 0 : 1);
    ::_exit(answer.error().code == Code::kClosed ? 2 : 3);
  }
  return child;
}

TEST(AskHidden, ReadsALineWithoutEcho) {
  PtyChild child = start_asking("example secret");
  ASSERT_TRUE(child.wait_for("Question: "));
  EXPECT_FALSE(child.echoes());
  child.type("example secret\n");
  child.wait_for("\r\n");
  EXPECT_EQ(child.wait_end(), 0);
  EXPECT_EQ(child.seen.find("example"), std::string::npos);
  EXPECT_TRUE(child.echoes());
  ::close(child.master);
}

TEST(AskHidden, EndOfInputGivesUp) {
  PtyChild child = start_asking("");
  ASSERT_TRUE(child.wait_for("Question: "));
  child.type("\x04");
  EXPECT_EQ(child.wait_end(), 2);
  ::close(child.master);
}

TEST(AskHidden, ASignalGivesTheTerminalBackFirst) {
  for (const int number : {SIGINT, SIGTERM}) {
    PtyChild child = start_asking("");
    ASSERT_TRUE(child.wait_for("Question: "));
    EXPECT_FALSE(child.echoes());
    ::kill(child.pid, number);
    EXPECT_EQ(child.wait_end(), 128 + number);
    EXPECT_TRUE(child.echoes());
    ::close(child.master);
  }
}

TEST(AskHidden, WithoutTerminalIsDenied) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setsid();
    const auto answer = ask_hidden("Question: ");
    ::_exit(!answer.ok() && answer.error().code == Code::kDenied ? 0 : 1);
  }
  int state = 0;
  ::waitpid(pid, &state, 0);
  EXPECT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == 0);
}

}  // namespace
}  // namespace phantom
