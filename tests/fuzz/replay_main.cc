// Runs a fuzz target without a fuzzer: every file of its corpus, then inputs made from them by a
// simple mutator, the same ones each time.
//
// usage: fuzz_<name> CORPUS [RUNS [SEED]]     or     fuzz_<name> FILE...
//
// When the target fails, the input that did it is left as crash-input in the current directory.

#include "tests/fuzz/fuzz.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <unistd.h>
#include <vector>

namespace phantom::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kInputBytesMax = 68 * 1'024;
constexpr char kCrashFile[] = "crash-input";

// What runs now, for the signal handler.
const std::uint8_t* current_data = nullptr;
std::size_t current_size = 0;

void save_input(int signal) {
  const int fd = ::open(kCrashFile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd >= 0) {
    constexpr char kSaid[] = "fuzz: the input that failed is in crash-input\n";
    if (::write(fd, current_data, current_size) == static_cast<ssize_t>(current_size)) {
      (void)!::write(STDERR_FILENO, kSaid, sizeof kSaid - 1);
    }
    ::close(fd);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(const Bytes& input) {
  // An allocation of its own exact size, so that a sanitizer sees a read past its end.
  const std::vector<std::uint8_t> exact(input);
  current_data = exact.data();
  current_size = exact.size();
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

Bytes read_all(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    std::fprintf(stderr, "fuzz: %s cannot be read\n", file.c_str());
    std::exit(2);
  }
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

class Mutator {
 public:
  Mutator(const std::vector<Bytes>& corpus, std::uint64_t seed) : corpus_(corpus), engine_(seed) {}

  Bytes next() {
    Bytes bytes = corpus_[below(corpus_.size())];
    for (std::size_t i = 1 + below(4); i > 0; --i) change(bytes);
    if (bytes.size() > kInputBytesMax) bytes.resize(kInputBytesMax);
    return bytes;
  }

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : engine_() % bound; }
  std::uint8_t byte() {
    static constexpr std::array<std::uint8_t, 12> kTelling = {0,    1,   2,   0x7f, 0x80, 0xff,
                                                              '\n', ' ', '0', '+',  '=',  '"'};
    return below(2) == 0 ? kTelling[below(kTelling.size())] : static_cast<std::uint8_t>(below(256));
  }

  void change(Bytes& bytes) {
    const std::size_t at = below(bytes.size() + 1);
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t after = bytes.size() - at;
    switch (below(9)) {
      case 0:
        if (after > 0) *place = static_cast<std::uint8_t>(*place ^ (1U << below(8)));
        break;
      case 1:
        if (after > 0) *place = byte();
        break;
      case 2:
        bytes.insert(place, 1 + below(4), byte());
        break;
      case 3:
        bytes.erase(place, place + static_cast<std::ptrdiff_t>(std::min(after, 1 + below(16))));
        break;
      case 4:
        bytes.erase(place, bytes.end());
        break;
      case 5:
        edit_length(bytes, at);
        break;
      case 6:
        edit_number(bytes, at);
        break;
      case 7: {  // the end of another input
        const Bytes& other = corpus_[below(corpus_.size())];
        bytes.erase(place, bytes.end());
        const auto from = static_cast<std::ptrdiff_t>(below(other.size() + 1));
        bytes.insert(bytes.end(), other.begin() + from, other.end());
        break;
      }
      default: {  // a piece of this one, once more
        const Bytes piece(place, place + static_cast<std::ptrdiff_t>(std::min(after, below(64))));
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size() + 1)),
                     piece.begin(), piece.end());
      }
    }
  }

  // Integers of 2 or 4 bytes in either order: a little more, a little less, nothing, very much.
  void edit_length(Bytes& bytes, std::size_t at) {
    const std::size_t width = below(2) == 0 ? 2 : 4;
    if (bytes.size() < at + width) return;
    const bool little = below(2) == 0;
    const auto place = [&](std::size_t i) -> std::uint8_t& {
      return bytes[at + (little ? i : width - 1 - i)];
    };
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= static_cast<std::uint32_t>(place(i)) << 8 * i;
    switch (below(4)) {
      case 0:
        value += static_cast<std::uint32_t>(1 + below(8));
        break;
      case 1:
        value -= static_cast<std::uint32_t>(1 + below(8));
        break;
      case 2:
        value = 0;
        break;
      default:
        value = 0xffffffffU >> below(8);
    }
    for (std::size_t i = 0; i < width; ++i) place(i) = static_cast<std::uint8_t>(value >> 8 * i);
  }

  // The next decimal number: another one, a leading zero, or one too large.
  void edit_number(Bytes& bytes, std::size_t at) {
    const auto is_digit = [](std::uint8_t c) { return c >= '0' && c <= '9'; };
    const auto begin =
        std::find_if(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), is_digit);
    const auto end = std::find_if_not(begin, bytes.end(), is_digit);
    static constexpr std::array<std::string_view, 5> kNumbers = {"0", "1", "007", "65536",
                                                                 "18446744073709551616"};
    const std::string_view number = kNumbers[below(kNumbers.size())];
    const auto place = bytes.erase(begin, end);
    bytes.insert(place, number.begin(), number.end());
  }

  const std::vector<Bytes>& corpus_;
  std::mt19937_64 engine_;
};

int replay(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::fprintf(stderr, "usage: fuzz_<name> CORPUS [RUNS [SEED]]  or  fuzz_<name> FILE...\n");
    return 2;
  }
  if (!fs::is_directory(arguments[0])) {
    for (const std::string& file : arguments) run(read_all(file));
    return 0;
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(arguments[0])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Bytes> corpus;
  for (const fs::path& file : files) corpus.push_back(read_all(file));
  if (corpus.empty()) {
    std::fprintf(stderr, "fuzz: %s is empty\n", arguments[0].c_str());
    return 2;
  }
  run({});
  for (const Bytes& input : corpus) run(input);
  const unsigned long runs =
      arguments.size() > 1 ? std::strtoul(arguments[1].c_str(), nullptr, 10) : 0;
  const unsigned long seed =
      arguments.size() > 2 ? std::strtoul(arguments[2].c_str(), nullptr, 10) : 1;
  Mutator mutator(corpus, seed);
  for (unsigned long i = 0; i < runs; ++i) run(mutator.next());
  std::printf("%zu inputs of the corpus and %lu made from them\n", corpus.size(), runs);
  return 0;
}

}  // namespace
}  // namespace phantom::fuzz

int main(int argc, char** argv) {
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    std::signal(signal, phantom::fuzz::save_input);
  }
  return phantom::fuzz::replay(std::vector<std::string>(argv + 1, argv + argc));
}
