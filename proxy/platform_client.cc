#include "proxy/platform_client.h"

#include <set>

namespace phantom {
namespace {

constexpr std::size_t kAnswerBytesMax = 8 * 1'024 * 1'024;
constexpr std::size_t kPagesMax = 200;
constexpr std::size_t kEntriesMax = 20'000;

bool may_repeat(const HttpRequest& request) {
  return request.resend == Resend::kAllowed || request.method == "GET";
}

// A request that was not answered, or answered by something in between, may have been acted on.
bool is_open(PlatformResult result) {
  return result == PlatformResult::kUnreachable || result == PlatformResult::kServerError;
}

}  // namespace

PlatformExchange send_patiently(const PlatformTools& tools, const Platform& platform,
                                const HttpRequest& request) {
  PlatformExchange exchange;
  for (;;) {
    ++exchange.attempts;
    std::optional<std::chrono::milliseconds> asked;
    Result<HttpAnswer> answer = tools.send(request);
    if (answer.ok()) {
      exchange.answer = std::move(*answer);
      exchange.status = exchange.answer.status;
      exchange.result = platform.judge(exchange.answer);
      exchange.trouble.clear();
      if (const std::string* field = exchange.answer.field("retry-after")) {
        asked = parse_retry_after(*field, tools.clock->wall_ns());
      }
    } else {
      exchange.status = 0;
      exchange.result = answer.error().code == Code::kBusy ? PlatformResult::kUnreachable
                                                           : PlatformResult::kNotUnderstood;
      exchange.trouble = answer.error().message;
    }
    if (is_open(exchange.result) && !may_repeat(request)) {
      exchange.result = PlatformResult::kUncertain;
      return exchange;
    }
    if (!is_temporary(exchange.result)) return exchange;
    const auto wait = wait_before_retry(tools.backoff, exchange.attempts, asked, *tools.random);
    if (!wait) return exchange;
    wipe(exchange.answer.body);
    tools.pause(*wait);
  }
}

PlatformListing list_everything(const PlatformTools& tools, const Platform& platform,
                                const SyncTarget& target) {
  PlatformListing listing;
  std::set<std::string> seen;
  std::string page;
  do {
    HttpRequest request = platform.list_request(target, page);
    request.answer_bytes_max = kAnswerBytesMax;
    PlatformExchange exchange = send_patiently(tools, platform, request);
    listing.result = exchange.result;
    listing.status = exchange.status;
    listing.attempts += exchange.attempts;
    listing.trouble = std::move(exchange.trouble);
    if (listing.result == PlatformResult::kDone) {
      Result<ListPage> read = platform.read_list(target, page, exchange.answer);
      const bool good = read.ok() && seen.insert(read->next).second && seen.size() <= kPagesMax &&
                        listing.entries.size() + read->entries.size() <= kEntriesMax;
      if (good) {
        for (RemoteEntry& entry : read->entries) listing.entries.push_back(std::move(entry));
        page = read->next;
      } else {
        listing.result = PlatformResult::kNotUnderstood;
      }
    }
    wipe(exchange.answer.body);
    if (listing.result != PlatformResult::kDone) listing.entries.clear();
  } while (listing.result == PlatformResult::kDone && !page.empty());
  return listing;
}

PlatformKey fetch_key(const PlatformTools& tools, const Platform& platform,
                      const SyncTarget& target) {
  PlatformKey key;
  const std::optional<HttpRequest> request = platform.key_request(target);
  if (!request) {
    key.result = PlatformResult::kDone;
    return key;
  }
  PlatformExchange exchange = send_patiently(tools, platform, *request);
  key.result = exchange.result;
  key.status = exchange.status;
  key.trouble = std::move(exchange.trouble);
  if (key.result != PlatformResult::kDone) return key;
  Result<SealingKey> read = platform.read_key(exchange.answer);
  if (read.ok()) {
    key.key = std::move(*read);
  } else {
    key.result = PlatformResult::kNotUnderstood;
  }
  return key;
}

}  // namespace phantom
