// Property: an edit of any text fails, or changes one member; taking a member back that was added
// leaves what was there.

#include "cli/json_edit.h"
#include "tests/fuzz/fuzz.h"

namespace phantom::fuzz {
namespace {

constexpr char kValue[] = "{\"new\":[1,\"2\"]}";

void check_error(const Error& error) {
  PH_CHECK(error.code != Code::kInternal, "an edit came out wrong");
  PH_CHECK(is_printable_line(error.message), "an error with bytes of the text");
}

void check_edits(std::string_view text, const JsonPath& path, JsonDialect dialect) {
  const auto before = json_value(text, path, dialect);
  const auto removed = remove_json_member(text, path, dialect, EmptyParents::kKeep);
  if (!removed.ok()) check_error(removed.error());
  PH_CHECK(before.ok() == removed.ok(), "a member is there for one and not for the other");
  if (removed.ok()) {
    PH_CHECK(json_value(*removed, path, dialect).error().code == Code::kNotFound,
             "it is there yet");
  }
  const auto set = set_json_member(text, path, kValue, dialect);
  if (!set.ok()) return check_error(set.error());
  PH_CHECK(*json_value(*set, path, dialect) == kValue, "another value is there");
  PH_CHECK(*set_json_member(*set, path, kValue, dialect) == *set, "twice is not once");
  if (before.ok()) return;
  const auto back = remove_json_member(*set, path, dialect, EmptyParents::kKeep);
  PH_CHECK(back.ok(), "what was added cannot be taken back");
  const bool parents_were_there =
      path.size() == 1 || json_value(text, {path.front()}, dialect).ok();
  if (parents_were_there) {
    PH_CHECK(*json_value(*back, {}, dialect) == *json_value(text, {}, dialect), "not what it was");
  }
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace phantom;
  const std::string_view text = as_text({data, size});
  for (const JsonDialect dialect : {JsonDialect::kStrict, JsonDialect::kCommented}) {
    fuzz::check_edits(text, {"a"}, dialect);
    fuzz::check_edits(text, {"mcpServers", "phantom"}, dialect);
    const auto members = json_members(text, {}, dialect);
    if (!members.ok()) continue;
    for (const JsonMember& each : *members) fuzz::check_edits(text, {each.name}, dialect);
  }
  return 0;
}
