// Property: a bundle splits into one number of entries only, and putting them together again gives
// the same bytes.

#include "ledger/rows.h"
#include "tests/fuzz/fuzz.h"

// The first two bytes are the number of entries, the rest the bundle.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  fuzz::Choices choices({data, size});
  const std::size_t count = choices.below(2 * rows::kBundleEvents);
  const ByteView bundle = choices.rest();
  const auto entries = rows::split_bundle(bundle, count);
  if (!entries) return 0;
  PH_CHECK(entries->size() == count, "another number of entries");
  std::string joined;
  for (const ByteView& entry : *entries) rows::append_to_bundle(joined, entry);
  PH_CHECK(joined == as_text(bundle), "two bundles of the same entries");
  PH_CHECK(!rows::split_bundle(bundle, count + 1), "one bundle of two lists of entries");
  PH_CHECK(count == 0 || !rows::split_bundle(bundle, count - 1), "entries are left over");
  PH_CHECK(bundle.empty() || !rows::split_bundle(bundle.first(bundle.size() - 1), count),
           "a bundle without its last byte");
  return 0;
}
