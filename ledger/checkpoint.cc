#include "ledger/checkpoint.h"

#include "events/encoding.h"
#include "ledger/key_text.h"
#include "ledger/tree.h"

#include <sodium.h>

#include <algorithm>

namespace phantom {
namespace {

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // U+2014, space
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

std::string VerifierKey::text() const { return format_public_key(KeyType::kNote, {name, id, key}); }

VerifierKey make_verifier_key(std::string name, const PublicKey& key) {
  PH_CHECK(is_key_name(name), "key name");
  VerifierKey made;
  made.id = key_id(name, KeyType::kNote, key);
  made.name = std::move(name);
  made.key = key;
  return made;
}

Result<VerifierKey> parse_verifier_key(std::string_view text) {
  PH_ASSIGN(PublicKeyText parsed, parse_public_key(KeyType::kNote, text));
  return VerifierKey{std::move(parsed.name), parsed.id, parsed.key};
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

Result<Checkpoint> parse_checkpoint_text(std::string_view text) {
  Checkpoint made;
  made.origin = take_line(text);
  if (made.origin.empty() || made.origin.size() > kOriginBytesMax) {
    return invalid("the checkpoint's origin is empty or over 255 bytes");
  }
  const auto size = parse_decimal(take_line(text));
  if (!size) return invalid("the checkpoint's size is not a decimal number");
  made.size = *size;
  const auto root = from_base64(take_line(text));
  if (!root || root->size() != made.root.size()) {
    return invalid("the checkpoint's root is not a SHA-256 hash in base64");
  }
  std::copy(root->begin(), root->end(), made.root.begin());
  while (!text.empty()) {
    if (take_line(text).empty()) return invalid("the checkpoint has an empty extension line");
  }
  return made;
}

Result<SignedCheckpoint> parse_checkpoint(std::string_view note) {
  PH_ASSIGN(const SignedNote parsed, parse_note(note));
  SignedCheckpoint made;
  PH_ASSIGN(made.checkpoint, parse_checkpoint_text(parsed.text));
  if (made.checkpoint.size == 0 && made.checkpoint.root != empty_root()) {
    return invalid("the checkpoint of an empty tree has another root");
  }
  made.note = note;
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

std::string NoteSignature::line() const {
  Bytes payload;
  put_be32(payload, id);
  payload.insert(payload.end(), signature.begin(), signature.end());
  return std::string(kDash) + name + " " + to_base64(payload) + "\n";
}

std::string signature_line(const VerifierKey& key, const Signature& signature) {
  return NoteSignature{key.name, key.id, Bytes(signature.begin(), signature.end())}.line();
}

bool verify_signature(const PublicKey& key, ByteView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     key.data()) == 0;
}

}  // namespace phantom
