#include "cli/json_edit.h"

#include "cli/json_places.h"
#include "events/encoding.h"

#include <algorithm>
#include <optional>

namespace phantom {
namespace {

using Kind = JsonPlace::Kind;

// A stretch of the text and what comes in its place.
struct Change {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string with = {};
};

std::string changed(std::string_view text, std::vector<Change> changes) {
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.begin < b.begin; });
  std::string out;
  std::size_t copied = 0;
  for (const Change& change : changes) {
    PH_CHECK(change.begin >= copied, "changes of a JSON text overlap");
    out += text.substr(copied, change.begin - copied);
    out += change.with;
    copied = change.end;
  }
  out += text.substr(copied);
  return out;
}

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_line_end(char c) { return c == '\r' || c == '\n'; }

// Where the blanks in front of `at` begin.
std::size_t blanks_before(std::string_view text, std::size_t at) {
  while (at > 0 && (is_space(text[at - 1]) || is_line_end(text[at - 1]))) --at;
  return at;
}

// The blanks with which the line of `at` begins.
std::string_view line_indent(std::string_view text, std::size_t at) {
  const std::size_t before = text.substr(0, at).find_last_of('\n');
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  std::size_t end = begin;
  while (end < at && is_space(text[end])) ++end;
  return text.substr(begin, end - begin);
}

bool begins_its_line(std::string_view text, std::size_t at) {
  const std::size_t begin = blanks_before(text, at);
  return text.substr(begin, at - begin).find('\n') != std::string_view::npos;
}

// How a text is laid out, by what stands in it.
struct Style {
  std::string newline = "\n";
  std::string unit = "  ";
  std::string colon = ": ";
  bool lines = true;  // a member a line
};

// The first object within whose members begin lines says how deep a level is.
bool find_unit(std::string_view text, const JsonPlace& place, std::string& unit) {
  if (place.kind == Kind::kObject && !place.items.empty() &&
      begins_its_line(text, place.names.front().begin)) {
    const std::string_view outer = line_indent(text, place.begin);
    const std::string_view inner = line_indent(text, place.names.front().begin);
    if (inner.size() > outer.size()) {
      unit = inner.substr(outer.size());
      return true;
    }
  }
  return std::any_of(place.items.begin(), place.items.end(),
                     [&](const JsonPlace& item) { return find_unit(text, item, unit); });
}

Style style_of(std::string_view text, const JsonPlace& root, const JsonPlace& object) {
  Style style;
  const std::size_t line = text.find('\n');
  if (line != std::string_view::npos && line > 0 && text[line - 1] == '\r') style.newline = "\r\n";
  find_unit(text, root, style.unit);
  const JsonPlace& like = object.items.empty() ? root : object;
  if (like.items.empty()) return style;
  const JsonPlace::Name& name = like.names.back();
  style.lines = begins_its_line(text, name.begin);
  const std::string_view colon = text.substr(name.end, like.items.back().begin - name.end);
  if (colon.find_first_not_of(": \t") == std::string_view::npos) style.colon = colon;
  return style;
}

void lay_out(std::string& out, std::string_view text, const JsonPlace& place, const Style& style,
             const std::string& indent) {
  if (place.kind == Kind::kScalar || place.items.empty()) {
    out += json_without_blanks(text, place);
    return;
  }
  const bool object = place.kind == Kind::kObject;
  const bool lines = object && style.lines;
  const bool tight = !style.lines && style.colon == ":";
  const std::string deeper = indent + style.unit;
  out += object ? '{' : '[';
  for (std::size_t i = 0; i < place.items.size(); ++i) {
    if (i > 0) out += lines || tight ? "," : ", ";
    if (lines) out += style.newline + deeper;
    if (object) {
      const JsonPlace::Name& name = place.names[i];
      out += text.substr(name.begin, name.end - name.begin);
      out += style.colon;
    }
    lay_out(out, text, place.items[i], style, deeper);
  }
  if (lines) out += style.newline + indent;
  out += object ? '}' : ']';
}

Result<std::optional<std::size_t>> find_member(const JsonPlace& object, std::string_view name) {
  if (object.kind != Kind::kObject) {
    return Error{Code::kInvalid,
                 escape_terminal(name) + " is sought in something that is no object"};
  }
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < object.names.size(); ++i) {
    if (object.names[i].text != name) continue;
    if (found) return Error{Code::kInvalid, escape_terminal(name) + " is there twice"};
    found = i;
  }
  return found;
}

// As far as the path exists: the innermost object, and how many names led there.
struct Reached {
  const JsonPlace* place = nullptr;
  std::size_t depth = 0;
};

Result<Reached> walk(const JsonPlace& root, const JsonPath& path, std::size_t depth_max) {
  Reached reached{&root};
  while (reached.depth < depth_max) {
    PH_ASSIGN(const auto index, find_member(*reached.place, path[reached.depth]));
    if (!index) break;
    reached.place = &reached.place->items[*index];
    ++reached.depth;
  }
  return reached;
}

Error not_there(const JsonPath& path) {
  std::string name;
  for (const std::string& each : path) name += (name.empty() ? "" : ".") + each;
  return {Code::kNotFound, escape_terminal(name) + " is not there"};
}

Result<Reached> walk_all(const JsonPlace& root, const JsonPath& path) {
  PH_ASSIGN(const Reached reached, walk(root, path, path.size()));
  if (reached.depth < path.size()) return not_there(path);
  return reached;
}

// Past a comment on the same line, or `at`: what is said behind a member is said about it.
struct Remark {
  std::size_t end = 0;
  bool ends_line = false;
};
Remark remark_behind(std::string_view text, std::size_t at) {
  Remark remark{at};
  for (;;) {
    std::size_t next = remark.end;
    while (next < text.size() && is_space(text[next])) ++next;
    const std::string_view rest = text.substr(next);
    if (rest.starts_with("//")) {
      remark.end = std::min(text.find_first_of("\r\n", next), text.size());
      remark.ends_line = true;
      return remark;
    }
    if (!rest.starts_with("/*")) return remark;
    remark.end = text.find("*/", next + 2) + 2;
  }
}

// Whether the last thing of a stretch of blanks and comments is a comment that ends with its line.
bool ends_in_line_comment(std::string_view text, std::size_t at, std::size_t end) {
  bool line = false;
  while (at < end) {
    if (is_space(text[at]) || is_line_end(text[at])) {
      ++at;
      continue;
    }
    line = text.substr(at).starts_with("//");
    at = line ? text.find_first_of("\r\n", at) : text.find("*/", at + 2) + 2;
  }
  return line;
}

std::string member_text(std::string_view name, std::string_view colon, std::string_view value) {
  std::string out;
  append_json_text(out, name);
  return out.append(colon).append(value);
}

std::vector<Change> insert_changes(std::string_view text, const JsonPlace& object,
                                   std::string_view name, std::string_view value_text,
                                   const JsonPlace& value, const Style& style) {
  std::string laid_out;
  if (object.items.empty()) {
    const std::string outer(line_indent(text, object.begin));
    const std::string inner = outer + style.unit;
    lay_out(laid_out, value_text, value, style, inner);
    const std::string member = member_text(name, style.colon, laid_out);
    const std::size_t close = object.end - 1;
    const std::size_t blanks = std::max(blanks_before(text, close), object.begin + 1);
    const bool only_blanks = blanks == object.begin + 1;
    // Behind a comment there has to be a new line, whatever the style.
    if (!style.lines && only_blanks) return {{blanks, close, member}};
    return {{blanks, close, style.newline + inner + member + style.newline + outer}};
  }
  const JsonPlace::Name& last_name = object.names.back();
  const JsonPlace& last = object.items.back();
  const std::string indent(line_indent(text, last_name.begin));
  lay_out(laid_out, value_text, value, style, indent);
  const std::string member = member_text(name, style.colon, laid_out);
  const std::optional<std::size_t> comma = object.commas.back();
  const Remark remark = remark_behind(text, comma ? *comma + 1 : last.end);
  std::string gap = style.colon == ":" ? "" : " ";
  if (style.lines || remark.ends_line) {
    gap = style.newline + indent;
  } else if (object.items.size() > 1) {
    const std::size_t begin = blanks_before(text, last_name.begin);
    gap = text.substr(begin, last_name.begin - begin);
  }
  if (comma) return {{remark.end, remark.end, gap + member + ","}};
  return {{last.end, last.end, ","}, {remark.end, remark.end, gap + member}};
}

// Whether two texts say the same but for the member at `path`, which is to be `value` afterwards.
bool same_but(std::string_view before_text, const JsonPlace* before, std::string_view after_text,
              const JsonPlace* after, const JsonPath& path, std::size_t depth,
              const std::optional<std::string>& value) {
  if (depth == path.size()) {
    if (after == nullptr || !value) return after == nullptr && !value;
    return json_without_blanks(after_text, *after) == *value;
  }
  if (after == nullptr || after->kind != Kind::kObject) return false;
  const auto others = [&](std::string_view text, const JsonPlace* object, const JsonPlace*& named) {
    std::string out;
    for (std::size_t i = 0; object != nullptr && i < object->items.size(); ++i) {
      const JsonPlace::Name& name = object->names[i];
      if (name.text == path[depth]) {
        named = &object->items[i];
        continue;
      }
      out += text.substr(name.begin, name.end - name.begin);
      out += ':' + json_without_blanks(text, object->items[i]) + ',';
    }
    return out;
  };
  const JsonPlace* before_named = nullptr;
  const JsonPlace* after_named = nullptr;
  return others(before_text, before, before_named) == others(after_text, after, after_named) &&
         same_but(before_text, before_named, after_text, after_named, path, depth + 1, value);
}

// The way out of this file: nothing leaves it that does not say what it should.
Result<std::string> checked(std::string_view before_text, const JsonPlace& before,
                            std::string after_text, const JsonPath& path, JsonDialect dialect,
                            const std::optional<std::string>& value) {
  const Result<JsonPlace> after = parse_json_places(after_text, dialect);
  if (!after.ok() || !same_but(before_text, &before, after_text, &*after, path, 0, value)) {
    return Error{Code::kInternal,
                 "an edit of JSON did not come out as it should; nothing was changed"};
  }
  return after_text;
}

Result<std::string> remove_one(std::string_view text, const JsonPlace& root, const JsonPath& path,
                               JsonDialect dialect) {
  const JsonPath parents(path.begin(), path.end() - 1);
  PH_ASSIGN(const Reached parent, walk_all(root, parents));
  const JsonPlace& object = *parent.place;
  PH_ASSIGN(const auto index, find_member(object, path.back()));
  if (!index) return not_there(path);
  const JsonPlace& item = object.items[*index];
  const std::size_t name_begin = object.names[*index].begin;
  const std::size_t behind_previous =
      *index == 0 ? object.begin + 1 : *object.commas[*index - 1] + 1;
  std::vector<Change> changes;
  Change gone{name_begin, item.end};
  const std::optional<std::size_t> comma = object.commas[*index];
  if (comma && blanks_before(text, *comma) == item.end) {
    gone.end = *comma + 1;
  } else if (comma) {
    changes.push_back({*comma, *comma + 1});
  } else if (*index > 0) {
    const std::size_t before = *object.commas[*index - 1];
    changes.push_back({before, before + 1});
  }
  const Remark remark = remark_behind(text, gone.end);
  if (remark.end != gone.end) {
    // A comment behind the member takes its place in the line.
    while (gone.end < text.size() && is_space(text[gone.end])) ++gone.end;
  } else {
    gone.begin = blanks_before(text, name_begin);
    const bool first = gone.begin == object.begin + 1;
    const bool emptied = first && object.items.size() == 1;
    if (emptied && blanks_before(text, object.end - 1) <= gone.end) gone.end = object.end - 1;
    const bool line_follows = gone.end < text.size() && is_line_end(text[gone.end]);
    if (first && !emptied && !line_follows) {
      // {"a": 1, "b": 2}: the blanks behind the comma go instead of those before the name.
      gone.begin = name_begin;
      while (gone.end < text.size() && is_space(text[gone.end])) ++gone.end;
    } else if (!line_follows && ends_in_line_comment(text, behind_previous, gone.begin)) {
      gone.begin = name_begin;
      while (gone.end < text.size() && is_space(text[gone.end])) ++gone.end;
    }
  }
  changes.push_back(std::move(gone));
  return checked(text, root, changed(text, std::move(changes)), path, dialect, std::nullopt);
}

bool is_bare(std::string_view text, const JsonPlace& object) {
  return object.items.empty() && blanks_before(text, object.end - 1) <= object.begin + 1;
}

}  // namespace

Result<std::vector<JsonMember>> json_members(std::string_view text, const JsonPath& object,
                                             JsonDialect dialect) {
  PH_ASSIGN(const JsonPlace root, parse_json_places(text, dialect));
  PH_ASSIGN(const Reached reached, walk_all(root, object));
  if (reached.place->kind != Kind::kObject) {
    return Error{Code::kInvalid,
                 (object.empty() ? "the JSON" : escape_terminal(object.back())) + " is no object"};
  }
  std::vector<JsonMember> members;
  for (std::size_t i = 0; i < reached.place->items.size(); ++i) {
    const JsonPlace::Name& name = reached.place->names[i];
    const JsonPlace& value = reached.place->items[i];
    members.push_back({name.text, name.begin, name.end, value.begin, value.end});
  }
  return members;
}

Result<std::string> json_value(std::string_view text, const JsonPath& member, JsonDialect dialect) {
  PH_ASSIGN(const JsonPlace root, parse_json_places(text, dialect));
  PH_ASSIGN(const Reached reached, walk_all(root, member));
  return json_without_blanks(text, *reached.place);
}

Result<std::string> set_json_member(std::string_view text, const JsonPath& member,
                                    std::string_view value, JsonDialect dialect) {
  PH_CHECK(!member.empty(), "the outermost object is not set");
  PH_ASSIGN(const JsonPlace root, parse_json_places(text, dialect));
  PH_ASSIGN(const JsonPlace value_place, parse_json_places(value, JsonDialect::kStrict));
  const std::string wanted = json_without_blanks(value, value_place);
  PH_ASSIGN(const Reached object, walk(root, member, member.size() - 1));
  PH_ASSIGN(const auto index, find_member(*object.place, member[object.depth]));
  const Style style = style_of(text, root, *object.place);
  std::vector<Change> changes;
  if (index) {
    const JsonPlace& old = object.place->items[*index];
    if (json_without_blanks(text, old) == wanted) return std::string(text);
    const std::string indent(line_indent(text, object.place->names[*index].begin));
    Change change{old.begin, old.end};
    lay_out(change.with, value, value_place, style, indent);
    changes.push_back(std::move(change));
  } else {
    // Objects that are missing on the way come with the value.
    std::string nested = wanted;
    for (std::size_t i = member.size() - 1; i > object.depth; --i) {
      std::string outer = "{";
      append_json_text(outer, member[i]);
      nested = outer + ":" + nested + "}";
    }
    PH_ASSIGN(const JsonPlace nested_place, parse_json_places(nested, JsonDialect::kStrict));
    changes =
        insert_changes(text, *object.place, member[object.depth], nested, nested_place, style);
  }
  return checked(text, root, changed(text, std::move(changes)), member, dialect, wanted);
}

Result<std::string> remove_json_member(std::string_view text, const JsonPath& member,
                                       JsonDialect dialect, EmptyParents parents) {
  PH_CHECK(!member.empty(), "the outermost object is not removed");
  JsonPath path = member;
  PH_ASSIGN(JsonPlace root, parse_json_places(text, dialect));
  PH_ASSIGN(std::string out, remove_one(text, root, path, dialect));
  while (parents == EmptyParents::kRemove && path.size() > 1) {
    path.pop_back();
    PH_ASSIGN(root, parse_json_places(out, dialect));
    PH_ASSIGN(const Reached parent, walk_all(root, path));
    if (!is_bare(out, *parent.place)) break;
    PH_ASSIGN(out, remove_one(out, root, path, dialect));
  }
  return out;
}

}  // namespace phantom
