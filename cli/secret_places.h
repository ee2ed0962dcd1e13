#pragma once
// Where a name stands in the dotenv files of a project, and what it holds there. Pure but for
// read_places.

#include "cli/dotenv_edit.h"
#include "vault/vault.h"

#include <filesystem>
#include <string>
#include <vector>

namespace phantom {

enum class Holding {
  kPlaceholder,         // of a secret in the vault
  kFormerPlaceholder,   // it was renewed since
  kForeignPlaceholder,  // stands for nothing in this vault
  kDamagedPlaceholder,  // starts like one
  kSecret,              // a real value in clear, or what looks like one
  kPublic,
  kPlain,
  kEmpty
};
const char* holding_name(Holding holding);  // kebab-case

struct SecretPlace {
  std::string file;  // base name
  std::size_t line = 0;
  Holding holding = Holding::kEmpty;
  std::string stands_for;  // full name, of the first two
  std::string rule;        // why it is classified so; never holds the value
  std::string confidence;  // low, medium or high; empty for placeholders
  bool overridden = false;
};

// The entries called `name`, in order.
std::vector<SecretPlace> places_in(const DotenvOnDisk& file, const std::string& name,
                                   const std::vector<SecretInfo>& secrets);

// All files of the directory whose name begins with .env. `problems` gets those that cannot be
// read, each with why.
std::vector<SecretPlace> read_places(const std::filesystem::path& directory,
                                     const std::string& name,
                                     const std::vector<SecretInfo>& secrets,
                                     std::vector<std::string>& problems);

}  // namespace phantom
