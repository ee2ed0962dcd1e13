// Property: values stand apart and in order within the text, and putting others in their place
// changes their bytes, what they read as, and nothing else.

#include "tests/fuzz/fuzz.h"
#include "vault/dotenv.h"

#include <map>
#include <set>

namespace phantom::fuzz {
namespace {

constexpr std::size_t kEntriesMax = 64;  // memory for secrets is slow to get

void check_entries(std::string_view text, const DotenvFile& file) {
  std::size_t end = 0;
  std::size_t line = 1;
  std::map<std::string, std::size_t> last;
  for (std::size_t i = 0; i < file.entries.size(); ++i) {
    const DotenvEntry& entry = file.entries[i];
    PH_CHECK(is_valid_key(entry.key), "a key that is no name");
    PH_CHECK(end <= entry.value_begin && entry.value_begin <= entry.value_end, "values overlap");
    PH_CHECK(entry.value_end <= text.size(), "a value past the end");
    PH_CHECK(line <= entry.line, "lines go back");
    end = entry.value_end;
    line = entry.line;
    last[entry.key] = i;
  }
  std::set<std::string> twice;
  for (std::size_t i = 0; i < file.entries.size(); ++i) {
    const DotenvEntry& entry = file.entries[i];
    PH_CHECK(entry.overridden == (last[entry.key] != i), "another entry counts");
    if (entry.overridden) twice.insert(entry.key);
  }
  PH_CHECK(std::set<std::string>(file.duplicate_keys.begin(), file.duplicate_keys.end()) == twice &&
               file.duplicate_keys.size() == twice.size(),
           "other duplicate keys");
}

// Replaces the entries whose number has the bit of `chosen`.
void check_rewriting(std::string_view text, const DotenvFile& file, std::uint64_t chosen) {
  std::vector<DotenvReplacement> replacements;
  std::string expected;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < file.entries.size(); ++i) {
    if ((chosen >> i % 64 & 1) == 0) continue;
    replacements.push_back({i, "new_value_" + std::to_string(i)});
    const DotenvSpan span = replaced_span(file.entries[i]);
    expected += text.substr(copied, span.begin - copied);
    expected += replacements.back().value;
    copied = span.end;
  }
  expected += text.substr(copied);
  const auto rewritten = rewrite_dotenv(text, file, replacements);
  if (!rewritten.ok()) {
    PH_CHECK(!replacements.empty(), "a file that cannot stay as it is");
    return;
  }
  PH_CHECK(*rewritten == expected, "other bytes changed");
  const auto again = parse_dotenv(*rewritten);
  PH_CHECK(again.ok() && again->entries.size() == file.entries.size(), "it does not read back");
  std::size_t next = 0;
  for (std::size_t i = 0; i < file.entries.size(); ++i) {
    const SecretBytes value = dotenv_value(*rewritten, again->entries[i]);
    if (next < replacements.size() && replacements[next].entry == i) {
      PH_CHECK(value.text() == replacements[next++].value, "a value reads as another");
    } else {
      PH_CHECK(value.equals(dotenv_value(text, file.entries[i])), "a value nobody touched changed");
    }
    PH_CHECK(again->entries[i].overridden == file.entries[i].overridden, "another entry counts");
  }
  PH_CHECK(again->other_lines.size() == file.other_lines.size(), "other lines appeared");
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  const std::string_view text = as_text({data, size});
  const auto file = parse_dotenv(text);
  if (!file.ok()) {
    PH_CHECK(file.error().code == Code::kInvalid || file.error().code == Code::kLimit, "code");
    PH_CHECK(fuzz::is_printable_line(file.error().message), "an error with bytes of the file");
    return 0;
  }
  fuzz::check_entries(text, *file);
  if (file->entries.size() > fuzz::kEntriesMax) return 0;
  const std::uint64_t some = text.empty() ? 0 : data[size / 2] * std::uint64_t{0x0101010101010101};
  for (const std::uint64_t chosen : {std::uint64_t{0}, ~std::uint64_t{0}, some}) {
    fuzz::check_rewriting(text, *file, chosen);
  }
  return 0;
}
