#include "cli/verify_trust.h"

#include "events/encoding.h"

namespace phantom {
namespace {

// The note with no line but the key's. None when the key did not sign it.
std::optional<std::string> signed_by(const std::string& note, const VerifierKey& key) {
  if (check_note(note, key) != NoteCheck::kGood) return std::nullopt;
  const auto parsed = parse_note(note);
  if (!parsed.ok()) return std::nullopt;
  for (const NoteSignature& line : parsed->signatures) {
    Signature signature{};
    if (line.name != key.name || line.id != key.id) continue;
    if (line.signature.size() != signature.size()) continue;
    std::copy(line.signature.begin(), line.signature.end(), signature.begin());
    return parsed->text + "\n" + signature_line(key, signature);
  }
  return std::nullopt;
}

Trust floor_instead(const SignedCheckpoint& floor, const std::string& why) {
  return {floor.note, "floor", "the trust state was passed over: " + why};
}

Trust above_floor(const SignedCheckpoint& floor, const std::string& note, const VerifierKey& key) {
  const auto cached = parse_checkpoint(note);
  if (!cached.ok()) return floor_instead(floor, cached.error().message);
  if (cached->checkpoint.origin != floor.checkpoint.origin) {
    return floor_instead(floor, "it is of another log than the committed anchor");
  }
  if (cached->checkpoint.size < floor.checkpoint.size) {
    return floor_instead(floor, "it is older than the committed anchor");
  }
  auto ours = signed_by(note, key);
  if (!ours) return floor_instead(floor, "the pinned key did not sign it");
  return {std::move(*ours), "cache"};
}

}  // namespace

Result<Trust> choose_trust(const std::optional<SignedCheckpoint>& floor,
                           std::optional<Result<std::string>> cache,
                           const std::optional<VerifierKey>& key, FirstRun first_run) {
  if (!cache) return floor ? Trust{floor->note, "floor"} : Trust{};
  if (cache->ok()) {
    if (floor && key) return above_floor(*floor, **cache, *key);
    return Trust{std::move(**cache), "cache"};
  }
  const Error& error = cache->error();
  // What the machine does not let us read is no property of the cache.
  if (error.code == Code::kDenied || error.code == Code::kIo) return error;
  const bool missing = error.code == Code::kNotFound;
  if (floor) return floor_instead(*floor, missing ? "there is none yet" : error.message);
  if (missing && first_run == FirstRun::kYes) return Trust{};
  return error;
}

}  // namespace phantom
