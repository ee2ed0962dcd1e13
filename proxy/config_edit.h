#pragma once
// Changes to the text of a `.phantom.toml` that leave every byte alone they are not about:
// comments, order, blank lines, line ends. Pure. Every result is parsed again, and is only returned
// when it says exactly what was asked for and nothing else changed its meaning.
//
// A service is changed where it is written as a table of its own, [services.NAME]. Values can be
// replaced wherever they stand; for the rest kUnsupported says to edit by hand.

#include "proxy/config.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantom {

struct ServiceText {
  std::string name;
  std::vector<std::pair<std::string, std::string>> values;  // key and value, in the order to write
};

struct EditedConfig {
  std::string text;
  ProjectConfig config;
  std::vector<std::string> keys;  // that changed, dotted: services.openai.host
};

// All of them: kInvalid, with the line, when the text before or after is no configuration.

// At the end of the text, after a blank line. kExists.
Result<EditedConfig> add_service(std::string_view text, const ServiceText& service);

// Exactly these keys afterwards: values are replaced, missing keys put in, others taken out.
// kNotFound.
Result<EditedConfig> replace_service(std::string_view text, const ServiceText& service);

// With its header, its keys and what stands between them; comments above and below stay. kNotFound.
Result<EditedConfig> remove_service(std::string_view text, std::string_view name);

// Puts one key of a service in, or replaces its value. kNotFound: there is no such service.
Result<EditedConfig> set_service_key(std::string_view text, std::string_view service,
                                     std::string_view key, std::string_view value);

}  // namespace phantom
