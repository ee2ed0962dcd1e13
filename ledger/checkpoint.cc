#include "ledger/checkpoint.h"

#include "events/encoding.h"
#include "events/sha256.h"
#include "ledger/tree.h"

#include <sodium.h>

#include <algorithm>

namespace phantom {
namespace {

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // U+2014, space
constexpr std::uint8_t kEd25519 = 0x01;
constexpr std::size_t kSignaturesMax = 100;
constexpr std::size_t kOriginBytesMax = 255;

Error invalid(std::string message) { return {Code::kInvalid, std::move(message)}; }

bool is_space(char32_t code) {
  return (code >= 0x09 && code <= 0x0d) || code == 0x20 || code == 0x85 || code == 0xa0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 ||
         code == 0x202f || code == 0x205f || code == 0x3000;
}

bool is_note_text(std::string_view text) {
  while (!text.empty()) {
    const Utf8Character decoded = decode_utf8(text);
    if (decoded.length == 0 || (decoded.code < 0x20 && decoded.code != '\n')) return false;
    text.remove_prefix(decoded.length);
  }
  return true;
}

std::uint32_t key_id(std::string_view name, const PublicKey& key) {
  const std::uint8_t separator[] = {'\n', kEd25519};
  return get_be32(sha256({as_bytes(name), separator, key}));
}

Result<NoteSignature> parse_signature(std::string_view line) {
  if (!line.starts_with(kDash)) return invalid("a signature line does not start with a dash");
  line.remove_prefix(kDash.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !is_key_name(line.substr(0, space))) {
    return invalid("a signature line has no key name");
  }
  const auto payload = from_base64(line.substr(space + 1));
  if (!payload || payload->size() < 5) return invalid("a signature is not base64");
  return NoteSignature{std::string(line.substr(0, space)), get_be32(*payload),
                       Bytes(payload->begin() + 4, payload->end())};
}

// Takes the first line off `text`, without its newline.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace

bool is_key_name(std::string_view name) {
  if (name.empty()) return false;
  while (!name.empty()) {
    const Utf8Character decoded = decode_utf8(name);
    if (decoded.length == 0 || decoded.code < 0x20 || decoded.code == '+' || is_space(decoded.code))
      return false;
    name.remove_prefix(decoded.length);
  }
  return true;
}

std::string VerifierKey::text() const {
  Bytes number;
  put_be32(number, id);
  Bytes typed{kEd25519};
  typed.insert(typed.end(), key.begin(), key.end());
  return name + "+" + to_hex(number) + "+" + to_base64(typed);
}

VerifierKey make_verifier_key(std::string name, const PublicKey& key) {
  PH_CHECK(is_key_name(name), "key name");
  VerifierKey made;
  made.id = key_id(name, key);
  made.name = std::move(name);
  made.key = key;
  return made;
}

Result<VerifierKey> parse_verifier_key(std::string_view text) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) {
    return invalid("a verifier key has the form name+hash+key");
  }
  const std::string_view name = text.substr(0, first);
  if (!is_key_name(name)) return invalid("the verifier key has no valid name");
  const auto id = from_hex(text.substr(first + 1, second - first - 1));
  const auto typed = from_base64(text.substr(second + 1));
  if (!id || id->size() != 4 || !typed || typed->empty()) {
    return invalid("the verifier key is not name+hash+key");
  }
  if (typed->front() != kEd25519 || typed->size() != 1 + PublicKey{}.size()) {
    return invalid("the verifier key is not an Ed25519 key");
  }
  PublicKey key{};
  std::copy(typed->begin() + 1, typed->end(), key.begin());
  if (get_be32(*id) != key_id(name, key)) {
    return invalid("the verifier key's hash does not belong to its name and key");
  }
  return make_verifier_key(std::string(name), key);
}

Result<SignedNote> parse_note(std::string_view note) {
  if (!is_note_text(note)) return invalid("the note is not plain UTF-8 text");
  const std::size_t gap = note.rfind("\n\n");
  if (gap == std::string_view::npos || gap == 0) return invalid("the note has no signatures");
  SignedNote parsed;
  parsed.text = note.substr(0, gap + 1);
  std::string_view rest = note.substr(gap + 2);
  if (rest.empty() || rest.back() != '\n') return invalid("the note has no whole signature line");
  while (!rest.empty()) {
    if (parsed.signatures.size() == kSignaturesMax)
      return invalid("the note has over 100 signatures");
    PH_ASSIGN(NoteSignature signature, parse_signature(take_line(rest)));
    parsed.signatures.push_back(std::move(signature));
  }
  return parsed;
}

std::string Checkpoint::text() const {
  return origin + "\n" + std::to_string(size) + "\n" + to_base64(root) + "\n";
}

Result<SignedCheckpoint> parse_checkpoint(std::string_view note) {
  PH_ASSIGN(const SignedNote parsed, parse_note(note));
  std::string_view text = parsed.text;
  SignedCheckpoint made;
  made.note = note;
  made.checkpoint.origin = take_line(text);
  if (made.checkpoint.origin.empty() || made.checkpoint.origin.size() > kOriginBytesMax) {
    return invalid("the checkpoint's origin is empty or over 255 bytes");
  }
  const auto size = parse_decimal(take_line(text));
  if (!size) return invalid("the checkpoint's size is not a decimal number");
  made.checkpoint.size = *size;
  const auto root = from_base64(take_line(text));
  if (!root || root->size() != made.checkpoint.root.size()) {
    return invalid("the checkpoint's root is not a SHA-256 hash in base64");
  }
  std::copy(root->begin(), root->end(), made.checkpoint.root.begin());
  if (*size == 0 && made.checkpoint.root != empty_root()) {
    return invalid("the checkpoint of an empty tree has another root");
  }
  while (!text.empty()) {
    if (take_line(text).empty()) return invalid("the checkpoint has an empty extension line");
  }
  return made;
}

NoteCheck check_note(std::string_view note, const VerifierKey& key) {
  const auto parsed = parse_note(note);
  if (!parsed) return NoteCheck::kUnknown;
  NoteCheck found = NoteCheck::kUnknown;
  for (const NoteSignature& line : parsed->signatures) {
    if (line.name != key.name || line.id != key.id) continue;
    Signature signature{};
    if (line.signature.size() != signature.size()) return NoteCheck::kBad;
    std::copy(line.signature.begin(), line.signature.end(), signature.begin());
    if (!verify_signature(key.key, as_bytes(parsed->text), signature)) return NoteCheck::kBad;
    found = NoteCheck::kGood;
  }
  return found;
}

std::string signature_line(const VerifierKey& key, const Signature& signature) {
  Bytes payload;
  put_be32(payload, key.id);
  payload.insert(payload.end(), signature.begin(), signature.end());
  return std::string(kDash) + key.name + " " + to_base64(payload) + "\n";
}

bool verify_signature(const PublicKey& key, ByteView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     key.data()) == 0;
}

}  // namespace phantom
