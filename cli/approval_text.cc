#include "cli/approval_text.h"

#include "cli/secret_environment.h"
#include "events/clock.h"
#include "events/encoding.h"

#include <boost/json.hpp>

#include <array>
#include <cstdio>

namespace phantom {
namespace {

constexpr std::size_t kValueBytesMax = 300;

std::string member_line(std::string_view name, const boost::json::value& value, Length length) {
  const std::string text = boost::json::serialize(value);
  std::string line = "    " + visible_text(name) + " = ";
  if (length == Length::kFull || text.size() <= kValueBytesMax)
    return line + visible_text(text) + "\n";
  return line + visible_text(std::string_view(text).substr(0, kValueBytesMax)) + " ... (" +
         std::to_string(text.size()) + " bytes, cut; --full shows all)\n";
}

std::string joined(const std::vector<std::string>& items, const char* none) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + visible_text(item);
  return text.empty() ? none : text;
}

std::string row(const char* name, const std::string& value) {
  std::string line = "  ";
  line += name;
  line.resize(14, ' ');
  return line + value + "\n";
}

}  // namespace

std::string visible_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Character character = decode_utf8(text);
    if (character.length == 0) {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned char>(text[0]));
      out += code.data();
      text.remove_prefix(1);
      continue;
    }
    if (character.code == '\\') {
      out += "\\\\";
    } else if (character.code >= 0x20 && character.code < 0x7f) {
      out += static_cast<char>(character.code);
    } else {
      std::array<char, 16> code{};
      std::snprintf(code.data(), code.size(), "\\u{%04x}", static_cast<unsigned>(character.code));
      out += code.data();
    }
    text.remove_prefix(character.length);
  }
  return out;
}

std::string arguments_lines(std::string_view canonical, Length length) {
  boost::system::error_code code;
  const boost::json::value value = boost::json::parse(canonical, code);
  if (code || !value.is_object()) return "    " + visible_text(canonical) + "\n";
  std::string lines;
  for (const auto& member : value.get_object()) {
    lines += member_line(member.key(), member.value(), length);
  }
  return lines.empty() ? "    (none)\n" : lines;
}

std::string approval_page(const ShownApproval& shown, Length length) {
  const Approval& approval = *shown.approval;
  std::string page = row("Tool", visible_text(approval.tool));
  page += "  Arguments\n" + arguments_lines(shown.arguments, length);
  std::vector<std::string> secrets;
  for (const std::string& name : approval.secret_names) secrets.push_back(spoken_secret_name(name));
  page += row("Secrets", joined(secrets, "none"));
  page += row("Hosts", joined(approval.hosts, "none"));
  const ProcessChain& chain = shown.asker->chain;
  std::string who = approval.agent_tool.empty() ? "a program" : visible_text(approval.agent_tool);
  who += ", process " + std::to_string(chain[0].pid);
  if (chain.size() > 1) {
    who += " started by " + visible_text(chain[1].name) + " (process " +
           std::to_string(chain[1].pid) + ")";
  }
  page += row("Asked by", who);
  page += row("Session", visible_text(approval.session));
  page += row("Project", visible_text(approval.project));
  page += row("Asked", length_words(shown.now_ns - approval.asked_ns) + " ago");
  page += row("Answer", "within " + length_words(approval.expires_ns - shown.now_ns));
  page += row("Use", "once, within " + length_words(kGrantNs) + " of the answer");
  return page;
}

std::string length_words(std::int64_t ns) {
  const std::int64_t seconds = ns > 0 ? ns / kSecondNs : 0;
  const auto two = [](std::int64_t big, const char* big_unit, std::int64_t small,
                      const char* small_unit) {
    std::string text = std::to_string(big) + " " + big_unit;
    if (small > 0) text += " " + std::to_string(small) + " " + small_unit;
    return text;
  };
  if (seconds >= 86'400) return two(seconds / 86'400, "d", seconds % 86'400 / 3'600, "h");
  if (seconds >= 3'600) return two(seconds / 3'600, "h", seconds % 3'600 / 60, "min");
  if (seconds >= 60) return two(seconds / 60, "min", seconds % 60, "s");
  return std::to_string(seconds) + " s";
}

Result<std::int64_t> parse_length(std::string_view text) {
  const Error wrong{Code::kInvalid, "not a length of time: " + escape_terminal(text),
                    "write minutes, hours or days: 30m, 2h, 7d"};
  if (text.size() < 2) return wrong;
  std::int64_t unit = 0;
  switch (text.back()) {
    case 'm':
      unit = 60;
      break;
    case 'h':
      unit = 3'600;
      break;
    case 'd':
      unit = 86'400;
      break;
    default:
      return wrong;
  }
  const auto number = parse_decimal(text.substr(0, text.size() - 1));
  constexpr std::uint64_t kNumberMax = 100'000;
  if (!number || *number == 0 || *number > kNumberMax) return wrong;
  return static_cast<std::int64_t>(*number) * unit * kSecondNs;
}

}  // namespace phantom
