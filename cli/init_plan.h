#pragma once
// What `init` would do with the dotenv files of a project. Pure.

#include "cli/dotenv_edit.h"
#include "vault/secret.h"

#include <string>
#include <vector>

namespace phantom {

struct PlannedSecret {
  std::string name;
  SecretBytes value;
  std::string reason;  // why it is taken for a secret; never holds the value
};

// Entries of one file whose values give way.
struct PlannedEdit {
  std::size_t file = 0;
  std::vector<std::size_t> entries;
};

struct InitPlan {
  std::vector<PlannedSecret> secrets;  // sorted by name, each once
  std::vector<PlannedEdit> edits;
  std::vector<std::string> placeholders;  // names that hold a placeholder already
  std::vector<std::string> left;          // names that stay as they are: public or plain
  std::vector<std::string> warnings;
};

// kConflict when two files give one name different values: the vault has one value per name.
Result<InitPlan> plan_init(const std::vector<DotenvOnDisk>& files);

// `text` of a .gitignore with a line for `name`; the text itself when there is one.
std::string gitignore_with(const std::string& text, const std::string& name);

}  // namespace phantom
