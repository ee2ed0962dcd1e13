#pragma once
// Finds secret values in bytes that are about to leave, in the forms they leak in: plain, base64
// (standard and URL alphabet, wherever the value starts within the encoded text), hex and URL
// encoding.
//
// Values of 4 to 7 bytes are looked for as whole plain words only, and shorter ones not at all:
// found anywhere, they would refuse most honest events.

#include "ledger/appender.h"
#include "vault/secret.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// Does not own the value, which is only read while the scanner is made.
struct LoadedSecret {
  std::string name;
  const SecretBytes* value = nullptr;
};

// Immutable once made; safe from several threads. Keeps what it searches for in SecretBytes.
class SecretScanner {
 public:
  explicit SecretScanner(const std::vector<LoadedSecret>& secrets);

  struct Hit {
    std::string_view name;  // lives as long as the scanner
    std::string_view form;  // plain, base64, hex or url
    std::size_t offset = 0;
  };
  // The first hit, if any.
  std::optional<Hit> find(ByteView bytes) const;

 private:
  struct Needle {
    std::uint32_t begin;  // into needles_
    std::uint32_t size;
    std::uint32_t secret;
    std::uint8_t form;
  };
  void add(std::string& blob, std::string needle, std::uint32_t secret, std::uint8_t form);
  void index();

  std::vector<std::string> names_;
  SecretBytes needles_;
  std::vector<Needle> long_;            // at least 8 bytes, grouped by bucket
  std::vector<std::uint32_t> buckets_;  // first needle of each bucket, and one past the end
  std::vector<Needle> words_;           // 4 to 7 bytes
  std::uint64_t multiplier_ = 0;
};

// For Appender::set_guard: kDenied, naming the secret, when a draft carries its value.
DraftGuard make_draft_guard(std::shared_ptr<const SecretScanner> scanner);

}  // namespace phantom
