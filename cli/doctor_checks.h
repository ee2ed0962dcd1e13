#pragma once
// The checks of `phantom doctor`, and what `--fix` does about them. Each is in
// cli/doctor_<topic>.cc.

#include "cli/doctor.h"

namespace phantom {

using Mended = Result<std::vector<std::string>>;

Result<DoctorFindings> check_home(DoctorContext& context);
Mended fix_home(DoctorContext& context);
Result<DoctorFindings> check_program(DoctorContext& context);
Result<DoctorFindings> check_ledger(DoctorContext& context);
Result<DoctorFindings> check_anchors(DoctorContext& context);
Result<DoctorFindings> check_config(DoctorContext& context);
Result<DoctorFindings> check_routes(DoctorContext& context);
Result<DoctorFindings> check_vault(DoctorContext& context);
Mended fix_vault(DoctorContext& context);
Result<DoctorFindings> check_unlock(DoctorContext& context);
Mended fix_unlock(DoctorContext& context);
Result<DoctorFindings> check_expiry(DoctorContext& context);
Result<DoctorFindings> check_dotenv(DoctorContext& context);
Result<DoctorFindings> check_copies(DoctorContext& context);
Result<DoctorFindings> check_example(DoctorContext& context);
Result<DoctorFindings> check_gitignore(DoctorContext& context);
Mended fix_gitignore(DoctorContext& context);
Result<DoctorFindings> check_tracked(DoctorContext& context);
Result<DoctorFindings> check_hook(DoctorContext& context);
Mended fix_hook(DoctorContext& context);
Result<DoctorFindings> check_variables(DoctorContext& context);
Result<DoctorFindings> check_agent_settings(DoctorContext& context);
Result<DoctorFindings> check_clients(DoctorContext& context);

}  // namespace phantom
