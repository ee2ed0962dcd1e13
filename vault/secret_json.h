#pragma once
// JSON that holds secrets: read into a tree whose every text is wiped when it goes. Strict: UTF-8,
// no comments, nothing after the end, no name twice in one object. Pure.

#include "events/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantom {

inline constexpr std::size_t kSecretJsonDepthMax = 16;
inline constexpr std::size_t kSecretJsonNodesMax = 262'144;

struct SecretJson {
  enum class Kind { kNull, kTruth, kNumber, kText, kList, kObject };
  Kind kind = Kind::kNull;
  std::string text;  // of a text; of a number, as it is written
  bool truth = false;
  std::vector<SecretJson> items;                            // of a list
  std::vector<std::pair<std::string, SecretJson>> members;  // of an object, in file order

  SecretJson() = default;
  SecretJson(SecretJson&&) = default;
  SecretJson& operator=(SecretJson&&) = default;
  ~SecretJson();

  bool is(Kind wanted) const { return kind == wanted; }
  // The member with that name; null when there is none or this is no object.
  const SecretJson* find(std::string_view name) const;
  // Its text; empty when there is none or it is no text.
  std::string_view text_of(std::string_view name) const;
};

// kInvalid with the place, never with what stands there. kLimit past the bounds.
Result<SecretJson> parse_secret_json(std::string_view text);

}  // namespace phantom
