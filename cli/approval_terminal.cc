#include "cli/approval_terminal.h"

#include "events/tags.h"

namespace phantom {
namespace {

class TypedInput final : public UnlockInput {
 public:
  std::optional<SecretBytes> take_passphrase() override {
    (void)system_unlock_input().take_passphrase();
    return std::nullopt;
  }
  std::optional<std::filesystem::path> key_file() override {
    return system_unlock_input().key_file();
  }
  Result<SecretBytes> ask(const std::string& question) override {
    return system_unlock_input().ask(question);
  }
};

}  // namespace

ApprovalTerminal::ApprovalTerminal(Environment& environment, const Home& home, Project project)
    : environment_(environment), home_(home), project_(std::move(project)) {}

Result<std::unique_ptr<ApprovalTerminal>> ApprovalTerminal::open(Environment& environment) {
  PH_ASSIGN(const Home home, environment.home());
  PH_ASSIGN(const std::filesystem::path here, environment.working_directory());
  PH_ASSIGN(Project project, open_project(home, here));
  std::unique_ptr<ApprovalTerminal> terminal(
      new ApprovalTerminal(environment, home, std::move(project)));
  terminal->context_ = environment.context();
  terminal->context_.project = terminal->project_.config.project_id;
  PH_ASSIGN(Appender * appender, environment.appender());
  PH_ASSIGN(terminal->reader_, environment.reader());
  terminal->desk_ = std::make_unique<ApprovalDesk>(*appender, *terminal->reader_);
  return terminal;
}

Status ApprovalTerminal::check_person(const std::string& id, const std::optional<Asker>& asker) {
  PH_ASSIGN(const Answerer answerer,
            read_answerer([this](const char* name) { return environment_.variable(name); }));
  const std::optional<std::string> why = not_a_person(answerer, asker);
  if (!why) return {};
  PH_TRY(desk_->refuse(context_, id, Reason::SelfApproval));
  return Error{Code::kDenied, "only a person can answer: " + *why,
               "open a terminal yourself, one that no agent started, and run the command there"};
}

Result<ApprovalSealer> ApprovalTerminal::open_sealer() {
  PH_TRY(reader_->catch_up());
  PH_ASSIGN(const auto vault, reader_->tag(vault_tag(context_.project)));
  if (!vault) return ApprovalSealer();
  input_ = std::make_unique<TypedInput>();
  access_ = std::make_unique<VaultAccess>(environment_, project_, home_, *input_);
  PH_TRY(access_->open());
  return ApprovalSealer(
      [this](std::string_view text) { return access_->vault().approval_seal(text); });
}

}  // namespace phantom
