#pragma once
// Every command there is, one function each, in its own file cmd_<words>.cc.

#include "cli/command.h"

namespace phantom {

Command init_command();
Command exec_command();
Command status_command();
Command add_command();
Command list_command();
Command remove_command();
Command reveal_command();
Command rotate_command();
Command rename_command();
Command expire_command();
Command history_command();
Command vault_status_command();
Command vault_unlock_command();
Command vault_lock_command();
Command vault_change_passphrase_command();
Command config_accept_command();
Command config_show_command();
Command config_diff_command();
Command check_command();
Command audit_show_command();
Command audit_tail_command();
Command audit_verify_command();
Command audit_gate_command();
Command audit_selftest_command();
Command audit_prove_command();
Command audit_consistency_command();
Command audit_publish_command();
Command audit_export_command();
Command audit_uptime_command();
Command audit_stats_command();
Command audit_report_command();
Command audit_retention_command();
Command audit_hold_command();
Command audit_head_command();
Command audit_path_command();
Command audit_anchor_add_command();
Command audit_anchor_remove_command();
Command audit_anchor_list_command();
Command audit_anchor_export_command();
Command audit_anchor_push_command();
Command audit_anchor_check_command();
Command privacy_list_command();
Command privacy_erase_command();
Command privacy_new_subject_command();
Command privacy_prove_erased_command();
Command ledger_init_command();
Command ledger_info_command();
Command ledger_serve_command();
Command ledger_rotate_key_command();
Command ledger_seal_keys_command();
Command ledger_backup_command();
Command ledger_restore_command();
Command ledger_repair_command();
Command ledger_upgrade_command();
Command ledger_compact_command();
Command witness_init_command();
Command witness_add_log_command();
Command witness_remove_log_command();
Command witness_list_command();
Command witness_serve_command();
Command completion_command();
Command help_command_entry();
Command version_command();

}  // namespace phantom
