#pragma once
// A dotenv file as it may be shown to everybody: keys, comments and layout stay, values go. Pure.

#include "cli/dotenv_edit.h"

#include <string>
#include <vector>

namespace phantom {

struct EnvExample {
  std::string text;
  std::vector<std::string> names;      // keys, in file order, each once
  std::vector<std::size_t> cut_lines;  // of the example, from 1: comments that held a secret
};

// Quotes stay, empty. A comment that looks like it holds a secret, or a variable with a value that
// does, loses what is behind it; so does a line that is neither entry nor comment.
EnvExample example_of(const DotenvOnDisk& file);

struct ExampleCheck {
  std::vector<std::string> missing;       // keys of the dotenv file that the example lacks
  std::vector<std::string> extra;         // the reverse
  std::vector<std::size_t> secret_lines;  // of the example
  bool ok() const { return missing.empty() && extra.empty() && secret_lines.empty(); }
};

// `file` may be null, as in CI, where there is no dotenv file: then only the example is looked at.
ExampleCheck check_example(const DotenvOnDisk& example, const DotenvOnDisk* file);

}  // namespace phantom
