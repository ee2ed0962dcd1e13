#include "ledger/epoch_rules.h"

#include "ledger/layout.h"

#include <algorithm>

namespace phantom {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

}  // namespace

EpochRules EpochRules::resume(std::string origin, VerifierKey log_key, Epoch in_force) {
  EpochRules rules(std::move(origin));
  rules.used_ = {log_key.key, in_force.key.key};
  rules.log_key_ = std::move(log_key);
  rules.epochs_.push_back(std::move(in_force));
  return rules;
}

std::optional<std::string> EpochRules::take(const KeyNews& news, Seq seq, Seq commit_first_seq) {
  const bool created = news.log.has_value();
  if (created != (seq == 0)) {
    return created ? "a second ledger.created" : "the first event is not ledger.created";
  }
  const std::uint64_t expected = epochs_.empty() ? 1 : epochs_.back().number + 1;
  if (news.epoch != expected) {
    return "it announces epoch " + number(news.epoch) + " after epoch " + number(expected - 1);
  }
  if (news.epoch_key.name != epoch_name(origin_, news.epoch)) {
    return "it announces an epoch key under another name";
  }
  if (used_.contains(news.epoch_key.key)) return "it announces a key that was used before";
  auto wrong = created ? take_first(news, seq) : check_closing(news, seq, commit_first_seq);
  if (wrong) return wrong;
  if (!created) epochs_.back().closing_seq = seq;
  closings_told_ = closings_told_ || news.closed_epoch != 0;
  epochs_.push_back({news.epoch, news.epoch_key, created ? 0 : seq + 1, std::nullopt});
  used_.insert(news.epoch_key.key);
  return std::nullopt;
}

std::optional<std::string> EpochRules::take_first(const KeyNews& news, Seq seq) {
  if (seq != 0 || !epochs_.empty()) return "a second ledger.created";
  if (news.origin != origin_ || news.log->name != origin_) {
    return "it creates the ledger " + news.origin + ", the newest checkpoint is of " + origin_;
  }
  if (news.log->key == news.epoch_key.key) return "its log key and its epoch key are the same";
  log_key_ = news.log;
  used_.insert(news.log->key);
  return std::nullopt;
}

std::optional<std::string> EpochRules::check_closing(const KeyNews& news, Seq seq,
                                                     Seq commit_first_seq) const {
  if (epochs_.empty()) return "it announces an epoch and no ledger was created";
  const Epoch& ending = epochs_.back();
  if (commit_first_seq > seq || commit_first_seq < ending.first_seq || seq < ending.first_seq) {
    return "an epoch was announced before it, in the same commit";
  }
  const bool told = news.closed_epoch != 0 || news.closed_first_seq != 0 || news.closed_events != 0;
  if (!told && !closings_told_) return std::nullopt;
  if (news.closed_epoch == 0) return "it does not say which epoch it closes";
  if (news.closed_epoch != ending.number) {
    return "it closes epoch " + number(news.closed_epoch) + ", epoch " + number(ending.number) +
           " is in force";
  }
  const std::uint64_t events = seq + 1 - ending.first_seq;
  if (news.closed_first_seq != ending.first_seq || news.closed_events != events) {
    return "it closes an epoch of " + number(news.closed_events) + " events from event " +
           number(news.closed_first_seq) + " on; found " + number(events) + " from event " +
           number(ending.first_seq) + " on";
  }
  return std::nullopt;
}

Result<const EpochRules::Epoch*> EpochRules::epoch_of_commit(Seq first_seq,
                                                             std::uint64_t size) const {
  const auto corrupt = [](std::string why) { return Error{Code::kCorrupt, std::move(why)}; };
  if (size <= first_seq) return corrupt("it covers no event of its own");
  if (epochs_.empty()) return corrupt("no epoch key is in force");
  const auto after =
      std::upper_bound(epochs_.begin(), epochs_.end(), first_seq,
                       [](Seq seq, const Epoch& epoch) { return seq < epoch.first_seq; });
  if (after == epochs_.begin()) return corrupt("its epoch is not known");
  const Epoch& epoch = *std::prev(after);
  if (epoch.closing_seq && size > *epoch.closing_seq + 1) {
    return corrupt("it goes on after the announcement of epoch " + number(epoch.number + 1) +
                   " at event " + number(*epoch.closing_seq));
  }
  return &epoch;
}

}  // namespace phantom
