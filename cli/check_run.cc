#include "cli/check_run.h"

#include "cli/git_process.h"
#include "events/encoding.h"
#include "events/sha256.h"
#include "vault/detect.h"
#include "vault/dotenv.h"
#include "vault/placeholder.h"
#include "vault/secret_finder.h"
#include "vault/value_look.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <sys/stat.h>
#include <thread>
#include <tuple>
#include <unistd.h>

namespace phantom {
namespace {

constexpr std::size_t kPieceBytes = 256 * 1'024;
constexpr std::size_t kDotenvMax = 256 * 1'024;
constexpr std::size_t kPrefixShown = 4;
constexpr double kUnguessableBits = 96;

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// What all workers share.
struct Shared {
  const CheckRun& run;
  const SecretFinder& finder;
  std::mutex lock;
  CheckResult result;
  std::optional<Error> failed;
};

class Worker {
 public:
  explicit Worker(Shared& shared) : shared_(shared) {}

  void work() {
    for (;;) {
      std::vector<CheckItem> items;
      {
        const std::lock_guard guard(shared_.lock);
        if (shared_.failed) return;
        auto next = shared_.run.next();
        if (!next.ok()) {
          shared_.failed = next.error();
          return;
        }
        items = std::move(*next);
        if (shared_.run.progress) shared_.run.progress(shared_.result.texts);
      }
      if (items.empty()) return;
      const Status done = look_at(items);
      const std::lock_guard guard(shared_.lock);
      if (!done.ok() && !shared_.failed) shared_.failed = done.error();
      hand_over();
    }
  }

 private:
  Status look_at(const std::vector<CheckItem>& items) {
    // All objects of the batch are asked for first, so that git reads ahead.
    std::vector<const CheckItem*> objects;
    for (const CheckItem& item : items) {
      if (item.file.empty()) {
        objects.push_back(&item);
      } else {
        look_at_file(item);
      }
    }
    PH_TRY(leave_out_others(objects));
    if (!objects.empty()) PH_TRY(open(contents_, GitObjects::Answers::kContents));
    for (const CheckItem* each : objects) PH_TRY(contents_->ask(each->object));
    for (const CheckItem* each : objects) PH_TRY(look_at_object(*each));
    return {};
  }

  Status open(std::optional<GitObjects>& objects, GitObjects::Answers answers) {
    if (objects) return {};
    PH_ASSIGN(GitObjects opened, GitObjects::open(shared_.run.repository, answers));
    objects.emplace(std::move(opened));
    return {};
  }

  // History lists directories and tags too.
  Status leave_out_others(std::vector<const CheckItem*>& objects) {
    if (objects.empty() || objects.front()->commit.empty()) return {};
    PH_TRY(open(types_, GitObjects::Answers::kTypesOnly));
    for (const CheckItem* each : objects) PH_TRY(types_->ask(each->object));
    std::vector<const CheckItem*> blobs;
    for (const CheckItem* each : objects) {
      PH_ASSIGN(const GitObjects::Object object, types_->next());
      if (object.type == "missing") return missing(*each);
      if (object.type == "blob") blobs.push_back(each);
    }
    objects = std::move(blobs);
    return {};
  }

  static Error missing(const CheckItem& item) {
    return {Code::kInvalid,
            "git has no object " + item.object + ", which is " + escape_terminal(item.path)};
  }

  Status look_at_object(const CheckItem& item) {
    PH_ASSIGN(const GitObjects::Object object, contents_->next());
    const bool wanted = object.type == "blob" && object.size <= kTextBytesMax;
    if (object.type == "missing") return missing(item);
    if (object.type == "blob" && !wanted) skip(item, "larger than 1 GiB");
    if (wanted) begin(item);
    for (;;) {
      PH_ASSIGN(const std::string_view piece, contents_->piece());
      if (piece.empty()) break;
      if (wanted) feed(piece);
    }
    if (wanted) end();
    return {};
  }

  void look_at_file(const CheckItem& item) {
    const int fd = ::open(item.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
      // A link is no text of its own; a tracked file that was deleted is nowhere.
      if (errno != ELOOP && errno != ENOENT) skip(item, std::strerror(errno));
      return;
    }
    struct stat about {};
    if (::fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
      if (static_cast<std::uint64_t>(about.st_size) > kTextBytesMax) {
        skip(item, "larger than 1 GiB");
      } else {
        read_file_from(fd, item);
      }
    }
    ::close(fd);
  }

  void read_file_from(int fd, const CheckItem& item) {
    begin(item);
    piece_.resize(kPieceBytes);
    for (;;) {
      const ssize_t got = ::read(fd, piece_.data(), piece_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) skip(item, std::strerror(errno));
      if (got <= 0) break;
      feed(std::string_view(piece_).substr(0, static_cast<std::size_t>(got)));
      if (stream_->is_binary()) break;
    }
    end();
  }

  void begin(const CheckItem& item) {
    item_ = &item;
    found_.clear();
    numbers_.clear();
    text_.clear();
    is_dotenv_ = is_dotenv_file(item.path);
    stream_.emplace(shared_.finder, text_kind_of(item.path),
                    [this](const SecretHit& hit) { add(hit); });
    ++texts_;
  }

  void feed(std::string_view piece) {
    bytes_ += piece.size();
    stream_->feed(piece);
    if (is_dotenv_ && text_.size() <= kDotenvMax) text_ += piece;
  }

  void end() {
    stream_->finish();
    if (stream_->is_binary()) ++binary_;
    if (is_dotenv_ && !stream_->is_binary()) add_dotenv_values();
    findings_.insert(findings_.end(), std::make_move_iterator(found_.begin()),
                     std::make_move_iterator(found_.end()));
    text_.clear();
    stream_.reset();
  }

  void add(const SecretHit& hit) {
    CheckFinding finding;
    finding.rule = hit.rule;
    finding.line = hit.line;
    finding.column = hit.column;
    finding.column_end = hit.column_end;
    finding.name = std::string(hit.name);
    finding.masked = masked_value(*hit.rule, hit.value);
    finding.value_tag = value_tag(*hit.rule, hit.value, hit.random, shared_.run.salt);
    add(std::move(finding));
  }

  void add(CheckFinding finding) {
    finding.path = item_->path;
    finding.commit = item_->commit;
    finding.nth = numbers_[{finding.rule, finding.name}]++;
    found_.push_back(std::move(finding));
  }

  // What no shape gave away: in such a file the name of a variable is enough.
  void add_dotenv_values() {
    if (text_.size() > kDotenvMax) return;
    const auto parsed = parse_dotenv(text_);
    if (!parsed.ok()) return;
    for (const DotenvEntry& entry : parsed->entries) {
      const bool seen = std::any_of(found_.begin(), found_.end(), [&](const CheckFinding& each) {
        return each.line == entry.line;
      });
      if (seen || allowed(entry)) continue;
      const SecretBytes value = dotenv_value(text_, entry);
      if (value.text().starts_with(kPlaceholderPrefix) || is_example(value.text())) continue;
      if (classify(entry.key, value.text()).value_class != ValueClass::kSecret) continue;
      CheckFinding finding;
      finding.rule = &dotenv_rule();
      finding.line = entry.line;
      const std::size_t line_end = text_.rfind('\n', entry.value_begin);
      const std::size_t line_begin = line_end == std::string::npos ? 0 : line_end + 1;
      finding.column = entry.value_begin - line_begin + 1;
      finding.column_end = finding.column + (entry.value_end - entry.value_begin);
      finding.name = entry.key;
      finding.masked = masked_value(dotenv_rule(), value.text());
      add(std::move(finding));
    }
  }

  bool allowed(const DotenvEntry& entry) const {
    const std::size_t end = text_.find('\n', entry.value_end);
    const std::string_view rest = std::string_view(text_).substr(
        entry.value_end, end == std::string::npos ? end : end - entry.value_end);
    return rest.find("phantom:allow") != std::string_view::npos ||
           rest.find("gitleaks:allow") != std::string_view::npos;
  }

  void skip(const CheckItem& item, const char* reason) { skipped_.push_back({item.path, reason}); }

  void hand_over() {
    CheckResult& result = shared_.result;
    result.texts += std::exchange(texts_, 0);
    result.bytes += std::exchange(bytes_, 0);
    result.binary += std::exchange(binary_, 0);
    for (CheckFinding& each : findings_) {
      result.more = result.more || result.findings.size() >= kFindingsMax;
      if (!result.more) result.findings.push_back(std::move(each));
    }
    for (SkippedItem& each : skipped_) result.skipped.push_back(std::move(each));
    findings_.clear();
    skipped_.clear();
  }

  Shared& shared_;
  std::optional<GitObjects> contents_;
  std::optional<GitObjects> types_;
  std::optional<SecretStream> stream_;
  const CheckItem* item_ = nullptr;
  bool is_dotenv_ = false;
  std::string text_;  // of a dotenv file
  std::string piece_;
  std::vector<CheckFinding> found_;  // in this text
  std::map<std::pair<const SecretRule*, std::string>, std::uint64_t> numbers_;
  std::vector<CheckFinding> findings_;
  std::vector<SkippedItem> skipped_;
  std::uint64_t texts_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t binary_ = 0;
};

}  // namespace

Result<CheckResult> run_check(const CheckRun& run) {
  const SecretFinder finder;
  Shared shared{run, finder, {}, {}, {}};
  const unsigned cores = std::clamp(std::thread::hardware_concurrency(), 1U, 16U);
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < cores; ++i) threads.emplace_back([&] { Worker(shared).work(); });
  Worker(shared).work();
  for (std::thread& each : threads) each.join();
  if (shared.failed) return std::move(*shared.failed);
  const auto place = [](const CheckFinding& each) {
    return std::tie(each.path, each.commit, each.line, each.column, each.rule->id);
  };
  std::sort(shared.result.findings.begin(), shared.result.findings.end(),
            [&](const CheckFinding& a, const CheckFinding& b) { return place(a) < place(b); });
  return std::move(shared.result);
}

const SecretRule& dotenv_rule() {
  static constexpr SecretRule rule = {"dotenv-value",
                                      "dotenv",
                                      "real value in a dotenv file",
                                      "",
                                      "",
                                      0,
                                      SecretCheck::kRandom,
                                      SecretSeverity::kHigh,
                                      SecretAudience::kServer,
                                      "docs/guides/check.md"};
  return rule;
}

std::string masked_value(const SecretRule& rule, std::string_view value) {
  std::string shown;
  if (rule.check != SecretCheck::kUrl && !rule.shape.empty()) {
    const SecretShape shape(rule.shape);
    for (const std::string& prefix : shape.prefixes()) {
      if (value.starts_with(prefix)) shown = prefix.substr(0, kPrefixShown);
    }
  }
  if (!shown.empty()) shown += "... ";
  return shown + "(" + std::to_string(value.size()) + " characters)";
}

std::string value_tag(const SecretRule& rule, std::string_view value, std::string_view random,
                      std::string_view salt) {
  // Only what a machine made: people choose passwords, and a digest of one can be guessed.
  const bool made = rule.check == SecretCheck::kNone || rule.check == SecretCheck::kCrc62 ||
                    rule.check == SecretCheck::kJwt || rule.check == SecretCheck::kPem ||
                    rule.check == SecretCheck::kDiscord;
  const double bits = shannon_entropy(random) * static_cast<double>(random.size());
  if (!made || salt.empty() || bits < kUnguessableBits) return {};
  const Digest digest =
      sha256({as_bytes("phantom check value v1\n"), as_bytes(salt), as_bytes("\n"),
              as_bytes(rule.id), as_bytes("\n"), as_bytes(value)});
  return to_hex(ByteView(digest).first(16));
}

bool is_dotenv_file(std::string_view path) {
  const std::string_view name = base_name(path);
  if (name != ".env" && !name.starts_with(".env.") && !name.ends_with(".env")) return false;
  for (const std::string_view part :
       {"example", "sample", "template", "dist", "schema", "defaults"}) {
    if (name.find(part) != std::string_view::npos) return false;
  }
  return true;
}

}  // namespace phantom
