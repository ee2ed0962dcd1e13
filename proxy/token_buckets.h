#pragma once
// How often each of many callers may do something: a bucket of tokens for each, refilled at a
// steady rate. Pure; bounded memory. Not thread-safe.

#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>

namespace phantom {

class TokenBuckets {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // A `per_second` of 0 lets everything pass. Callers beyond `callers_max` share one bucket until
  // the buckets of others are full again.
  TokenBuckets(double per_second, double burst, std::size_t callers_max)
      : per_second_(per_second), burst_(burst), callers_max_(callers_max) {}

  // Takes a token of this caller, if it has one.
  bool take(const std::string& caller, TimePoint now);

 private:
  struct Bucket {
    double tokens = 0;
    TimePoint filled;
  };
  void forget_full(TimePoint now);

  double per_second_;
  double burst_;
  std::size_t callers_max_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace phantom
