#include "proxy/config_edit.h"

#include "proxy/toml_text.h"

#include <algorithm>
#include <optional>

namespace phantom {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

Error in_config(Code code, const std::string& what, std::string hint = {}) {
  return Error{code, std::string(kConfigFile) + ": " + what, std::move(hint)};
}

Error by_hand(std::string_view service) {
  return in_config(Code::kUnsupported,
                   "the service \"" + std::string(service) +
                       "\" is not written as a table [services." + std::string(service) + "]",
                   "change it with an editor");
}

// Where toml++ says something stands, lines and columns of characters, as bytes of the text.
class Places {
 public:
  explicit Places(std::string_view text) : text_(text) {
    starts_.push_back(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string_view::npos;) {
      starts_.push_back(++at);
    }
  }

  std::size_t line_start(std::uint32_t line) const {
    return line == 0 || line > starts_.size() ? text_.size() : starts_[line - 1];
  }
  // Behind the line break, or at the end of the text.
  std::size_t line_end(std::uint32_t line) const {
    return line < starts_.size() ? starts_[line] : text_.size();
  }
  std::size_t offset(const toml::source_position& place) const {
    std::size_t at = line_start(place.line);
    for (std::uint32_t column = 1; column < place.column && at < text_.size(); ++column) {
      ++at;
      while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xc0) == 0x80) ++at;
    }
    return at;
  }
  bool is_blank(std::uint32_t line) const {
    if (line == 0 || line > starts_.size()) return false;
    const std::string_view content =
        text_.substr(line_start(line), line_end(line) - line_start(line));
    return content.find_first_not_of(" \t\r\n") == std::string_view::npos;
  }
  std::uint32_t lines() const { return static_cast<std::uint32_t>(starts_.size()); }

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
};

std::string toml_string(std::string_view value) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string text = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      text += "\\u00";
      text += kHex[byte >> 4];
      text += kHex[byte & 0xf];
    } else {
      text += c;
    }
  }
  return text + '"';
}

struct Splice {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string with;
};

// The text as it is, what it means, and the changes to both.
class Editor {
 public:
  static Result<Editor> open(std::string_view text) {
    PH_TRY(parse_config(text));
    PH_ASSIGN(toml::parse_result parsed, parse_toml(text));
    return Editor(text, std::move(parsed).table());
  }

  const toml::table* service(std::string_view name) const {
    return wanted_["services"][name].as_table();
  }

  // The header "[services.NAME]" of it; none when it is written in another way.
  std::optional<std::uint32_t> header_line(std::string_view name) const {
    const toml::table* table = service(name);
    if (table == nullptr || table->is_inline()) return std::nullopt;
    const std::size_t at = places_.offset(table->source().begin);
    if (at >= text_.size() || text_[at] != '[') return std::nullopt;
    return table->source().begin.line;
  }

  Status put(std::string_view name, std::string_view key, std::string_view value) {
    const toml::table* table = service(name);
    const toml::node* old = table->get(key);
    if (old == nullptr) {
      const auto header = header_line(name);
      if (!header) return by_hand(name);
      const std::uint32_t last = last_line(*table, *header);
      std::string line(key);
      line += " = " + toml_string(value) + break_;
      const std::size_t at = places_.line_end(last);
      if (at > 0 && text_[at - 1] != '\n')
        line = break_ + line.substr(0, line.size() - break_.size());
      splices_.push_back({at, at, std::move(line)});
    } else if (old->value<std::string_view>() == value) {
      return {};
    } else {
      const std::size_t begin = places_.offset(old->source().begin);
      const std::size_t end = places_.offset(old->source().end);
      splices_.push_back({begin, end, toml_string(value)});
    }
    mark(name, key);
    puts_.emplace_back(std::string(name), std::string(key), std::string(value));
    return {};
  }

  Status take(std::string_view name, std::string_view key) {
    const toml::table* table = service(name);
    const auto header = header_line(name);
    if (!header) return by_hand(name);
    for (const auto& [existing, node] : *table) {
      if (existing.str() != key) continue;
      splices_.push_back({places_.line_start(existing.source().begin.line),
                          places_.line_end(node.source().end.line), ""});
    }
    mark(name, key);
    takes_.emplace_back(std::string(name), std::string(key));
    return {};
  }

  void append(const ServiceText& service) {
    std::string lines;
    if (!text_.empty() && !text_.ends_with('\n')) lines += break_;
    if (!text_.empty()) lines += break_;
    lines += "[services." + service.name + "]" + break_;
    for (const auto& [key, value] : service.values) {
      lines += key + " = " + toml_string(value) + break_;
      mark(service.name, key);
      puts_.emplace_back(service.name, key, value);
    }
    splices_.push_back({text_.size(), text_.size(), std::move(lines)});
  }

  Status remove(std::string_view name) {
    const toml::table* table = service(name);
    const auto header = header_line(name);
    if (!header) return by_hand(name);
    std::uint32_t first = *header;
    const std::uint32_t last = last_line(*table, *header);
    // The blank line that set it off goes with it.
    const bool at_end = places_.line_end(last) == text_.size();
    if (first > 1 && places_.is_blank(first - 1) && (at_end || places_.is_blank(last + 1))) {
      --first;
    }
    splices_.push_back({places_.line_start(first), places_.line_end(last), ""});
    for (const auto& [key, node] : *table) mark(name, key.str());
    removed_ = std::string(name);
    return {};
  }

  Result<EditedConfig> finish() {
    EditedConfig edited;
    edited.text = std::string(text_);
    std::stable_sort(splices_.begin(), splices_.end(),
                     [](const Splice& a, const Splice& b) { return a.begin < b.begin; });
    // From the end, so that offsets stay true. Insertions at one place keep their order.
    for (auto splice = splices_.rbegin(); splice != splices_.rend(); ++splice) {
      edited.text.replace(splice->begin, splice->end - splice->begin, splice->with);
    }
    PH_ASSIGN(edited.config, parse_config(edited.text));
    PH_ASSIGN(const toml::parse_result parsed, parse_toml(edited.text));
    apply_to_meaning();
    if (!(parsed.table() == wanted_)) {
      return in_config(Code::kUnsupported, "the change does not come out as it was meant",
                       "change it with an editor");
    }
    std::sort(keys_.begin(), keys_.end());
    edited.keys = std::move(keys_);
    return edited;
  }

 private:
  Editor(std::string_view text, toml::table meaning)
      : text_(text),
        places_(text),
        wanted_(std::move(meaning)),
        break_(text.find("\r\n") != std::string_view::npos ? "\r\n" : "\n") {}

  static std::uint32_t last_line(const toml::table& table, std::uint32_t header) {
    std::uint32_t last = header;
    for (const auto& [key, node] : table) last = std::max(last, node.source().end.line);
    return last;
  }

  void mark(std::string_view name, std::string_view key) {
    std::string dotted = "services." + std::string(name) + "." + std::string(key);
    if (std::find(keys_.begin(), keys_.end(), dotted) == keys_.end()) {
      keys_.push_back(std::move(dotted));
    }
  }

  void apply_to_meaning() {
    if (!wanted_.contains("services")) wanted_.insert("services", toml::table{});
    toml::table& services = *wanted_["services"].as_table();
    if (removed_) {
      services.erase(*removed_);
      // The last [services.NAME] takes the table of tables with it.
      if (services.empty()) wanted_.erase("services");
      return;
    }
    for (const auto& [name, key, value] : puts_) {
      if (!services.contains(name)) services.insert(name, toml::table{});
      services[name].as_table()->insert_or_assign(key, value);
    }
    for (const auto& [name, key] : takes_) services[name].as_table()->erase(key);
  }

  std::string_view text_;
  Places places_;
  toml::table wanted_;
  std::string break_;
  std::vector<Splice> splices_;
  std::vector<std::tuple<std::string, std::string, std::string>> puts_;
  std::vector<std::pair<std::string, std::string>> takes_;
  std::optional<std::string> removed_;
  std::vector<std::string> keys_;
};

Error no_such_service(std::string_view name) {
  return in_config(Code::kNotFound, "there is no service \"" + std::string(name) + "\"");
}

}  // namespace

Result<EditedConfig> add_service(std::string_view text, const ServiceText& service) {
  PH_ASSIGN(Editor editor, Editor::open(text));
  if (editor.service(service.name) != nullptr) {
    return in_config(Code::kExists, "there is a service \"" + service.name + "\" already",
                     "replace it with --replace");
  }
  editor.append(service);
  return editor.finish();
}

Result<EditedConfig> replace_service(std::string_view text, const ServiceText& service) {
  PH_ASSIGN(Editor editor, Editor::open(text));
  const toml::table* old = editor.service(service.name);
  if (old == nullptr) return no_such_service(service.name);
  for (const auto& [key, node] : *old) {
    const bool kept =
        std::any_of(service.values.begin(), service.values.end(),
                    [name = key.str()](const auto& value) { return value.first == name; });
    if (!kept) PH_TRY(editor.take(service.name, key.str()));
  }
  for (const auto& [key, value] : service.values) PH_TRY(editor.put(service.name, key, value));
  return editor.finish();
}

Result<EditedConfig> remove_service(std::string_view text, std::string_view name) {
  PH_ASSIGN(Editor editor, Editor::open(text));
  if (editor.service(name) == nullptr) return no_such_service(name);
  PH_TRY(editor.remove(name));
  return editor.finish();
}

Result<EditedConfig> set_service_key(std::string_view text, std::string_view service,
                                     std::string_view key, std::string_view value) {
  PH_ASSIGN(Editor editor, Editor::open(text));
  if (editor.service(service) == nullptr) return no_such_service(service);
  PH_TRY(editor.put(service, key, value));
  return editor.finish();
}

}  // namespace phantom
