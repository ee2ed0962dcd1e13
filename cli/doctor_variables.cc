#include "cli/doctor_checks.h"
#include "cli/doctor_facts.h"
#include "vault/placeholder.h"
#include "vault/secret_name.h"

#include <set>

namespace phantom {

Result<DoctorFindings> check_variables(DoctorContext& context) {
  DoctorFindings findings;
  PH_ASSIGN(const auto facts, look_at_vault(context));
  // Readers of dotenv files leave a variable alone that is set already: it wins over the
  // placeholder.
  std::vector<std::string> set;
  if (facts && facts->image) {
    std::set<std::string> names;
    for (const VaultRecord& record : facts->image->records) {
      names.emplace(split_secret_name(record.name).name);
    }
    for (const std::string& name : names) {
      const char* value = context.environment->variable(name.c_str());
      if (value != nullptr && *value != '\0' && !is_placeholder(value)) set.push_back(name);
    }
  }
  if (!set.empty()) {
    findings.push_back(
        {DoctorSeverity::kWarning,
         some_of(set) + " set in this environment with a value that is no placeholder; programs "
                        "started from here use that one",
         "unset it, and take it out of the shell's start files"});
  }
  const auto is_set = [&](const char* name) {
    const char* value = context.environment->variable(name);
    return value != nullptr && *value != '\0';
  };
  if (is_set("PHANTOM_VAULT_PASSPHRASE")) {
    findings.push_back({DoctorSeverity::kNote,
                        "PHANTOM_VAULT_PASSPHRASE is set: every program started from here can open "
                        "the vault",
                        "leave it to where nobody can type one; phantom exec keeps it from its "
                        "child"});
  }
  if (is_set("PHANTOM_PROXY_ALLOW_QUERY_TOKEN")) {
    findings.push_back({DoctorSeverity::kWarning,
                        "PHANTOM_PROXY_ALLOW_QUERY_TOKEN is set: session tokens may stand in URLs, "
                        "which programs log",
                        "unset it"});
  }
  return findings;
}

}  // namespace phantom
