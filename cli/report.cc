#include "cli/report.h"

#include "events/encoding.h"

#include <algorithm>
#include <iterator>

namespace phantom {
namespace {

// Services cut longer texts, or refuse the whole report.
constexpr std::size_t kFindingBytesMax = 4'000;
constexpr int kCompleteRung = 5;  // says nothing about the two below it

struct Meaning {
  std::string_view id;
  std::string_view text;
};

constexpr Meaning kMeanings[] = {
    {"ledger", "There is a ledger of a format that can be read."},
    {"files", "The files of the store are whole, and all that belong to it are there."},
    {"meta", "The store says what format it has and which store it is."},
    {"entries", "Every event is there, once, in order, and well formed."},
    {"tree", "The events hash to the root that the checkpoint signs."},
    {"checkpoints", "Every commit has a checkpoint signed by a key of its epoch."},
    {"tags", "Each tag leads to all the events filed under it."},
    {"ids", "No event is recorded twice."},
    {"rows", "The store holds nothing but what the events account for."},
    {"head", "The copy of the newest checkpoint agrees with the store."},
    {"schema", "Every event is of a type this program knows."},
    {"key", "The checkpoint is signed by the key that the caller pinned."},
    {"trust", "The ledger continues what an earlier run verified."},
    {"anchors",
     "The ledger contains the checkpoints that were kept elsewhere, and they are recent."},
    {"bundle", "The bundle has the form of one, in every byte."},
    {"manifest", "The files of the bundle are those that are listed and signed."},
    {"cover", "The bundle holds what its query asks for, and nothing else."},
    {"rendering", "The readable form of the events says what the signed one says."},
    {"proof", "The proof is well formed."},
    {"checkpoint", "The published checkpoint is well formed."},
    {"format", "The backup says what it is, and this program reads it."},
    {"pins", "The key and the checkpoint in the backup are those of its log."},
    {"tiles", "The published tiles hold what the events hash to."},
};

}  // namespace

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kVerified:
      return "VERIFIED";
    case Verdict::kFailed:
      return "FAILED";
    case Verdict::kIndeterminate:
      return "INDETERMINATE";
    case Verdict::kPolicy:
      return "POLICY";
  }
  return "INDETERMINATE";
}

const char* check_state_name(CheckState state) {
  switch (state) {
    case CheckState::kPass:
      return "pass";
    case CheckState::kFail:
      return "fail";
    case CheckState::kIndeterminate:
      return "indeterminate";
    case CheckState::kNotEvaluated:
      return "not_evaluated";
    case CheckState::kSkipped:
      return "skipped";
    case CheckState::kPolicy:
      return "policy";
  }
  return "not_evaluated";
}

std::string rung_name(int rung) {
  static const char* const kNames[] = {
      "L0 parses",      "L1 consistent",          "L2 authentic",
      "L3 append-only", "L4 externally anchored", "L5 complete for the query"};
  if (rung < 0 || static_cast<std::size_t>(rung) >= std::size(kNames)) return "none";
  return kNames[rung];
}

std::string rung_text(const VerifyReport& report) {
  std::string text = rung_name(report.rung);
  if (report.rung < kCompleteRung) return text;
  const auto passed = [&](std::string_view id) {
    return std::any_of(report.checks.begin(), report.checks.end(), [&](const Check& check) {
      return check.id == id && check.state == CheckState::kPass;
    });
  };
  std::string missing;
  if (!passed("trust")) missing = rung_name(3);
  if (!passed("anchors")) missing += (missing.empty() ? "" : ", not ") + rung_name(4);
  return missing.empty() ? text : text + " and L2 authentic; not " + missing;
}

std::string seconds_text(std::int64_t ns) {
  const std::int64_t tenths = ns / 100'000'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string plural(std::uint64_t count, const char* thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

std::string pruned_text(const PrunedPart& pruned) {
  std::string text = "events 0 to " + std::to_string(pruned.first_kept - 1) + " under event " +
                     std::to_string(pruned.requested) + " (" + pruned.policy + ")";
  if (pruned.asked > pruned.first_kept) {
    text += "; it asks for events 0 to " + std::to_string(pruned.asked - 1) +
            " and was cut off: run 'phantom audit retention apply' again";
  }
  return text;
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

std::vector<std::string> left_out(const VerifyReport& report) {
  std::vector<std::string> items = report.not_checked;
  for (const Check& check : report.checks) {
    if (check.state == CheckState::kNotEvaluated) items.push_back(check.id);
  }
  return items;
}

std::string_view check_meaning(std::string_view id) {
  for (const Meaning& meaning : kMeanings) {
    if (meaning.id == id) return meaning.text;
  }
  return "What is recorded passes this check.";
}

bool is_violation(const Check& check) {
  return check.state == CheckState::kFail || check.state == CheckState::kPolicy;
}

std::string check_rule(std::string_view id) { return "phantom.audit." + std::string(id); }

std::vector<const Check*> findings(const VerifyReport& report) {
  std::vector<const Check*> found;
  for (const CheckState state :
       {CheckState::kFail, CheckState::kIndeterminate, CheckState::kPolicy}) {
    for (const Check& check : report.checks) {
      if (check.state == state) found.push_back(&check);
    }
    if (state == CheckState::kIndeterminate && found.empty() &&
        report.verdict != Verdict::kVerified) {
      for (const Check& check : report.checks) {
        if (check.state == CheckState::kNotEvaluated) found.push_back(&check);
      }
    }
  }
  return found;
}

bool is_of_log(const VerifyReport& report) {
  return std::any_of(report.checks.begin(), report.checks.end(),
                     [](const Check& check) { return check.id == "anchors"; });
}

std::string finding_text(const Check& check) {
  if (check.reason.empty()) {
    return std::string(is_violation(check) ? "does not hold: " : "is undecided: ") +
           std::string(check_meaning(check.id));
  }
  std::string text;
  std::string_view rest = check.reason;
  while (true) {
    const std::size_t end = rest.find('\n');
    text += escape_terminal(rest.substr(0, end));
    if (end == std::string_view::npos || end + 1 == rest.size()) break;
    text += '\n';
    rest.remove_prefix(end + 1);
  }
  if (text.size() <= kFindingBytesMax) return text;
  std::size_t end = kFindingBytesMax;
  while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

}  // namespace phantom
