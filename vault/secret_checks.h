#pragma once
// What tells a real value of a structured kind from something that only has its shape. Pure.

#include "vault/secret_rules.h"

#include <optional>
#include <string_view>

namespace phantom {

enum class Jwt { kNone, kAnonymous, kOther };

// A Supabase "anon" key is a JWT made to be shipped to browsers; every other one is a credential.
Jwt jwt_kind(std::string_view value);

// Checks that need the value alone: checksums, decoded parts.
bool holds(SecretCheck check, std::string_view value);

struct TextSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The key block that starts with a matched header of `header_size` bytes: header, body and end
// line. Nothing when there is no key in it, as in code that reads or writes such blocks.
std::optional<TextSpan> key_block(std::string_view text, std::size_t header_size);

// The password, or a token in its place, of the URL that `text` starts with, whose scheme and "://"
// have `scheme_size` bytes. Nothing for one that is a reference, an example, or the kind of
// password that development databases on this machine have.
std::optional<TextSpan> url_password(std::string_view text, std::size_t scheme_size);

// The value of "password=" in a connection string: `text` starts behind the '=', `before` is what
// stands in front of the name on its line.
std::optional<TextSpan> connection_password(std::string_view text, std::string_view before);

// The words of such a check hold in any place where a password may stand.
bool is_trivial_password(std::string_view password);

}  // namespace phantom
