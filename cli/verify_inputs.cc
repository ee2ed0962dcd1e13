#include "cli/verify_inputs.h"

#include "events/encoding.h"
#include "ledger/home.h"

#include <boost/json/parse.hpp>

namespace phantom {
namespace {

constexpr std::size_t kInputBytesMax = 64 * 1024;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  return text;
}

}  // namespace

Result<VerifierKey> read_verifier_key(const std::string& key_or_file) {
  if (Result<VerifierKey> key = parse_verifier_key(key_or_file); key.ok()) return key;
  auto bytes = read_file(key_or_file, kInputBytesMax);
  if (!bytes.ok()) {
    Error error = std::move(bytes.error());
    error.message = "--key is neither a verifier key nor a readable file: " + error.message;
    return error;
  }
  Result<VerifierKey> key = parse_verifier_key(trimmed(as_text(*bytes)));
  if (!key.ok()) return std::move(key.error()).in(key_or_file);
  return key;
}

Result<std::string> checkpoint_note_of(std::string_view text) {
  std::string note(text);
  if (text.starts_with('{')) {
    boost::system::error_code code;
    const boost::json::value value =
        boost::json::parse(boost::json::string_view(text.data(), text.size()), code);
    const boost::json::object* object = code ? nullptr : value.if_object();
    const boost::json::value* field = object == nullptr ? nullptr : object->if_contains("note");
    const boost::json::string* content = field == nullptr ? nullptr : field->if_string();
    if (content == nullptr) return Error{Code::kInvalid, "the JSON has no text field \"note\""};
    note.assign(content->data(), content->size());
  }
  PH_ASSIGN(const SignedCheckpoint checkpoint, parse_checkpoint(note));
  return checkpoint.note;
}

Result<std::string> read_checkpoint_file(const std::string& file) {
  PH_ASSIGN(const Bytes bytes, read_file(file, kInputBytesMax));
  Result<std::string> note = checkpoint_note_of(as_text(bytes));
  if (!note.ok()) return std::move(note.error()).in(file);
  return note;
}

}  // namespace phantom
