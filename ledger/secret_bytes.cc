#include "ledger/secret_bytes.h"

#include "events/check.h"

#include <sodium.h>

#include <algorithm>
#include <utility>

namespace phantom {
namespace {

void start_sodium() {
  static const int started = sodium_init();
  PH_CHECK(started >= 0, "libsodium did not start");
}

}  // namespace

void SecretBytes::Free::operator()(std::uint8_t* memory) const { sodium_free(memory); }

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : memory_(std::move(other.memory_)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  memory_ = std::move(other.memory_);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

SecretBytes SecretBytes::zeros(std::size_t size) {
  SecretBytes secret;
  if (size == 0) return secret;
  start_sodium();
  secret.memory_.reset(static_cast<std::uint8_t*>(sodium_malloc(size)));
  PH_CHECK(secret.memory_ != nullptr, "no memory for a secret");
  sodium_memzero(secret.memory_.get(), size);
  secret.size_ = size;
  return secret;
}

SecretBytes SecretBytes::copy_of(ByteView value) {
  SecretBytes secret = zeros(value.size());
  std::copy(value.begin(), value.end(), secret.memory_.get());
  return secret;
}

SecretBytes SecretBytes::copy_of(std::string_view value) { return copy_of(as_bytes(value)); }

SecretBytes SecretBytes::clone() const { return copy_of(view()); }

void SecretBytes::shrink(std::size_t size) {
  PH_CHECK(size <= size_, "a secret cannot grow");
  if (size == size_) return;
  sodium_memzero(memory_.get() + size, size_ - size);
  size_ = size;
}

bool SecretBytes::equals(ByteView other) const {
  if (size_ != other.size()) return false;
  return size_ == 0 || sodium_memcmp(memory_.get(), other.data(), size_) == 0;
}

void wipe(std::span<std::uint8_t> bytes) {
  if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
}

void wipe(std::string& text) {
  if (!text.empty()) sodium_memzero(text.data(), text.size());
  text.clear();
}

}  // namespace phantom
