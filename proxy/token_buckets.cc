#include "proxy/token_buckets.h"

#include <algorithm>

namespace phantom {
namespace {

const std::string kEverybodyElse;  // no caller has an empty name

}  // namespace

bool TokenBuckets::take(const std::string& caller, TimePoint now) {
  if (per_second_ <= 0) return true;
  auto found = buckets_.find(caller);
  if (found == buckets_.end()) {
    if (buckets_.size() >= callers_max_) forget_full(now);
    const std::string& name = buckets_.size() >= callers_max_ ? kEverybodyElse : caller;
    found = buckets_.try_emplace(name, Bucket{burst_, now}).first;
  }
  Bucket& bucket = found->second;
  const double passed = std::chrono::duration<double>(now - bucket.filled).count();
  bucket.tokens = std::min(burst_, bucket.tokens + passed * per_second_);
  bucket.filled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

// A full bucket is what a newcomer gets anyway.
void TokenBuckets::forget_full(TimePoint now) {
  std::erase_if(buckets_, [&](const auto& each) {
    const Bucket& bucket = each.second;
    const double passed = std::chrono::duration<double>(now - bucket.filled).count();
    return bucket.tokens + passed * per_second_ >= burst_;
  });
}

}  // namespace phantom
