#pragma once
// Producers of the events about the log itself: arguments in, draft out.

#include "events/draft.h"

#include <optional>

namespace phantom {

struct AuditRange {
  std::string command;
  Seq first_seq = 0;
  Seq last_seq = 0;
  std::uint64_t matched = 0;
};

Draft audit_read(const Context& context, const AuditRange& range);
Draft audit_verified(const Context& context, std::uint64_t size, const Digest& root,
                     const std::string& rung);
Draft audit_proved(const Context& context, Seq seq, std::uint64_t size);
Draft audit_published(const Context& context, std::uint64_t size, const Digest& root);

// `report` is its name: uptime, stats or a framework's.
Draft audit_reported(const Context& context, const std::string& report, std::uint64_t size,
                     const Digest& root);

struct AuditExport {
  std::string format;
  Seq first_seq = 0;
  Seq last_seq = 0;
  std::uint64_t matched = 0;
  std::uint64_t size = 0;
  std::string query;                  // canonical; empty for everything
  std::optional<Digest> file_digest;  // of a file that is whole
};
Draft audit_exported(const Context& context, const AuditExport& done);

}  // namespace phantom
