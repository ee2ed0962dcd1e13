// A process that removes the beginning of a ledger, for tests that kill it.
//   prune_child HOME FIRST_KEPT
// One bundle a step. Ends with 0 when it is done, and prints how far it came.

#include "events/encoding.h"
#include "ledger/retention.h"

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  phantom::Context context;
  context.component = "test";
  const auto pruned = phantom::prune_ledger(
      phantom::Home{argv[1]}, context, {},
      [&](const phantom::LedgerReader&) -> phantom::Result<phantom::PruneOrder> {
        phantom::PruneOrder order;
        order.first_kept = phantom::parse_decimal(argv[2]).value_or(0);
        order.policy = "keep=400d";
        order.step_events = 256;
        return order;
      });
  if (!pruned.ok()) {
    std::fprintf(stderr, "%s\n", pruned.error().message.c_str());
    return 1;
  }
  std::printf("%llu\n", static_cast<unsigned long long>(pruned->first_kept));
  return 0;
}
