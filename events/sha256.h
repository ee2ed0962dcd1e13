#pragma once
// SHA-256. OpenSSL's, because it uses the CPU's SHA instructions and libsodium's does not.

#include "events/types.h"

#include <initializer_list>
#include <memory>

namespace phantom {

// Digest of the parts, one after the other. Safe from several threads.
Digest sha256(std::initializer_list<ByteView> parts);
inline Digest sha256(ByteView bytes) { return sha256({bytes}); }

// The digest of bytes that come in pieces. One thread at a time.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void update(ByteView bytes);
  Digest finish();  // and starts over

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace phantom
