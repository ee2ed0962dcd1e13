#pragma once
// JSON with values of secrets in it: written into memory that is wiped, read into memory that is.

#include "events/result.h"
#include "ledger/secret_bytes.h"
#include "proxy/http_client.h"

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace phantom {

// Writes one JSON text in order: SecretJson(n).begin().field("key", name)...end().take().
class SecretJson {
 public:
  // Room for `secret_bytes` bytes of values and some names. It never grows, because growing would
  // leave a copy behind; names must fit into 16 KiB.
  explicit SecretJson(std::size_t secret_bytes);
  ~SecretJson();
  SecretJson(const SecretJson&) = delete;
  SecretJson& operator=(const SecretJson&) = delete;

  SecretJson& begin();
  SecretJson& end();
  SecretJson& begin_list();
  SecretJson& end_list();
  SecretJson& key(std::string_view name);
  SecretJson& text(std::string_view value);
  SecretJson& truth(bool value);
  SecretJson& null();
  SecretJson& field(std::string_view name, std::string_view value) { return key(name).text(value); }

  // The text; whoever sends it wipes it.
  Bytes take();

 private:
  SecretJson& raw(std::string_view value);
  void separate();

  std::string text_;
  std::size_t room_;
  bool first_ = true;
};

// Its memory is overwritten when it is freed. kInvalid for what is no JSON, or too deep.
Result<boost::json::value> parse_platform_json(const HttpAnswer& answer);

// Null unless `value` is an object that has the member, of that kind.
const boost::json::value* json_member(const boost::json::value* value, std::string_view name);
const boost::json::object* json_object(const boost::json::value* value);
const boost::json::array* json_array(const boost::json::value* value);
std::optional<std::string_view> json_text(const boost::json::value* value);

Error not_published_shape(std::string_view what);

// {"query": ..., "variables": ...} up to the variables, which the caller writes.
SecretJson& begin_graphql(SecretJson& json, std::string_view query);
// data.<field> of an answer without errors. kInvalid otherwise.
Result<const boost::json::value*> graphql_data(const boost::json::value& answer,
                                               std::string_view field);
// kDone only for a 2xx with data and without errors.
enum class PlatformResult;
PlatformResult judge_graphql(const HttpAnswer& answer);

}  // namespace phantom
