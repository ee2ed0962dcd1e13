#include "proxy/platform_json.h"

#include "events/check.h"
#include "events/encoding.h"
#include "proxy/http_head.h"
#include "proxy/platform.h"

#include <boost/json/memory_resource.hpp>
#include <boost/json/parser.hpp>

#include <algorithm>
#include <array>
#include <new>

namespace phantom {
namespace {

constexpr std::size_t kNamesRoom = 16 * 1'024;
constexpr std::size_t kDepthMax = 32;

class WipingMemory final : public boost::json::memory_resource {
 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override {
    return ::operator new(size, std::align_val_t(alignment));
  }
  void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override {
    wipe({static_cast<std::uint8_t*>(memory), size});
    ::operator delete(memory, std::align_val_t(alignment));
  }
  bool do_is_equal(const boost::json::memory_resource& other) const noexcept override {
    return this == &other;
  }
};

bool contains(std::string_view text, std::string_view part) {
  const auto same = [](char a, char b) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return lower(a) == lower(b);
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

// GraphQL has no statuses: a code where there is one, else well-known words of the message, which
// goes no further than this.
PlatformResult result_of_error(const boost::json::value& error) {
  const auto code = json_text(json_member(json_member(&error, "extensions"), "code"));
  const std::string_view said = code.value_or(std::string_view());
  const std::string_view message =
      json_text(json_member(&error, "message")).value_or(std::string_view());
  const auto says = [&](std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
      return contains(said, word) || contains(message, word);
    });
  };
  if (says({"unauthorized", "unauthenticated", "forbidden", "not authorized"})) {
    return PlatformResult::kDenied;
  }
  if (says({"not_found", "not found", "could not find", "could not resolve"})) {
    return PlatformResult::kNotFound;
  }
  if (says({"rate limit", "rate_limit", "too many requests"})) return PlatformResult::kRateLimited;
  if (says({"internal_server_error", "internal server error"})) return PlatformResult::kServerError;
  if (says({"bad_user_input", "graphql_validation_failed", "invalid"})) {
    return PlatformResult::kInvalid;
  }
  return PlatformResult::kRefused;
}

}  // namespace

SecretJsonWriter::SecretJsonWriter(std::size_t secret_bytes)
    : room_(secret_bytes * 6 + kNamesRoom) {
  text_.reserve(room_);
}

SecretJsonWriter::~SecretJsonWriter() { wipe(text_); }

void SecretJsonWriter::separate() {
  if (!first_) text_ += ',';
  first_ = false;
}

SecretJsonWriter& SecretJsonWriter::raw(std::string_view value) {
  PH_CHECK(text_.size() + value.size() <= room_, "a text with secrets outgrew its memory");
  text_ += value;
  return *this;
}

SecretJsonWriter& SecretJsonWriter::begin() {
  separate();
  first_ = true;
  return raw("{");
}

SecretJsonWriter& SecretJsonWriter::end() {
  first_ = false;
  return raw("}");
}

SecretJsonWriter& SecretJsonWriter::begin_list() {
  separate();
  first_ = true;
  return raw("[");
}

SecretJsonWriter& SecretJsonWriter::end_list() {
  first_ = false;
  return raw("]");
}

SecretJsonWriter& SecretJsonWriter::key(std::string_view name) {
  text(name).raw(":");
  first_ = true;
  return *this;
}

SecretJsonWriter& SecretJsonWriter::text(std::string_view value) {
  separate();
  PH_CHECK(text_.size() + value.size() * 6 + 2 <= room_, "a text with secrets outgrew its memory");
  append_json_text(text_, value);
  return *this;
}

SecretJsonWriter& SecretJsonWriter::truth(bool value) {
  separate();
  return raw(value ? "true" : "false");
}

SecretJsonWriter& SecretJsonWriter::null() {
  separate();
  return raw("null");
}

Bytes SecretJsonWriter::take() {
  Bytes bytes = to_bytes(text_);
  wipe(text_);
  text_.clear();
  return bytes;
}

Result<boost::json::value> parse_platform_json(const HttpAnswer& answer) {
  const boost::json::storage_ptr memory = boost::json::make_shared_resource<WipingMemory>();
  boost::json::parse_options options;
  options.max_depth = kDepthMax;
  boost::json::parser parser(memory, options);
  parser.reset(memory);
  boost::json::error_code error;
  parser.write(reinterpret_cast<const char*>(answer.body.data()), answer.body.size(), error);
  if (error) return not_published_shape("no JSON");
  return parser.release();
}

const boost::json::value* json_member(const boost::json::value* value, std::string_view name) {
  const boost::json::object* object = json_object(value);
  return object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
}

const boost::json::object* json_object(const boost::json::value* value) {
  return value == nullptr ? nullptr : value->if_object();
}

const boost::json::array* json_array(const boost::json::value* value) {
  return value == nullptr ? nullptr : value->if_array();
}

std::optional<std::string_view> json_text(const boost::json::value* value) {
  const boost::json::string* text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr) return std::nullopt;
  return std::string_view(text->data(), text->size());
}

Error not_published_shape(std::string_view what) {
  return {Code::kInvalid,
          "the answer is not in the shape the platform publishes: " + std::string(what)};
}

SecretJsonWriter& begin_graphql(SecretJsonWriter& json, std::string_view query) {
  return json.begin().field("query", query).key("variables").begin();
}

Result<const boost::json::value*> graphql_data(const boost::json::value& answer,
                                               std::string_view field) {
  const boost::json::value* data = json_member(json_member(&answer, "data"), field);
  if (data == nullptr) return not_published_shape("no data");
  return data;
}

PlatformResult judge_graphql(const HttpAnswer& answer) {
  const auto parsed = parse_platform_json(answer);
  // Errors come with statuses of all kinds, so the body is looked at first.
  if (parsed.ok()) {
    const boost::json::array* errors = json_array(json_member(&*parsed, "errors"));
    if (errors != nullptr && !errors->empty()) {
      const PlatformResult by_status = result_of_status(answer);
      const PlatformResult by_error = result_of_error(errors->front());
      return by_error == PlatformResult::kRefused && by_status != PlatformResult::kDone ? by_status
                                                                                        : by_error;
    }
  }
  const PlatformResult result = result_of_status(answer);
  if (result != PlatformResult::kDone) return result;
  if (!parsed.ok() || json_object(json_member(&*parsed, "data")) == nullptr) {
    return PlatformResult::kNotUnderstood;
  }
  return PlatformResult::kDone;
}

}  // namespace phantom
