#pragma once
// What a value looks like when nothing is known about its provider: random, words, an id, an
// example. And what the name it is given to says about it. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// Bits per byte, from 0 to 8; 0 for an empty text.
double shannon_entropy(std::string_view text);

bool is_uuid(std::string_view value);

// Words joined by punctuation, as in names of hosts, images, models, paths and branches: no part
// mixes cases within itself, and parts that mix letters and digits are short.
bool is_slug(std::string_view value);

// A whole value that is another variable, as in $NAME and ${NAME}.
bool is_reference(std::string_view value);

// Long and mixed enough to be a key. `name` is what it is assigned to: digests have names of
// their own.
bool looks_random(std::string_view name, std::string_view value);

// Made to show what a value looks like: holds a word such as "example", counts up, or repeats one
// character. Documented keys that belong to nobody are such too.
bool is_example(std::string_view value);

// The bytes of base64 with the URL alphabet, without padding; empty when it is none.
std::string decode_base64url(std::string_view text);

enum class NameHint {
  kNone,
  kHarmless,  // says that the value is about a secret, or a counter, an id, a file
  kWeak,      // could be a secret
  kStrong,    // an access key or token
  kPassword   // a password: any value counts, however short
};

NameHint name_hint(std::string_view name);

// Words of a name in upper case: DB_PASSWORD, dbPassword and db-password have the same.
std::vector<std::string> words_of_name(std::string_view name);

}  // namespace phantom
