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

// Writes one JSON text in order: SecretJsonWriter(n).begin().field("key", name)...end().take().
class SecretJsonWriter {
 public:
  // Room for `secret_bytes` bytes of values and some names. It never grows, because growing would
  // leave a copy behind; names must fit into 16 KiB.
  explicit SecretJsonWriter(std::size_t secret_bytes);
  ~SecretJsonWriter();
  SecretJsonWriter(const SecretJsonWriter&) = delete;
  SecretJsonWriter& operator=(const SecretJsonWriter&) = delete;

  SecretJsonWriter& begin();
  SecretJsonWriter& end();
  SecretJsonWriter& begin_list();
  SecretJsonWriter& end_list();
  SecretJsonWriter& key(std::string_view name);
  SecretJsonWriter& text(std::string_view value);
  SecretJsonWriter& truth(bool value);
  SecretJsonWriter& null();
  SecretJsonWriter& field(std::string_view name, std::string_view value) {
    return key(name).text(value);
  }

  // The text; whoever sends it wipes it.
  Bytes take();

 private:
  SecretJsonWriter& raw(std::string_view value);
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
SecretJsonWriter& begin_graphql(SecretJsonWriter& json, std::string_view query);
// data.<field> of an answer without errors. kInvalid otherwise.
Result<const boost::json::value*> graphql_data(const boost::json::value& answer,
                                               std::string_view field);
// kDone only for a 2xx with data and without errors.
enum class PlatformResult;
PlatformResult judge_graphql(const HttpAnswer& answer);

}  // namespace phantom
