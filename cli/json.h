#pragma once
// One JSON text, written in order: json.begin().field("v", 1)...end(). Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace phantom {

class Json {
 public:
  Json& begin();  // an object, as a value or the whole text
  Json& end();
  Json& begin_list();
  Json& end_list();
  Json& key(std::string_view name);
  Json& text(std::string_view value);
  Json& number(std::uint64_t value);
  Json& integer(std::int64_t value);
  Json& truth(bool value);
  Json& null();

  Json& field(std::string_view name, std::string_view value) { return key(name).text(value); }
  Json& field_number(std::string_view name, std::uint64_t value) { return key(name).number(value); }

  const std::string& str() const { return text_; }

 private:
  void separate();
  Json& raw(std::string_view value);

  std::string text_;
  bool first_ = true;
};

}  // namespace phantom
