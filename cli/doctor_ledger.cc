#include "cli/anchor_push.h"
#include "cli/disk_text.h"
#include "cli/doctor_checks.h"
#include "ledger/trust.h"

#include <sys/statvfs.h>

namespace phantom {
namespace {

constexpr std::uint64_t kLowBytes = std::uint64_t{256} << 20;

void look_at_room(const DoctorContext& context, DoctorFindings& findings) {
  struct statvfs about {};
  if (::statvfs(context.home.ledger().c_str(), &about) != 0) return;
  const std::uint64_t free = std::uint64_t{about.f_bavail} * about.f_frsize;
  if (free >= kLowBytes) return;
  findings.push_back({DoctorSeverity::kWarning,
                      "only " + bytes_text(free) +
                          " are free where the record is; without room nothing can be done",
                      "make room on the disk of " + context.home.ledger().string()});
}

Status look_at_trust(const DoctorContext& context, DoctorFindings& findings) {
  const Checkpoint& head = context.reader->head().checkpoint;
  PH_ASSIGN(const auto pinned, pinned_checkpoint(context.home, head.origin));
  if (!pinned) {
    findings.push_back(
        {DoctorSeverity::kNote, "the record was never verified", "run 'phantom audit verify'"});
  } else if (pinned->checkpoint.size > head.size) {
    findings.push_back({DoctorSeverity::kError,
                        "the record has " + std::to_string(head.size) + " events, and " +
                            std::to_string(pinned->checkpoint.size) + " were verified once",
                        "it was put back to an older state: run 'phantom audit verify'"});
  }
  return {};
}

}  // namespace

Result<DoctorFindings> check_ledger(DoctorContext& context) {
  DoctorFindings findings;
  if (context.reader == nullptr) {
    const Error& why = *context.reader_error;
    PH_ASSIGN(const auto service, context.environment->service());
    if (service && why.code == Code::kDenied) {
      findings.push_back({DoctorSeverity::kNote,
                          "the record is kept by a service, not readable here",
                          "the owner of the service can look at it"});
    } else if (why.code == Code::kNotFound) {
      findings.push_back(
          {DoctorSeverity::kWarning, "there is no record yet", "run 'phantom init' in a project"});
    } else {
      findings.push_back({DoctorSeverity::kError, why.message, why.hint});
    }
    return findings;
  }
  PH_TRY(look_at_trust(context, findings));
  look_at_room(context, findings);
  if (const auto newest = newest_synced(context.home, *context.reader);
      !newest.ok() && newest.error().code == Code::kCorrupt) {
    findings.push_back({DoctorSeverity::kError, newest.error().message,
                        "run 'phantom audit verify', it says which of the two is true"});
  }
  return findings;
}

Result<DoctorFindings> check_anchors(DoctorContext& context) {
  DoctorFindings findings;
  if (context.reader == nullptr) return findings;
  auto home = AnchorHome::open(context.home);
  if (!home.ok() && home.error().code == Code::kNotFound) {
    findings.push_back({DoctorSeverity::kNote,
                        "no checkpoint is kept anywhere else: who has this home can rewrite the "
                        "record from its newest epoch on",
                        "phantom audit anchor add"});
    return findings;
  }
  if (!home.ok()) return std::move(home.error());
  const std::int64_t interval = home->policy.policy.interval_ns.value_or(kDefaultAnchorIntervalNs);
  for (const AnchorSpec& spec : home->policy.policy.anchors) {
    PH_ASSIGN(const AnchorStand stand, anchor_stand(home->files, spec.name));
    PH_ASSIGN(const bool news, has_news(*home->reader, stand.size));
    if (stand.failures > 0) {
      findings.push_back({DoctorSeverity::kWarning,
                          "the anchor " + spec.name + " failed " + std::to_string(stand.failures) +
                              " times in a row",
                          "phantom audit anchor push " + spec.name});
    } else if (news && is_due(stand, interval, context.now_ns)) {
      findings.push_back({DoctorSeverity::kNote, "the anchor " + spec.name + " is due",
                          "phantom audit anchor push"});
    }
  }
  return findings;
}

}  // namespace phantom
