#include "cli/json.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace phantom {

void Json::separate() {
  if (!first_) text_ += ',';
  first_ = false;
}

Json& Json::raw(std::string_view value) {
  separate();
  text_ += value;
  return *this;
}

Json& Json::begin() {
  separate();
  text_ += '{';
  first_ = true;
  return *this;
}

Json& Json::end() {
  text_ += '}';
  first_ = false;
  return *this;
}

Json& Json::begin_list() {
  separate();
  text_ += '[';
  first_ = true;
  return *this;
}

Json& Json::end_list() {
  text_ += ']';
  first_ = false;
  return *this;
}

Json& Json::key(std::string_view name) {
  text(name);
  text_ += ':';
  first_ = true;
  return *this;
}

Json& Json::text(std::string_view value) {
  return raw(boost::json::serialize(boost::json::string_view(value.data(), value.size())));
}

Json& Json::number(std::uint64_t value) { return raw(std::to_string(value)); }
Json& Json::integer(std::int64_t value) { return raw(std::to_string(value)); }
Json& Json::truth(bool value) { return raw(value ? "true" : "false"); }
Json& Json::null() { return raw("null"); }

}  // namespace phantom
