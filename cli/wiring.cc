#include "cli/wiring.h"

#include "cli/commands.h"

namespace phantom {

CommandTable make_command_table() {
  CommandTable table;
  table.groups = {
      {"config", "where a project's secrets may go"},
      {"service", "the services of a project's configuration"},
      {"agent", "how ready the project is for agents"},
      {"vault", "how the project's vault is opened"},
      {"audit", "read and check the record"},
      {"audit anchor", "keep checkpoints where nobody here can take them back"},
      {"privacy", "whose data is in the record, and its erasure"},
      {"ledger", "the store of the record"},
      {"mcp", "tools for agents"},
      {"witness", "watch the logs of others"},
  };
  std::vector<Command>& commands = table.commands;
  commands.push_back(init_command());
  commands.push_back(exec_command());
  commands.push_back(status_command());
  commands.push_back(add_command());
  commands.push_back(list_command());
  commands.push_back(remove_command());
  commands.push_back(reveal_command());
  commands.push_back(copy_command());
  commands.push_back(export_command());
  commands.push_back(import_command());
  commands.push_back(why_command());
  commands.push_back(env_command());
  commands.push_back(rotate_command());
  commands.push_back(rename_command());
  commands.push_back(expire_command());
  commands.push_back(history_command());
  commands.push_back(vault_status_command());
  commands.push_back(vault_unlock_command());
  commands.push_back(vault_lock_command());
  commands.push_back(vault_change_passphrase_command());
  commands.push_back(config_accept_command());
  commands.push_back(config_show_command());
  commands.push_back(config_diff_command());
  commands.push_back(service_add_command());
  commands.push_back(service_set_command());
  commands.push_back(service_remove_command());
  commands.push_back(service_list_command());
  commands.push_back(doctor_command());
  commands.push_back(check_command());
  commands.push_back(approvals_command());
  commands.push_back(approve_command());
  commands.push_back(deny_command());
  commands.push_back(agent_report_command());
  commands.push_back(agent_doctor_command());
  commands.push_back(agent_setup_command());
  commands.push_back(watch_command());
  commands.push_back(wrap_command());
  commands.push_back(unwrap_command());
  commands.push_back(sync_command());
  commands.push_back(pull_command());
  commands.push_back(sessions_command());
  commands.push_back(audit_show_command());
  commands.push_back(audit_tail_command());
  commands.push_back(audit_verify_command());
  commands.push_back(audit_gate_command());
  commands.push_back(audit_selftest_command());
  commands.push_back(audit_prove_command());
  commands.push_back(audit_consistency_command());
  commands.push_back(audit_publish_command());
  commands.push_back(audit_export_command());
  commands.push_back(audit_uptime_command());
  commands.push_back(audit_stats_command());
  commands.push_back(audit_report_command());
  commands.push_back(audit_retention_command());
  commands.push_back(audit_hold_command());
  commands.push_back(audit_head_command());
  commands.push_back(audit_path_command());
  commands.push_back(audit_anchor_add_command());
  commands.push_back(audit_anchor_remove_command());
  commands.push_back(audit_anchor_list_command());
  commands.push_back(audit_anchor_export_command());
  commands.push_back(audit_anchor_push_command());
  commands.push_back(audit_anchor_check_command());
  commands.push_back(privacy_list_command());
  commands.push_back(privacy_erase_command());
  commands.push_back(privacy_new_subject_command());
  commands.push_back(privacy_prove_erased_command());
  commands.push_back(ledger_init_command());
  commands.push_back(ledger_info_command());
  commands.push_back(ledger_serve_command());
  commands.push_back(ledger_rotate_key_command());
  commands.push_back(ledger_seal_keys_command());
  commands.push_back(ledger_backup_command());
  commands.push_back(ledger_restore_command());
  commands.push_back(ledger_repair_command());
  commands.push_back(ledger_upgrade_command());
  commands.push_back(ledger_compact_command());
  commands.push_back(mcp_serve_command());
  commands.push_back(setup_command());
  commands.push_back(witness_init_command());
  commands.push_back(witness_add_log_command());
  commands.push_back(witness_remove_log_command());
  commands.push_back(witness_list_command());
  commands.push_back(witness_serve_command());
  commands.push_back(completion_command());
  commands.push_back(help_command_entry());
  commands.push_back(version_command());
  return table;
}

}  // namespace phantom
