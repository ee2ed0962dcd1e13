#pragma once
// A log in memory that signs checkpoints of any of its sizes and proves what is between them. A
// second history can branch off at a leaf.

#include "ledger/checkpoint.h"
#include "ledger/signer.h"
#include "ledger/tree.h"
#include "tests/support/seeded_random.h"

#include <limits>
#include <string>
#include <vector>

namespace phantom::test {

class TestLog {
 public:
  explicit TestLog(std::string origin, unsigned seed = 1,
                   std::uint64_t branches_at = std::numeric_limits<std::uint64_t>::max())
      : branches_at_(branches_at), signer_(make(std::move(origin), seed)) {}

  const VerifierKey& key() const { return signer_.verifier_key(); }
  const std::string& origin() const { return key().name; }

  Checkpoint checkpoint(std::uint64_t size) const {
    return {origin(), size, size == 0 ? empty_root() : root_at(nodes(), size).value()};
  }
  std::string note(std::uint64_t size) const { return sign(checkpoint(size).text()); }
  std::string sign(const std::string& text) const {
    return text + "\n" + signature_line(key(), signer_.sign(as_bytes(text)));
  }
  std::vector<Digest> proof(std::uint64_t from, std::uint64_t to) const {
    if (from == 0 || from == to) return {};
    return consistency_proof(nodes(), from, to).value();
  }

 private:
  static Signer make(std::string origin, unsigned seed) {
    SeededRandom random(seed);
    return Signer::generate(std::move(origin), random);
  }
  NodeSource nodes() const {
    return [this](unsigned height, std::uint64_t index) -> Result<Digest> {
      return subtree(height, index);
    };
  }
  Digest subtree(unsigned height, std::uint64_t index) const {
    if (height > 0)
      return node_hash(subtree(height - 1, 2 * index), subtree(height - 1, 2 * index + 1));
    Digest leaf{};
    leaf[0] = static_cast<std::uint8_t>(index);
    leaf[1] = static_cast<std::uint8_t>(index >> 8);
    leaf[2] = static_cast<std::uint8_t>(index >> 16);
    leaf[31] = index >= branches_at_ ? 1 : 0;
    return leaf;
  }

  std::uint64_t branches_at_;
  Signer signer_;
};

}  // namespace phantom::test
