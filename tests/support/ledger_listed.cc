#include "tests/support/ledger_listed.h"

#include "events/envelope.h"
#include "ledger/row_source.h"

namespace phantom::test {
namespace {

Error unused() { return {Code::kUnsupported, "no test asks for it"}; }

}  // namespace

ListedLedger::ListedLedger(const MemoryLedger& ledger, std::uint64_t size) {
  for (Seq seq = 0; seq < size; ++seq) add(read_entry(ledger, ledger.size(), seq).value());
  head_ = parse_checkpoint(ledger.note(size)).value();
}

void ListedLedger::add(Bytes entry) {
  range_.append(leaf_hash(entry), 0, [&](unsigned height, std::uint64_t, const Digest& hash) {
    if (nodes_.size() <= height) nodes_.resize(height + 1);
    nodes_[height].push_back(hash);
  });
  entries_.push_back(std::move(entry));
}

Digest ListedLedger::root_of(std::uint64_t size) const {
  return root_at([this](unsigned height, std::uint64_t index) { return node(height, index); }, size)
      .value();
}

void ListedLedger::set_head(std::uint64_t size, const Signer& key) {
  const Checkpoint checkpoint{key.verifier_key().name, size, root_of(size)};
  const std::string text = checkpoint.text();
  head_ = {checkpoint, text + "\n" + signature_line(key.verifier_key(), key.sign(as_bytes(text)))};
}

Result<Bytes> ListedLedger::entry(Seq seq) const {
  if (seq >= head_.checkpoint.size) return Error{Code::kNotFound, "past the end"};
  return entries_.at(seq);
}

Status ListedLedger::scan(Seq from, Seq to,
                          const std::function<bool(Seq, const Bytes&)>& visit) const {
  for (; from < std::min(to, head_.checkpoint.size); ++from) {
    if (!visit(from, entries_.at(from))) return {};
  }
  return {};
}

Result<std::optional<TagState>> ListedLedger::tag(std::string_view) const { return unused(); }

Status ListedLedger::history(std::string_view,
                             const std::function<bool(Seq, const Bytes&)>&) const {
  return unused();
}

Status ListedLedger::commits(std::uint64_t,
                             const std::function<bool(const SignedCheckpoint&)>&) const {
  return unused();
}

Result<Digest> ListedLedger::node(unsigned height, std::uint64_t index) const {
  if (height >= nodes_.size() || index >= nodes_[height].size()) {
    return Error{Code::kNotFound, "no such subtree"};
  }
  return nodes_[height][index];
}

Result<std::optional<std::string>> MemorySink::checkpoint() {
  const auto found = files.find("checkpoint");
  if (found == files.end()) return std::optional<std::string>();
  return std::optional(std::string(as_text(found->second)));
}

Status MemorySink::put(const std::string& path, ByteView bytes) {
  files[path] = to_bytes(bytes);
  written.push_back(path);
  return {};
}

Status MemorySink::commit(std::string_view note) { return put("checkpoint", as_bytes(note)); }

void MemorySink::remove_partials(const std::string& path) {
  std::erase_if(files, [&](const auto& file) { return file.first.starts_with(path + "/"); });
}

Result<Bytes> MemorySource::fetch(const std::string& path, std::size_t bytes_max) const {
  if (const auto error = errors.find(path); error != errors.end()) {
    return Error{error->second, "as the test wants it"};
  }
  const auto found = files.find(path);
  if (found == files.end()) return Error{Code::kNotFound, "no such file"};
  if (found->second.size() > bytes_max) return Error{Code::kLimit, "it is too long"};
  return found->second;
}

Status MemorySource::each_file(const std::function<void(const std::string&)>& visit) const {
  for (const auto& [path, bytes] : files) visit(path);
  return {};
}

}  // namespace phantom::test
