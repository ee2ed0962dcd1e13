#include "events/entry_filter.h"

#include "events/catalog.h"
#include "events/encoding.h"
#include "events/render.h"
#include "events/tags.h"

#include <algorithm>
#include <chrono>

namespace phantom {
namespace {

// Reads exactly `width` digits and moves past them.
std::optional<int> take_digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  // Beyond these years a time in ns does not fit.
  if (!date.ok() || *year < 1970 || *year > 2261) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::optional<std::chrono::nanoseconds> take_fraction(std::string_view& text) {
  std::int64_t value = 0;
  int digits = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9' && digits < 9) {
    value = value * 10 + (text[0] - '0');
    text.remove_prefix(1);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) value *= 10;
  return std::chrono::nanoseconds(value);
}

std::optional<std::chrono::minutes> take_zone(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return std::chrono::minutes(0);
  const bool east = take(text, '+');
  if (!east && !take(text, '-')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || !take(text, ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return east ? offset : -offset;
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  const auto date = take_date(text);
  if (!date) return std::nullopt;
  std::chrono::nanoseconds time = date->time_since_epoch();
  if (text.empty()) return time.count();
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  time += std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  if (take(text, '.')) {
    const auto fraction = take_fraction(text);
    if (!fraction) return std::nullopt;
    time += *fraction;
  }
  if (text.empty()) return time.count();
  const auto zone = take_zone(text);
  if (!zone || !text.empty()) return std::nullopt;
  return (time - *zone).count();
}

bool type_fits(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

bool equals(const flatbuffers::String* text, std::string_view wanted) {
  return text != nullptr && text->string_view() == wanted;
}

// Secret tags carry the project; a name without one stands for that secret of every project. What
// has a slash in it begins with a project: `demo/prod/KEY` is KEY in the environment prod of demo.
bool has_secret(const schema::Entry& entry, std::string_view name) {
  if (entry.tags() == nullptr) return false;
  const bool with_project = name.find('/') != std::string_view::npos;
  return std::any_of(entry.tags()->begin(), entry.tags()->end(), [&](const schema::Tag* tag) {
    const std::string_view text = tag->name()->string_view();
    if (!text.starts_with("secret:")) return false;
    const std::string_view whole = text.substr(sizeof("secret:") - 1);
    const std::size_t slash = whole.find('/');
    if (whole == name) return true;
    return !with_project && slash != std::string_view::npos && whole.substr(slash + 1) == name;
  });
}

bool at_or_after(const schema::Entry& entry, const LogPoint& point) {
  if (const auto* seq = std::get_if<SeqPoint>(&point)) return entry.seq() >= seq->seq;
  return entry.time_ns() >= std::get<TimePoint>(point).time_ns;
}

void append_word(std::string& out, std::string_view key, std::string_view value) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  if (value.empty()) return;
  if (!out.empty()) out += ' ';
  (out += key) += '=';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '%') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
}

std::string point_text(const std::optional<LogPoint>& point) {
  if (!point) return "";
  if (const auto* seq = std::get_if<SeqPoint>(&*point)) return std::to_string(seq->seq);
  return "@" + std::to_string(std::get<TimePoint>(*point).time_ns);
}

std::optional<LogPoint> point_of(std::string_view text) {
  const bool time = text.starts_with('@');
  const auto number = parse_decimal(text.substr(time ? 1 : 0));
  if (!number) return std::nullopt;
  if (!time) return LogPoint{SeqPoint{*number}};
  return LogPoint{TimePoint{static_cast<std::int64_t>(*number)}};
}

// None when an escape is cut off or no hexadecimal.
std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    std::string digits(text.substr(i + 1, 2));
    for (char& c : digits) {
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    }
    const auto byte = from_hex(digits);
    if (!byte || byte->size() != 1) return std::nullopt;
    out += static_cast<char>((*byte)[0]);
    i += 2;
  }
  return out;
}

// False when the word means nothing.
bool take_word(EntryFilter& filter, std::string_view key, const std::string& value) {
  if (key == "from") {
    filter.from = point_of(value);
    return filter.from.has_value();
  }
  if (key == "to") {
    filter.to = point_of(value);
    return filter.to.has_value();
  }
  if (key == "type") {
    filter.types.push_back(value);
    return true;
  }
  std::string* const target = key == "session"   ? &filter.session
                              : key == "secret"  ? &filter.secret
                              : key == "project" ? &filter.project
                              : key == "actor"   ? &filter.actor
                              : key == "outcome" ? &filter.outcome
                                                 : nullptr;
  if (target == nullptr) return false;
  *target = value;
  return true;
}

}  // namespace

std::string query_text(const EntryFilter& filter) {
  std::string out;
  append_word(out, "from", point_text(filter.from));
  append_word(out, "to", point_text(filter.to));
  std::vector<std::string> types = filter.types;
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  for (const std::string& type : types) append_word(out, "type", type);
  append_word(out, "session", filter.session);
  append_word(out, "secret", filter.secret);
  append_word(out, "project", filter.project);
  append_word(out, "actor", filter.actor);
  append_word(out, "outcome", filter.outcome);
  return out;
}

Result<EntryFilter> parse_query(std::string_view text) {
  const Error bad{Code::kInvalid, "\"" + escape_terminal(text) + "\" is no query"};
  EntryFilter filter;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals_at = word.find('=');
    if (equals_at == std::string_view::npos) return bad;
    const auto value = unescaped(word.substr(equals_at + 1));
    if (!value || !take_word(filter, word.substr(0, equals_at), *value)) return bad;
  }
  // One form for one question: order, repeats and escapes included.
  if (query_text(filter) != text) return bad;
  return filter;
}

Result<LogPoint> parse_log_point(std::string_view text) {
  if (const auto seq = parse_decimal(text)) return LogPoint{SeqPoint{*seq}};
  if (const auto time_ns = parse_time(text)) return LogPoint{TimePoint{*time_ns}};
  return Error{Code::kInvalid,
               "\"" + escape_terminal(text) + "\" is neither an event number nor a time",
               "a time is written 2026-11-23 or 2026-11-23T18:16:00Z"};
}

bool EntryFilter::matches(const schema::Entry& entry) const {
  if (from && !at_or_after(entry, *from)) return false;
  if (to && at_or_after(entry, *to)) return false;
  if (!types.empty()) {
    const EventInfo* info = find_event(entry.type());
    const bool wanted = info != nullptr && std::any_of(types.begin(), types.end(), [&](auto& type) {
                          return type_fits(type, info->name);
                        });
    if (!wanted) return false;
  }
  if (!session.empty() && !equals(entry.session(), session)) return false;
  if (!project.empty() && !equals(entry.project(), project)) return false;
  if (!secret.empty() && !has_secret(entry, secret)) return false;
  if (!actor.empty() && !equals(entry.actor_id(), actor) && !equals(entry.agent_tool(), actor) &&
      actor != actor_kind_name(entry.actor_kind())) {
    return false;
  }
  return outcome.empty() || outcome == outcome_name(entry.outcome());
}

std::pair<Seq, Seq> seq_range(const EntryFilter& filter, std::uint64_t size) {
  Seq from = 0;
  Seq to = size;
  if (filter.from) {
    if (const auto* point = std::get_if<SeqPoint>(&*filter.from)) from = point->seq;
  }
  if (filter.to) {
    if (const auto* point = std::get_if<SeqPoint>(&*filter.to)) to = std::min(to, point->seq);
  }
  return {std::min(from, to), to};
}

Status check_filter(const EntryFilter& filter) {
  for (const std::string& type : filter.types) {
    const bool known = std::any_of(catalog().begin(), catalog().end(), [&](const EventInfo& info) {
      return type_fits(type, info.name);
    });
    if (!known) {
      return Error{Code::kInvalid, "no event is of type " + escape_terminal(type),
                   "docs/EVENTS.md lists the types; proxy.* stands for all that start so"};
    }
  }
  return {};
}

}  // namespace phantom
