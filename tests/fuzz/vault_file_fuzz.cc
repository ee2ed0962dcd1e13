// Property: a vault file that parses is the one encoding of what it holds, and is authentic only as
// a whole.

#include "tests/fuzz/fuzz.h"
#include "tests/support/seeded_random.h"
#include "vault/vault_file.h"

namespace phantom::fuzz {
namespace {

constexpr std::size_t kMacBytes = 32;

const VaultKeys& keys() {
  static const VaultKeys made = [] {
    SeededRandom random(14);
    VaultKeys out;
    out.wrap = SecretBytes::zeros(kVaultKeyBytes);
    out.mac = SecretBytes::zeros(kVaultKeyBytes);
    random.fill(out.wrap.writable());
    random.fill(out.mac.writable());
    return out;
  }();
  return made;
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  const ByteView file(data, size);
  const auto image = parse_vault(file);
  if (!image.ok()) {
    PH_CHECK(image.error().code == Code::kCorrupt || image.error().code == Code::kUnsupported,
             "code");
    return 0;
  }
  const auto encoded = encode_vault(*image, fuzz::keys());
  PH_CHECK(encoded.ok(), "a vault that cannot be written");
  PH_CHECK(image->header.format != kVaultFormat || encoded->size() == size, "size");
  PH_CHECK(image->header.format != kVaultFormat ||
               std::equal(encoded->begin(), encoded->end() - fuzz::kMacBytes, file.begin()),
           "two files of one vault");
  PH_CHECK(*encode_vault(*parse_vault(*encoded), fuzz::keys()) == *encoded, "not what was written");
  PH_CHECK(authenticate_vault(*encoded, fuzz::keys()).ok(), "its own file is not authentic");
  fuzz::Choices choices(file.last(std::min<std::size_t>(3, size)));
  PH_CHECK(!authenticate_vault(fuzz::with_one_byte_changed(*encoded, choices), fuzz::keys()).ok(),
           "a changed file is authentic");
  for (const VaultRecord& record : image->records) {
    (void)open_record(image->header.project, record, fuzz::keys());
    for (const OlderVersion& older : record.older) {
      (void)open_value(place_of(image->header.project, record, older), older.value, fuzz::keys());
    }
  }
  return 0;
}
