#pragma once
// Is this variable a secret? A guess from its name and value, with the reason for it. Pure.

#include <string_view>

namespace phantom {

enum class ValueClass {
  kSecret,  // must not stay in the file
  kPublic,  // meant to be shipped to browsers or apps
  kPlain    // configuration
};

enum class Confidence { kLow, kMedium, kHigh };

struct Classification {
  ValueClass value_class = ValueClass::kPlain;
  Confidence confidence = Confidence::kLow;
  // A fixed phrase such as "GitHub token" or "name says password". Never holds the value.
  std::string_view reason;
};

Classification classify(std::string_view name, std::string_view value);

}  // namespace phantom
