#include "cli/doctor_checks.h"
#include "cli/doctor_facts.h"
#include "cli/vault_access.h"
#include "events/clock.h"
#include "vault/secret_name.h"
#include "vault/unlock.h"
#include "vault/vault_store.h"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>

namespace phantom {
namespace {

constexpr std::int64_t kNsPerDay = 86'400'000'000'000;
constexpr std::int64_t kSoonDays = 7;

bool is_open_change(VaultVerdict verdict) {
  return verdict == VaultVerdict::kPublish || verdict == VaultVerdict::kMarkDone ||
         verdict == VaultVerdict::kMarkFailed;
}

// The key file of a vault that is opened with one.
std::optional<std::filesystem::path> key_file_of(const DoctorContext& context,
                                                 const std::optional<VaultFacts>& facts) {
  if (!facts || !facts->image || facts->image->header.method != UnlockMethod::kKeyFile) {
    return std::nullopt;
  }
  return Unlocker(context.home).key_file();
}

}  // namespace

// The verdicts are those of docs/FORMAT-VAULT.md section 4.
Result<DoctorFindings> check_vault(DoctorContext& context) {
  DoctorFindings findings;
  PH_ASSIGN(const auto facts, look_at_vault(context));
  if (!facts) return findings;
  const std::string file = vault_path(context.home, context.project->config.project_id).string();
  const std::string restore = "put back the newest copy of " + file +
                              " you have; only the very file that the record names is taken";
  switch (facts->verdict) {
    case VaultVerdict::kGood:
      break;
    case VaultVerdict::kAbsent:
      findings.push_back({DoctorSeverity::kNote, "the project has no vault", "run 'phantom init'"});
      break;
    case VaultVerdict::kPublish:
      findings.push_back({DoctorSeverity::kWarning,
                          "a change of the vault was recorded and its file waits to take its place",
                          "the next command that uses the vault finishes it, as does --fix",
                          Mending::kByFix});
      break;
    case VaultVerdict::kMarkDone:
      findings.push_back({DoctorSeverity::kWarning,
                          "a change of the vault took place and its end is not on record",
                          "the next command that uses the vault records it, as does --fix",
                          Mending::kByFix});
      break;
    case VaultVerdict::kMarkFailed:
      findings.push_back(
          {DoctorSeverity::kWarning, "a change of the vault was recorded and never took place",
           "the next command that uses the vault records that, as does --fix", Mending::kByFix});
      break;
    case VaultVerdict::kMissing:
      findings.push_back({DoctorSeverity::kError, "the vault file is gone: " + file, restore});
      break;
    case VaultVerdict::kUnknownFile:
      findings.push_back({DoctorSeverity::kError,
                          "the vault file is not the one on record: an older one was put back, or "
                          "somebody changed it",
                          restore});
      break;
  }
  return findings;
}

Mended fix_vault(DoctorContext& context) {
  std::vector<std::string> done;
  PH_ASSIGN(const auto facts, look_at_vault(context));
  if (!facts || !is_open_change(facts->verdict)) return done;
  VaultAccess access(*context.environment, *context.project, context.home);
  PH_TRY(access.list_locked());
  done.emplace_back("the open change of the vault is brought to its end");
  return done;
}

Result<DoctorFindings> check_unlock(DoctorContext& context) {
  DoctorFindings findings;
  PH_ASSIGN(const auto facts, look_at_vault(context));
  const auto key_file = key_file_of(context, facts);
  if (!key_file) return findings;
  struct stat about {};
  if (::lstat(key_file->c_str(), &about) != 0) {
    findings.push_back(
        {DoctorSeverity::kError,
         "the vault is opened with the key in " + key_file->string() + ", which is not there",
         "name the file with PHANTOM_VAULT_KEY_FILE, or put it back"});
    return findings;
  }
  if ((about.st_mode & 077) != 0) {
    findings.push_back({DoctorSeverity::kError,
                        "the key of the vault is open to other users: " + key_file->string(),
                        "chmod 600 " + key_file->string(), Mending::kByFix});
  }
  Result<Bytes> content = read_file(*key_file, 1'024);
  if (!content.ok()) {
    findings.push_back({DoctorSeverity::kError, content.error().message, content.error().hint});
    return findings;
  }
  const auto key = parse_key_file(*content);
  wipe(*content);
  if (!key.ok()) {
    findings.push_back({DoctorSeverity::kError,
                        "the key of the vault does not read: " + key_file->string(),
                        "put the right file back"});
  }
  return findings;
}

Mended fix_unlock(DoctorContext& context) {
  std::vector<std::string> done;
  PH_ASSIGN(const auto facts, look_at_vault(context));
  const auto key_file = key_file_of(context, facts);
  struct stat about {};
  if (!key_file || ::lstat(key_file->c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return done;
  if ((about.st_mode & 077) == 0) return done;
  if (::chmod(key_file->c_str(), 0600) != 0) {
    return Error{Code::kIo, key_file->string() + ": " + std::strerror(errno)};
  }
  done.push_back(key_file->string() + " has mode 0600 now");
  return done;
}

Result<DoctorFindings> check_expiry(DoctorContext& context) {
  DoctorFindings findings;
  PH_ASSIGN(const auto facts, look_at_vault(context));
  if (!facts || !facts->image) return findings;
  for (const VaultRecord& record : facts->image->records) {
    if (record.expires_ns == 0) continue;
    const std::string when = format_time(record.expires_ns);
    const std::string advice = "make a new one at the provider, then 'phantom rotate " +
                               std::string(split_secret_name(record.name).name) + "'";
    if (record.expires_ns <= context.now_ns) {
      findings.push_back(
          {DoctorSeverity::kError, record.name + " is past its time since " + when, advice});
    } else if (record.expires_ns - context.now_ns <= kSoonDays * kNsPerDay) {
      findings.push_back({DoctorSeverity::kWarning,
                          record.name + " is past its time on " + when + ", in less than 7 days",
                          advice});
    }
  }
  return findings;
}

}  // namespace phantom
