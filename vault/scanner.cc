#include "vault/scanner.h"

#include "events/encoding.h"
#include "events/random.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace phantom {
namespace {

constexpr std::size_t kWindow = 8;
constexpr std::size_t kWordBytesMin = 4;
constexpr unsigned kBucketBits = 14;
constexpr std::size_t kBuckets = std::size_t{1} << kBucketBits;

constexpr std::array<std::string_view, 4> kForms = {"plain", "base64", "hex", "url"};
enum Form : std::uint8_t { kPlainForm, kBase64Form, kHexForm, kUrlForm };

std::uint64_t window_at(const std::uint8_t* bytes) {
  std::uint64_t window = 0;
  std::memcpy(&window, bytes, kWindow);
  return window;
}

std::size_t bucket_of(std::uint64_t window, std::uint64_t multiplier) {
  return static_cast<std::size_t>((window * multiplier) >> (64 - kBucketBits));
}

bool is_word_byte(std::uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '-';
}

// The digits that are the same wherever the value stands: `skip` bytes stand before it in its group
// of three, and digits that also depend on a neighbour are left out.
std::string base64_core(std::string_view value, std::size_t skip, int variant) {
  std::string padded(skip, '\0');
  padded += value;
  std::string text(sodium_base64_encoded_len(padded.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(padded.data()),
                    padded.size(), variant);
  const std::size_t first = (skip * 8 + 5) / 6;
  const std::size_t last = padded.size() * 8 / 6;
  std::string core = text.substr(first, last - first);
  wipe(padded);
  wipe(text);
  return core;
}

std::string url_encoded(std::string_view value, std::string_view digits) {
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (is_word_byte(byte) || c == '.' || c == '~') {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    }
  }
  return out;
}

}  // namespace

SecretScanner::SecretScanner(const std::vector<LoadedSecret>& secrets) {
  std::array<std::uint8_t, 8> random{};
  system_random().fill(random);
  multiplier_ = window_at(random.data()) | 1;

  std::string blob;
  for (const LoadedSecret& secret : secrets) {
    const std::string_view value = secret.value->text();
    if (value.size() < kWordBytesMin) continue;
    const auto number = static_cast<std::uint32_t>(names_.size());
    names_.push_back(secret.name);
    add(blob, std::string(value), number, kPlainForm);
    if (value.size() < kWindow) continue;
    for (std::size_t skip = 0; skip < 3; ++skip) {
      std::string standard = base64_core(value, skip, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
      std::string url = base64_core(value, skip, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
      if (url != standard) add(blob, std::move(url), number, kBase64Form);
      add(blob, std::move(standard), number, kBase64Form);
    }
    std::string hex = to_hex(secret.value->view());
    std::string upper_hex = hex;
    std::transform(hex.begin(), hex.end(), upper_hex.begin(),
                   [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
    if (upper_hex != hex) add(blob, std::move(upper_hex), number, kHexForm);
    add(blob, std::move(hex), number, kHexForm);
    for (const char* digits : {"0123456789ABCDEF", "0123456789abcdef"}) {
      std::string encoded = url_encoded(value, digits);
      if (encoded != value) add(blob, std::move(encoded), number, kUrlForm);
    }
  }
  needles_ = SecretBytes::copy_of(blob);
  wipe(blob);
  index();
}

void SecretScanner::add(std::string& blob, std::string needle, std::uint32_t secret,
                        std::uint8_t form) {
  const Needle entry{static_cast<std::uint32_t>(blob.size()),
                     static_cast<std::uint32_t>(needle.size()), secret, form};
  // Growing would leave copies behind in freed memory.
  if (blob.capacity() - blob.size() < needle.size()) {
    std::string larger;
    larger.reserve(std::max<std::size_t>(2 * blob.capacity(), blob.size() + needle.size() + 4'096));
    larger = blob;
    wipe(blob);
    blob.swap(larger);
  }
  blob += needle;
  (needle.size() < kWindow ? words_ : long_).push_back(entry);
  wipe(needle);
}

void SecretScanner::index() {
  const std::uint8_t* blob = needles_.view().data();
  const auto bucket = [&](const Needle& needle) {
    return bucket_of(window_at(blob + needle.begin), multiplier_);
  };
  std::stable_sort(long_.begin(), long_.end(),
                   [&](const Needle& a, const Needle& b) { return bucket(a) < bucket(b); });
  buckets_.assign(kBuckets + 1, 0);
  for (const Needle& needle : long_) ++buckets_[bucket(needle) + 1];
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i + 1] += buckets_[i];
}

std::optional<SecretScanner::Hit> SecretScanner::find(ByteView bytes) const {
  const std::uint8_t* blob = needles_.view().data();
  const auto hit = [&](const Needle& needle, std::size_t offset) {
    return Hit{names_[needle.secret], kForms[needle.form], offset};
  };
  for (std::size_t at = 0; !long_.empty() && at + kWindow <= bytes.size(); ++at) {
    const std::size_t bucket = bucket_of(window_at(bytes.data() + at), multiplier_);
    for (std::uint32_t i = buckets_[bucket]; i < buckets_[bucket + 1]; ++i) {
      const Needle& needle = long_[i];
      if (needle.size <= bytes.size() - at &&
          std::memcmp(bytes.data() + at, blob + needle.begin, needle.size) == 0) {
        return hit(needle, at);
      }
    }
  }
  for (const Needle& word : words_) {
    const ByteView value = needles_.view().subspan(word.begin, word.size);
    auto from = bytes.begin();
    for (;;) {
      const auto found = std::search(from, bytes.end(), value.begin(), value.end());
      if (found == bytes.end()) break;
      const auto after = found + static_cast<std::ptrdiff_t>(word.size);
      const bool starts = found == bytes.begin() || !is_word_byte(*(found - 1));
      const bool ends = after == bytes.end() || !is_word_byte(*after);
      if (starts && ends) return hit(word, static_cast<std::size_t>(found - bytes.begin()));
      from = found + 1;
    }
  }
  return std::nullopt;
}

DraftGuard make_draft_guard(std::shared_ptr<const SecretScanner> scanner) {
  return [scanner = std::move(scanner)](ByteView draft) -> Status {
    const auto hit = scanner->find(draft);
    if (!hit) return {};
    return Error{Code::kDenied,
                 "event would carry the value of secret " + std::string(hit->name) + "; refused",
                 "a value must never be part of a name, a path or a command line"};
  };
}

}  // namespace phantom
