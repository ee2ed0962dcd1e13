#include "ledger/anchor_policy.h"

#include "events/encoding.h"

#include <algorithm>
#include <limits>
#include <set>

namespace phantom {
namespace {

constexpr std::size_t kPolicyBytesMax = 64 * 1024;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kItemsMax = 256;  // anchors, groups, logs: each
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

using Words = std::vector<std::string>;

Error invalid(std::string message) { return {Code::kInvalid, std::move(message)}; }

bool is_policy_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || byte == '\n' || (byte >= 0x20 && byte != 0x7f);
}

Words words_of(std::string_view line) {
  Words words;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t start = line.find_first_not_of(" \t", at);
    if (start == std::string_view::npos) break;
    const std::size_t end = std::min(line.find_first_of(" \t", start), line.size());
    words.emplace_back(line.substr(start, end - start));
    at = end;
  }
  return words;
}

std::string in_quotes(std::string_view text) { return "\"" + escape_terminal(text) + "\""; }

// What the rest of an anchor line says, by kind; words[0] is what follows the kind.
struct Kind {
  const char* name;
  Status (*read)(const Words& words, AnchorSpec& spec);
};

Status read_directory(const Words& words, AnchorSpec& spec) {
  if (words.size() != 1) return invalid("a directory has the form: directory PATH");
  spec.place = words[0];
  return {};
}

Status read_git(const Words& words, AnchorSpec& spec) {
  if (words.empty()) return invalid("git has the form: git REPOSITORY [ref REF] [tag]");
  spec.place = words[0];
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "tag" && !spec.tag) {
      spec.tag = true;
    } else if (words[i] == "ref" && spec.ref.empty() && i + 1 < words.size()) {
      spec.ref = words[++i];
      if (!spec.ref.starts_with("refs/")) return invalid("a ref starts with refs/");
    } else {
      return invalid("git has the form: git REPOSITORY [ref REF] [tag]");
    }
  }
  return {};
}

Status read_tsa(const Words& words, AnchorSpec& spec) {
  if (words.size() != 3 || words[1] != "ca") {
    return invalid("a time stamp authority has the form: tsa URL|manual ca FILE");
  }
  spec.place = words[0];
  spec.ca = words[2];
  return {};
}

Status read_put(const Words& words, AnchorSpec& spec) {
  const bool with_header =
      words.size() == 4 && words[1] == "header" && (words[2] == "file" || words[2] == "env");
  if (words.size() != 1 && !with_header) {
    return invalid("put has the form: put URL [header file|env NAME]");
  }
  spec.place = words[0];
  if (!with_header) return {};
  spec.header_source = words[2];
  spec.header_name = words[3];
  return {};
}

Status read_peer(const Words& words, AnchorSpec& spec) {
  if (words.size() != 2) return invalid("a peer has the form: peer VKEY PATH");
  PH_ASSIGN(spec.peer, parse_verifier_key(words[0]));
  spec.place = words[1];
  return {};
}

constexpr Kind kKinds[] = {{"directory", read_directory},
                           {"git", read_git},
                           {"tsa", read_tsa},
                           {"put", read_put},
                           {"peer", read_peer}};

class Parser {
 public:
  Result<AnchorPolicy> parse(std::string_view text) {
    if (text.size() > kPolicyBytesMax) return invalid("the policy is over 64 KiB long");
    for (std::size_t number = 1; !text.empty(); ++number) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      if (Status read = read_line(text.substr(0, end)); !read.ok()) {
        return std::move(read.error()).in("line " + std::to_string(number));
      }
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (!has_quorum_)
      return invalid("the policy has no quorum line; \"quorum none\" asks for none");
    return std::move(policy_);
  }

 private:
  Status read_line(std::string_view line) {
    if (!std::all_of(line.begin(), line.end(), is_policy_byte)) {
      return invalid("there is a control character");
    }
    const Words words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) return {};
    struct Form {
      const char* word;
      Status (Parser::*read)(const Words&);
    };
    constexpr Form kForms[] = {
        {"log", &Parser::read_log},           {"witness", &Parser::read_witness},
        {"anchor", &Parser::read_anchor},     {"group", &Parser::read_group},
        {"quorum", &Parser::read_quorum},     {"max-unanchored", &Parser::read_unanchored},
        {"interval", &Parser::read_interval}, {"on-failure", &Parser::read_on_failure}};
    for (const Form& form : kForms) {
      if (words[0] == form.word) return (this->*form.read)(words);
    }
    return invalid("there is no line that starts with " + in_quotes(words[0]));
  }

  Status read_log(const Words& words) {
    if (words.size() < 2 || words.size() > 3) return invalid("a log has the form: log VKEY [URL]");
    PH_ASSIGN(VerifierKey key, parse_verifier_key(words[1]));
    if (policy_.logs.size() == kItemsMax) return invalid("there are over 256 logs");
    PH_TRY(take_key(key.key));
    policy_.logs.push_back({std::move(key), words.size() == 3 ? words[2] : ""});
    return {};
  }

  Status read_witness(const Words& words) {
    if (words.size() < 3 || words.size() > 4) {
      return invalid("a witness has the form: witness NAME VKEY [URL]");
    }
    AnchorSpec spec;
    spec.kind = "witness";
    PH_TRY(take_name(words[1]));
    spec.name = words[1];
    PH_ASSIGN(spec.witness, parse_cosigner_key(words[2]));
    PH_TRY(take_key(spec.witness->key));
    if (words.size() == 4) spec.place = words[3];
    return take_anchor(std::move(spec));
  }

  Status read_anchor(const Words& words) {
    if (words.size() < 3) return invalid("an anchor has the form: anchor NAME KIND ...");
    AnchorSpec spec;
    PH_TRY(take_name(words[1]));
    spec.name = words[1];
    spec.kind = words[2];
    const Kind* kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                    [&](const Kind& each) { return words[2] == each.name; });
    if (kind == std::end(kKinds))
      return invalid("there is no kind of anchor " + in_quotes(words[2]));
    PH_TRY(kind->read(Words(words.begin() + 3, words.end()), spec));
    if (spec.peer) PH_TRY(take_key(spec.peer->key));
    return take_anchor(std::move(spec));
  }

  Status read_group(const Words& words) {
    if (words.size() < 4) {
      return invalid("a group has the form: group NAME all|any|NUMBER MEMBER...");
    }
    if (policy_.groups.size() == kItemsMax) return invalid("there are over 256 groups");
    PolicyGroup group;
    group.members.assign(words.begin() + 3, words.end());
    for (const std::string& member : group.members) {
      if (!names_.contains(member)) return invalid("nothing above is called " + in_quotes(member));
      if (!grouped_.insert(member).second) {
        return invalid(in_quotes(member) + " is a member of two groups, or twice of one");
      }
    }
    PH_TRY(take_name(words[1]));
    group.name = words[1];
    const std::optional<std::uint64_t> number = parse_decimal(words[2]);
    group.needed = words[2] == "all"   ? group.members.size()
                   : words[2] == "any" ? 1
                   : number            ? static_cast<std::size_t>(*number)
                                       : 0;
    if (group.needed == 0 || group.needed > group.members.size()) {
      return invalid("a group needs all, any, or a number from 1 to that of its members");
    }
    policy_.groups.push_back(std::move(group));
    return {};
  }

  Status read_quorum(const Words& words) {
    if (words.size() != 2) return invalid("a quorum has the form: quorum NAME|none");
    if (has_quorum_) return invalid("there are two quorum lines");
    has_quorum_ = true;
    if (words[1] == "none") return {};
    if (!names_.contains(words[1]))
      return invalid("nothing above is called " + in_quotes(words[1]));
    policy_.quorum = words[1];
    return {};
  }

  Status read_unanchored(const Words& words) {
    if (words.size() != 2) return invalid("it has the form: max-unanchored 1h|1000");
    const bool again = parse_decimal(words[1]) ? policy_.unanchored_events_max.has_value()
                                               : policy_.unanchored_ns_max.has_value();
    if (again) return invalid("max-unanchored stands twice for the same measure");
    return set_unanchored_max(policy_, words[1]);
  }

  Status read_interval(const Words& words) {
    if (words.size() != 2 || policy_.interval_ns) {
      return invalid("it has the form, once: interval 10m");
    }
    policy_.interval_ns = parse_duration_ns(words[1]);
    if (!policy_.interval_ns || *policy_.interval_ns == 0) {
      return invalid("an interval is a number and s, m, h or d");
    }
    return {};
  }

  Status read_on_failure(const Words& words) {
    if (words.size() != 2 || words[1] != "warn" || has_on_failure_) {
      return invalid("it has the form, once: on-failure warn");
    }
    has_on_failure_ = true;
    return {};
  }

  Status take_name(const std::string& name) {
    if (name == "none" || name.size() > kNameBytesMax) {
      return invalid("a name has at most 64 bytes and is not \"none\"");
    }
    if (!names_.insert(name).second) return invalid("two things are called " + in_quotes(name));
    return {};
  }

  Status take_key(const PublicKey& key) {
    if (!keys_.insert(key).second) return invalid("the same public key stands twice");
    return {};
  }

  Status take_anchor(AnchorSpec spec) {
    if (policy_.anchors.size() == kItemsMax) return invalid("there are over 256 anchors");
    policy_.anchors.push_back(std::move(spec));
    return {};
  }

  AnchorPolicy policy_;
  std::set<std::string> names_;
  std::set<std::string> grouped_;
  std::set<PublicKey> keys_;
  bool has_quorum_ = false;
  bool has_on_failure_ = false;
};

}  // namespace

const AnchorSpec* AnchorPolicy::find(std::string_view name) const {
  const auto found = std::find_if(anchors.begin(), anchors.end(),
                                  [&](const AnchorSpec& spec) { return spec.name == name; });
  return found == anchors.end() ? nullptr : &*found;
}

const PolicyLog* AnchorPolicy::log_of(std::string_view origin) const {
  const auto found = std::find_if(logs.begin(), logs.end(),
                                  [&](const PolicyLog& log) { return log.key.name == origin; });
  return found == logs.end() ? nullptr : &*found;
}

Result<AnchorPolicy> parse_anchor_policy(std::string_view text) { return Parser().parse(text); }

std::uint64_t covered_events(const AnchorPolicy& policy,
                             const std::function<std::uint64_t(const AnchorSpec&)>& held) {
  std::uint64_t best = 0;
  // Members stand before their group, so that one pass is enough.
  std::vector<std::pair<std::string_view, std::uint64_t>> sizes;
  const auto size_of = [&](std::string_view name) -> std::uint64_t {
    for (const auto& [known, size] : sizes) {
      if (known == name) return size;
    }
    return 0;
  };
  for (const AnchorSpec& spec : policy.anchors) {
    sizes.emplace_back(spec.name, held(spec));
    best = std::max(best, sizes.back().second);
  }
  for (const PolicyGroup& group : policy.groups) {
    std::vector<std::uint64_t> members;
    for (const std::string& member : group.members) members.push_back(size_of(member));
    std::sort(members.rbegin(), members.rend());
    sizes.emplace_back(group.name, members[group.needed - 1]);
  }
  return policy.quorum.empty() ? best : size_of(policy.quorum);
}

std::string quorum_text(const AnchorPolicy& policy) {
  for (const PolicyGroup& group : policy.groups) {
    if (group.name != policy.quorum) continue;
    std::string members;
    for (const std::string& member : group.members) {
      members += (members.empty() ? "" : ", ") + member;
    }
    return std::to_string(group.needed) + " of {" + members + "}";
  }
  return policy.quorum.empty() ? "none" : policy.quorum;
}

Status set_unanchored_max(AnchorPolicy& policy, std::string_view text) {
  if (const auto events = parse_decimal(text)) {
    policy.unanchored_events_max = *events;
    return {};
  }
  const auto duration = parse_duration_ns(text);
  if (!duration) return invalid("a bound is a number of events, or a number and s, m, h or d");
  policy.unanchored_ns_max = *duration;
  return {};
}

std::optional<std::int64_t> parse_duration_ns(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const std::int64_t seconds = text.back() == 's'   ? 1
                               : text.back() == 'm' ? 60
                               : text.back() == 'h' ? 3'600
                               : text.back() == 'd' ? 86'400
                                                    : 0;
  const auto number = parse_decimal(text.substr(0, text.size() - 1));
  if (seconds == 0 || !number) return std::nullopt;
  const std::int64_t unit = seconds * kNsPerSecond;
  if (*number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / unit)) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*number) * unit;
}

Result<std::string> with_policy_line(std::string_view text, const std::string& line) {
  std::string made(text);
  if (!made.empty() && made.back() != '\n') made += '\n';
  if (made.empty())
    made =
        "# Who keeps this ledger's checkpoints: phantom audit anchor --help\n"
        "quorum none\n";
  // A quorum names anchors that stand above it.
  std::size_t place = 0;
  while (place < made.size()) {
    const std::size_t end = made.find('\n', place);
    const Words words = words_of(std::string_view(made).substr(place, end - place));
    if (!words.empty() && words[0] == "quorum") break;
    place = end + 1;
  }
  made.insert(place, line + "\n");
  PH_TRY(parse_anchor_policy(made));
  return made;
}

Result<std::string> without_anchor(std::string_view text, std::string_view name) {
  PH_ASSIGN(const AnchorPolicy policy, parse_anchor_policy(text));
  if (policy.find(name) == nullptr) {
    return Error{Code::kNotFound, "the policy has no anchor " + in_quotes(name)};
  }
  std::string made;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const Words words = words_of(text.substr(0, end));
    const bool defines =
        words.size() > 1 && (words[0] == "anchor" || words[0] == "witness") && words[1] == name;
    if (!defines) made += std::string(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (Result<AnchorPolicy> left = parse_anchor_policy(made); !left.ok()) {
    return std::move(left.error())
        .in("without it")
        .with_hint("take it out of its group or quorum first");
  }
  return made;
}

}  // namespace phantom
