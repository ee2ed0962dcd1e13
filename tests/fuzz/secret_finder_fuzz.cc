// Property: any text is looked through without a read outside of it, findings lie within it, and a
// text that comes in pieces has the findings of the whole.

#include "tests/fuzz/fuzz.h"
#include "vault/secret_finder.h"

#include <tuple>
#include <vector>

namespace phantom::fuzz {
namespace {

using Places =
    std::vector<std::tuple<const SecretRule*, std::uint64_t, std::uint64_t, std::size_t>>;

Places places_in(const SecretFinder& finder, std::string_view text, TextKind kind,
                 std::size_t piece) {
  Places places;
  SecretStream stream(finder, kind, [&](const SecretHit& hit) {
    PH_CHECK(hit.offset + hit.value.size() <= text.size(), "a finding outside of the text");
    PH_CHECK(text.substr(hit.offset, hit.value.size()) == hit.value, "another value");
    PH_CHECK(!hit.value.empty() && hit.line >= 1 && hit.column >= 1, "an empty finding");
    PH_CHECK(hit.column_end >= hit.column, "columns go back");
    places.emplace_back(hit.rule, hit.offset, hit.line, hit.value.size());
  });
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view taken = rest.substr(0, piece);
    stream.feed(taken);
    rest.remove_prefix(taken.size());
  }
  stream.finish();
  return places;
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  static const SecretFinder finder;
  const std::string_view text = as_text({data, size});
  for (const TextKind kind : {TextKind::kSource, TextKind::kConfig, TextKind::kGenerated}) {
    const auto whole = fuzz::places_in(finder, text, kind, size + 1);
    PH_CHECK(fuzz::places_in(finder, text, kind, 1 + size / 3) == whole,
             "pieces find other things");
  }
  return 0;
}
