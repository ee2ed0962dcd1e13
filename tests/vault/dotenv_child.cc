// Rewrites dotenv files for tests/scripts/dotenv_readers.py, which reads the results with programs
// of others. For each FILE.env named: FILE.all has every value replaced by a placeholder, FILE.some
// those of every other key; FILE.keys says what was done, FILE.error why nothing was.
//
// A line of FILE.keys: key, its placeholder, 1 when FILE.some has it, the value read (hex), the
// bytes that gave way (hex).

#include "events/encoding.h"
#include "tests/support/seeded_random.h"
#include "vault/dotenv.h"
#include "vault/placeholder.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace phantom {
namespace {

std::string read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write(std::filesystem::path path, const char* extension, const std::string& text) {
  std::ofstream(path.replace_extension(extension), std::ios::binary) << text;
}

void rewrite(const std::filesystem::path& path, Random& random) {
  const std::string text = read_all(path);
  const auto file = parse_dotenv(text);
  if (!file.ok()) {
    write(path, ".error", file.error().message + "\n" + file.error().hint + "\n");
    return;
  }
  std::map<std::string, std::string> placeholders;
  std::map<std::string, bool> in_some;
  std::vector<DotenvReplacement> all;
  std::vector<DotenvReplacement> some;
  std::string keys;
  for (std::size_t i = 0; i < file->entries.size(); ++i) {
    const DotenvEntry& entry = file->entries[i];
    if (!placeholders.contains(entry.key)) {
      in_some[entry.key] = placeholders.size() % 2 == 1;
      placeholders[entry.key] = make_placeholder(random);
    }
    const std::string& placeholder = placeholders[entry.key];
    all.push_back({i, placeholder});
    if (in_some[entry.key]) some.push_back({i, placeholder});
    const DotenvSpan span = replaced_span(entry);
    const std::string raw = text.substr(span.begin, span.end - span.begin);
    keys += entry.key + " " + placeholder + " " + (in_some[entry.key] ? "1 " : "0 ") +
            to_hex(as_bytes(dotenv_value(text, entry).text())) + "- " + to_hex(as_bytes(raw)) +
            "-\n";
  }
  for (const auto& [extension, replacements] : {std::pair{".all", &all}, {".some", &some}}) {
    const auto out = rewrite_dotenv(text, *file, *replacements);
    if (!out.ok()) {
      write(path, ".error", out.error().message + "\n" + out.error().hint + "\n");
      return;
    }
    write(path, extension, *out);
  }
  write(path, ".keys", keys);
}

}  // namespace
}  // namespace phantom

int main(int argc, char** argv) {
  phantom::SeededRandom random(5);
  for (int i = 1; i < argc; ++i) phantom::rewrite(argv[i], random);
  return 0;
}
