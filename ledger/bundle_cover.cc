#include "ledger/bundle_cover.h"

#include "events/catalog.h"
#include "events/tags.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {
namespace {

bool is_actor_id(std::string_view text) {
  constexpr std::size_t kDigits = 16;
  return text.size() == 2 + kDigits && text.starts_with("s_") &&
         std::all_of(text.begin() + 2, text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Cover cover_of(const EntryFilter& filter) {
  const auto chain = [](std::string tag) -> std::optional<Cover> {
    if (!is_valid_tag(tag)) return std::nullopt;
    return Cover{std::move(tag)};
  };
  if (!filter.session.empty()) {
    if (auto cover = chain(session_tag(filter.session))) return *cover;
  }
  if (const std::size_t slash = filter.secret.find('/'); slash != std::string::npos) {
    const std::string_view secret = filter.secret;
    if (auto cover = chain(secret_tag(secret.substr(0, slash), secret.substr(slash + 1)))) {
      return *cover;
    }
  }
  if (!filter.project.empty()) {
    if (auto cover = chain(project_tag(filter.project))) return *cover;
  }
  if (is_actor_id(filter.actor)) return Cover{actor_tag(filter.actor)};
  return {};
}

std::optional<CoverLink> cover_link(const Cover& cover, const schema::Entry& entry) {
  if (cover.tag.empty()) {
    return CoverLink{entry.seq() == 0 ? 0 : entry.seq() - 1, entry.seq() + 1};
  }
  if (entry.tags() == nullptr) return std::nullopt;
  for (const schema::Tag* tag : *entry.tags()) {
    if (tag->name()->string_view() == cover.tag) return CoverLink{tag->prev_seq(), tag->count()};
  }
  return std::nullopt;
}

bool is_at_or_after(const schema::Entry& entry, const LogPoint& point) {
  EntryFilter since;
  since.from = point;
  return since.matches(entry);
}

bool closes_query(const schema::Entry& entry, std::string_view query) {
  if (entry.type() != event_no<schema::AuditExportRequested>()) return false;
  // Copied, as a payload inside an entry need not be aligned.
  const Bytes payload(entry.payload()->begin(), entry.payload()->end());
  if (!check_payload(entry.type(), payload).ok()) return false;
  const auto* asked = flatbuffers::GetRoot<schema::AuditExportRequested>(payload.data());
  return (asked->query() == nullptr ? std::string_view() : asked->query()->string_view()) == query;
}

bool is_key_event(const schema::Entry& entry) {
  return entry.type() == event_no<schema::LedgerCreated>() ||
         entry.type() == event_no<schema::LedgerEpochAnnounced>();
}

CoverWalk::CoverWalk(const EntryFilter& filter, Cover cover, Seq upper)
    : filter_(filter), cover_(std::move(cover)), upper_(upper), query_(query_text(filter)) {}

std::string CoverWalk::name(Seq seq) const {
  std::string text = "event " + std::to_string(seq);
  if (!cover_.tag.empty()) text += " with tag " + cover_.tag;
  return text;
}

Failure CoverWalk::failure(Seq seq, const std::string& why) const {
  return {"cover", name(seq) + " " + why, seq};
}

std::optional<Seq> CoverWalk::lower() const {
  if (!lower_) return std::nullopt;
  return lower_->seq;
}

std::optional<Failure> CoverWalk::add(const schema::Entry& entry) {
  matched_ = false;
  const bool key = is_key_event(entry);
  if (const auto link = cover_link(cover_, entry)) return add_covered(entry, *link, key);
  if (key) return std::nullopt;
  return Failure{"cover",
                 "event " + std::to_string(entry.seq()) +
                     " is in the bundle and the query does not call for it",
                 entry.seq()};
}

std::optional<Failure> CoverWalk::add_covered(const schema::Entry& entry, const CoverLink& link,
                                              bool key) {
  const Seq seq = entry.seq();
  if (ended_) {
    if (key) return std::nullopt;
    return failure(seq, "is after the end and the query does not call for it");
  }
  if (filter_.from && !is_at_or_after(entry, *filter_.from)) {
    if (lower_ && !lower_->key) {
      return failure(lower_->seq, "is before the period and the query does not call for it");
    }
    lower_ = Last{seq, link.count, key};
    return std::nullopt;
  }
  const std::optional<Last>& before = last_ ? last_ : lower_;
  // Without a `from` the history is there from its first event on.
  const bool linked =
      before ? link.prev_seq == before->seq && link.count == before->count + 1 : link.count == 1;
  if (!linked && link.prev_seq < seq && link.count > 1) {
    return failure(link.prev_seq, "is left out: event " + std::to_string(seq) + " follows it");
  }
  if (!linked) return failure(seq, "does not continue the one before it");
  last_ = Last{seq, link.count, key};
  const bool past_end = filter_.to && is_at_or_after(entry, *filter_.to);
  if (seq == upper_) {
    if (filter_.to ? !past_end : !closes_query(entry, query_)) {
      return failure(seq, "is called the end of the period and is not");
    }
    ended_ = true;
    return std::nullopt;
  }
  if (past_end || seq > upper_) {
    return failure(seq,
                   "is after the period, which was to end with event " + std::to_string(upper_));
  }
  matched_ = filter_.matches(entry);
  return std::nullopt;
}

std::optional<Failure> CoverWalk::finish() const {
  if (ended_) return std::nullopt;
  return failure(upper_, "is left out: the end of the period");
}

}  // namespace phantom
