// Property: a bundle splits into one list of entries only, and putting them together again gives
// the same bytes.

#include "ledger/rows.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  const ByteView bundle(data, size);
  const auto entries = rows::split_entries(bundle);
  if (!entries) return 0;
  std::string joined;
  for (const ByteView& entry : *entries) rows::append_to_bundle(joined, entry);
  PH_CHECK(joined == as_text(bundle), "two bundles of the same entries");
  for (std::size_t i = 0; i <= entries->size(); ++i) {
    const auto found = rows::entry_at(bundle, i);
    PH_CHECK(found.has_value() == (i < entries->size()), "another number of entries");
    PH_CHECK(!found || found->data() == (*entries)[i].data(), "another entry");
  }
  if (bundle.empty()) return 0;
  const auto shorter = rows::split_entries(bundle.first(bundle.size() - 1));
  PH_CHECK(!shorter || entries->back().empty(), "a bundle without its last byte");
  return 0;
}
