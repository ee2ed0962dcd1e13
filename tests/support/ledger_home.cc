#include "tests/support/ledger_home.h"

#include "events/check.h"
#include "events/producers.h"
#include "schema/events_generated.h"

#include <cstdlib>

namespace phantom::test {

LedgerHome::LedgerHome() {
  const char* base = std::getenv("TMPDIR");
  std::string path = std::string(base != nullptr ? base : "/tmp") + "/phantom-test-XXXXXX";
  PH_CHECK(mkdtemp(path.data()) != nullptr, "temporary directory");
  home_.root = path;
}

LedgerHome::~LedgerHome() {
  std::error_code ignored;
  std::filesystem::remove_all(home_.root, ignored);
}

CreatedLedger LedgerHome::create() {
  Context context;
  context.component = "test";
  auto created = create_ledger(home_, context, {});
  PH_CHECK(created.ok(), created.ok() ? "" : created.error().message.c_str());
  key_ = parse_verifier_key(created->vkey).value();
  return *created;
}

VerifyReport LedgerHome::verify() const {
  VerifyOptions options;
  options.ledger = home_.ledger();
  options.key = key_;
  return verify_ledger(options);
}

std::unique_ptr<Appender> LedgerHome::open(AppenderOptions options) {
  auto appender = open_appender(home_, options);
  PH_CHECK(appender.ok(), appender.ok() ? "" : appender.error().message.c_str());
  return std::move(*appender);
}

Draft note_draft(std::uint64_t number, const std::string& tag) {
  Context context;
  context.component = "test";
  Draft draft =
      make_draft<schema::AuditRead>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateAuditRead(builder, builder.CreateString("test"), number, number, 1);
      });
  draft.tags.push_back(tag);
  return draft;
}

}  // namespace phantom::test
