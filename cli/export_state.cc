#include "cli/export_state.h"

#include "cli/json.h"
#include "events/encoding.h"
#include "ledger/home.h"

#include <boost/json.hpp>

namespace phantom {
namespace {

constexpr std::size_t kStateBytesMax = 4'096;

}  // namespace

std::string export_state_text(const ExportState& state) {
  Json json;
  json.begin().field_number("v", 1).field("ledger_id", state.ledger_id);
  return json.field("after", std::to_string(state.after)).end().str() + "\n";
}

Result<ExportState> parse_export_state(std::string_view text) {
  const auto bad = [] { return Error{Code::kInvalid, "not the state of an export"}; };
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  if (error || !value.is_object()) return bad();
  const boost::json::object& object = value.get_object();
  const auto* version = object.if_contains("v");
  const auto* ledger_id = object.if_contains("ledger_id");
  const auto* after = object.if_contains("after");
  if (version == nullptr || *version != 1 || ledger_id == nullptr || !ledger_id->is_string() ||
      after == nullptr || !after->is_string()) {
    return bad();
  }
  const auto seq = parse_decimal(std::string_view(after->get_string()));
  if (!seq) return bad();
  return ExportState{std::string(ledger_id->get_string()), *seq};
}

Result<std::optional<ExportState>> read_export_state(const std::string& file,
                                                     const std::string& ledger_id) {
  const Result<Bytes> bytes = read_file(file, kStateBytesMax);
  if (!bytes.ok()) {
    if (bytes.error().code == Code::kNotFound) return std::optional<ExportState>();
    return bytes.error();
  }
  Result<ExportState> state = parse_export_state(as_text(*bytes));
  if (!state.ok()) return std::move(state.error()).in(file);
  if (state->ledger_id != ledger_id) {
    return Error{Code::kInvalid, file + " is the state of an export of another ledger",
                 "give another file with --state"};
  }
  return std::optional<ExportState>(*state);
}

}  // namespace phantom
