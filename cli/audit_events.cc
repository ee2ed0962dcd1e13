#include "cli/audit_events.h"

#include "events/producers.h"
#include "schema/events_generated.h"

namespace phantom {

Draft audit_read(const Context& context, const AuditRange& range) {
  return make_draft<schema::AuditRead>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
    return schema::CreateAuditReadDirect(builder, range.command.c_str(), range.first_seq,
                                         range.last_seq, range.matched);
  });
}

Draft audit_verified(const Context& context, std::uint64_t size, const Digest& root,
                     const std::string& rung) {
  return make_draft<schema::AuditVerified>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
    const std::vector<std::uint8_t> bytes(root.begin(), root.end());
    return schema::CreateAuditVerifiedDirect(builder, size, &bytes, rung.c_str());
  });
}

Draft audit_proved(const Context& context, Seq seq, std::uint64_t size) {
  return make_draft<schema::AuditProved>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
    return schema::CreateAuditProved(builder, seq, size);
  });
}

Draft audit_published(const Context& context, std::uint64_t size, const Digest& root) {
  return make_draft<schema::AuditPublished>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
    const std::vector<std::uint8_t> bytes(root.begin(), root.end());
    return schema::CreateAuditPublishedDirect(builder, size, &bytes);
  });
}

Draft audit_reported(const Context& context, const std::string& report, std::uint64_t size,
                     const Digest& root) {
  return make_draft<schema::AuditReported>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
    const std::vector<std::uint8_t> bytes(root.begin(), root.end());
    return schema::CreateAuditReportedDirect(builder, report.c_str(), size, &bytes);
  });
}

Draft audit_exported(const Context& context, const AuditExport& done) {
  return make_draft<schema::AuditExported>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
    std::vector<std::uint8_t> digest;
    if (done.file_digest) digest.assign(done.file_digest->begin(), done.file_digest->end());
    return schema::CreateAuditExportedDirect(
        builder, done.format.c_str(), done.first_seq, done.last_seq, done.matched, done.size,
        done.query.c_str(), done.file_digest ? &digest : nullptr);
  });
}

}  // namespace phantom
