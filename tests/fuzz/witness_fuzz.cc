// Property: a request that parses has one text; whatever is sent, and in whatever order, a witness
// cosigns the checkpoints of one history only, never a smaller one after a larger; its files read
// back. The first byte says whether the rest is a request or what a client does.

#include "events/encoding.h"
#include "ledger/tree.h"
#include "ledger/witness.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/ledger_test_log.h"

namespace phantom::fuzz {
namespace {

using test::TestLog;

constexpr std::size_t kSizeMax = 24;
constexpr std::size_t kStepsMax = 24;

const TestLog& log_of(std::size_t branch) {
  static const TestLog logs[] = {TestLog("fuzz.example/log", 3),
                                 TestLog("fuzz.example/log", 3, kSizeMax / 3)};
  return logs[branch];
}

const Cosigner& cosigner() {
  static SeededRandom random(12);
  static const Cosigner made = Cosigner::generate("witness.example/fuzz", random);
  return made;
}

std::string body_of(std::uint64_t old_size, const std::vector<Digest>& proof,
                    std::string_view note) {
  std::string body = "old " + std::to_string(old_size) + "\n";
  for (const Digest& hash : proof) body += to_base64(hash) + "\n";
  return body.append("\n").append(note);
}

WitnessDecision ask(const AddCheckpoint& request, const WitnessState& state, std::uint64_t now_s) {
  const WitnessedLog watched{request.checkpoint.origin, {log_of(0).key()}};
  return decide(request, watched, state, cosigner(), now_s);
}

void check_state(const WitnessState& state) {
  const std::string text = format_witness_state(state);
  const auto again = parse_witness_state(text, state.origin, cosigner().key());
  PH_CHECK(again.ok() && format_witness_state(*again) == text, "a state that does not read back");
}

void check_request(std::string_view body) {
  const auto request = parse_add_checkpoint(body);
  if (!request.ok()) return;
  PH_CHECK(body_of(request->old_size, request->proof, request->note) == body, "two texts");
  PH_CHECK(request->proof.size() <= kWitnessProofLinesMax, "a proof without end");
  WitnessState state;
  state.origin = request->checkpoint.origin;
  const WitnessDecision decision = ask(*request, state, 1'700'000'000);
  PH_CHECK(decision.next.has_value() == (decision.answer.status == 200), "an answer without state");
  if (decision.next) check_state(*decision.next);
  WitnessedLog none{request->checkpoint.origin, {}};
  PH_CHECK(decide(*request, none, state, cosigner(), 1).answer.status == 403, "nobody signed");
}

void check_files(std::string_view text) {
  if (const auto logs = parse_witnessed_logs(text); logs.ok()) {
    const auto again = parse_witnessed_logs(format_witnessed_logs(*logs));
    PH_CHECK(again.ok() && again->size() == logs->size(), "a list that does not read back");
  }
  if (const auto state = parse_witness_state(text, "fuzz.example/log", cosigner().key());
      state.ok()) {
    PH_CHECK(format_witness_state(*state) == text, "two texts of one state");
  }
}

void check_client(Choices choices) {
  WitnessState state;
  state.origin = log_of(0).origin();
  bool possible[] = {true, true};  // the histories that what was cosigned belongs to
  std::uint64_t now_s = 1'700'000'000;
  for (std::size_t step = 0; step < kStepsMax && !choices.rest().empty(); ++step) {
    const std::size_t branch = choices.u8() % 2;
    const std::size_t size = choices.below(kSizeMax);
    const std::size_t old_size = choices.below(kSizeMax);
    const TestLog& log = log_of(branch);
    std::vector<Digest> proof;
    if (old_size <= size) proof = log.proof(old_size, size);
    const std::uint8_t twist = choices.u8();
    if (twist % 8 == 1) proof.push_back(Digest{});
    if (twist % 8 == 2 && !proof.empty()) proof.pop_back();
    if (twist % 8 == 3 && !proof.empty()) proof[twist % proof.size()][twist % 32] ^= 1;
    now_s = now_s + choices.u8() % 8 - 2;
    const auto request = parse_add_checkpoint(body_of(old_size, proof, log.note(size)));
    PH_CHECK(request.ok(), "a good request does not parse");
    const std::uint64_t last = state.newest ? state.newest->checkpoint.size : 0;
    const WitnessDecision decision = ask(*request, state, now_s);
    if (decision.answer.status == 409) {
      PH_CHECK(decision.answer.body == std::to_string(last) + "\n", "another size is named");
    }
    if (decision.answer.status != 200) {
      PH_CHECK(!decision.next, "a state that was not signed");
      continue;
    }
    PH_CHECK(size >= last && old_size == last, "the state goes back");
    PH_CHECK(!state.newest || decision.next->newest->time_s >= state.newest->time_s, "time");
    for (std::size_t b = 0; b < 2; ++b) {
      possible[b] = possible[b] && log_of(b).checkpoint(size) == request->checkpoint;
    }
    PH_CHECK(possible[0] || possible[1], "two histories are cosigned");
    state = *decision.next;
    check_state(state);
  }
}

}  // namespace
}  // namespace phantom::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const phantom::ByteView rest(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    phantom::fuzz::check_request(phantom::as_text(rest));
    phantom::fuzz::check_files(phantom::as_text(rest));
  } else {
    phantom::fuzz::check_client(phantom::fuzz::Choices(rest));
  }
  return 0;
}
