#include "cli/log_key.h"

#include "ledger/key_files.h"
#include "ledger/layout.h"
#include "ledger/trust.h"

namespace phantom {

Result<Signer> load_log_key(Environment& environment, const Home& home, const std::string& origin) {
  KeyFiles files(home.keys(), &environment.key_unlock());
  PH_ASSIGN(Signer key, files.load(log_key_file(home.keys())));
  PH_ASSIGN(const auto pinned, pinned_key(home, origin));
  if (key.verifier_key().name != origin ||
      (pinned && pinned->text() != key.verifier_key().text())) {
    return Error{Code::kCorrupt, "the log key in " + home.keys().string() +
                                     " is not the one that was pinned for this ledger"};
  }
  return key;
}

}  // namespace phantom
