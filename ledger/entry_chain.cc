#include "ledger/entry_chain.h"

#include <algorithm>

namespace phantom {
namespace {

std::string number(std::uint64_t value) { return std::to_string(value); }

}  // namespace

Failure EntryChain::failure(std::string reason) const {
  return {"entries", "event " + number(size_) + ": " + std::move(reason), size_};
}

std::optional<Failure> EntryChain::add(const EntryFacts& facts) {
  if (size_ > 0 && facts.time_ns <= last_time_ns_) {
    return failure("its time is not after that of the event before it");
  }
  last_time_ns_ = facts.time_ns;
  if (auto broken = link_commit(facts)) return broken;
  if (auto broken = link_tags(facts)) return broken;
  if (auto broken = take_keys(facts)) return broken;
  if (!facts.known_type) ++unknown_types_;
  ++size_;
  return std::nullopt;
}

std::optional<Failure> EntryChain::link_commit(const EntryFacts& facts) {
  if (facts.commit_first_seq == size_) {
    commit_first_seq_ = size_;
    ++commits_;
    return std::nullopt;
  }
  // An announcement closes its commit: the new key signs from the next one on.
  const bool closed = size_ > 0 && epochs_.epochs().back().first_seq == size_;
  if (closed) return failure("an epoch was announced before it, in the same commit");
  if (size_ > 0 && facts.commit_first_seq == commit_first_seq_) return std::nullopt;
  return failure("it is of the commit that began at event " + number(facts.commit_first_seq) +
                 ", the event before it of one that began at event " + number(commit_first_seq_));
}

std::optional<Failure> EntryChain::link_tags(const EntryFacts& facts) {
  for (const TagFact& tag : facts.tags) {
    TagState& state = tags_[std::string(tag.name)];
    if (tag.count != state.count + 1 || tag.prev_seq != state.last_seq) {
      return failure("its link of tag " + std::string(tag.name) + " says " + number(tag.count) +
                     " events, the one before at " + number(tag.prev_seq) + "; found " +
                     number(state.count + 1) + " and " + number(state.last_seq));
    }
    state = {size_, tag.count};
  }
  return std::nullopt;
}

std::optional<Failure> EntryChain::take_keys(const EntryFacts& facts) {
  if (!facts.keys) {
    if (size_ == 0) return failure("the first event is not ledger.created");
    return std::nullopt;
  }
  auto wrong = epochs_.take(*facts.keys, size_, facts.commit_first_seq);
  if (wrong) return failure(std::move(*wrong));
  return std::nullopt;
}

const VerifierKey& EntryChain::epoch_key_at(std::uint64_t size) const {
  const std::vector<EpochRules::Epoch>& all = epochs_.epochs();
  const auto after = std::find_if(all.begin(), all.end(), [size](const EpochRules::Epoch& epoch) {
    return epoch.first_seq >= size;
  });
  PH_CHECK(after != all.begin(), "a size with an epoch");
  return std::prev(after)->key;
}

}  // namespace phantom
