// Property: a bundle or run splits in one way only, putting its entries together again gives the
// same bytes, and entries picked one by one are those of the split.

#include "ledger/rows.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  const ByteView bundle(data, size);
  const auto same = [](ByteView a, ByteView b) {
    return a.data() == b.data() && a.size() == b.size();
  };
  const auto entries = rows::split_entries(bundle);
  if (!entries) {
    // What is read up to the damage is still within the bundle.
    for (std::size_t i = 0; i < 2 * rows::kBundleEvents; ++i) {
      const auto entry = rows::entry_at(bundle, i);
      if (!entry) return 0;
      PH_CHECK(entry->data() >= data && entry->data() + entry->size() <= data + size, "outside");
    }
    return 0;
  }
  if (entries->size() > 2 * rows::kBundleEvents) return 0;
  std::string joined;
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const auto entry = rows::entry_at(bundle, i);
    PH_CHECK(entry && same(*entry, (*entries)[i]), "another entry when it is read alone");
    rows::append_to_bundle(joined, *entry);
  }
  PH_CHECK(!rows::entry_at(bundle, entries->size()), "an entry behind the last one");
  PH_CHECK(joined == as_text(bundle), "two bundles of the same entries");
  PH_CHECK(bundle.empty() || !rows::split_entries(bundle.first(size - 1)),
           "a bundle without its last byte");
  return 0;
}
