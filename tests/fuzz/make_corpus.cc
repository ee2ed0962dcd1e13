// Writes the seeds of the fuzz corpora from real objects, the same bytes in every run.
//
// usage: make_corpus DIRECTORY      (tests/fuzz/corpus)

#include "events/catalog.h"
#include "events/encoding.h"
#include "events/envelope.h"
#include "events/sha256.h"
#include "events/tags.h"
#include "ledger/bundle_manifest.h"
#include "ledger/bundle_members.h"
#include "ledger/epochs.h"
#include "ledger/head_guard.h"
#include "ledger/proof_text.h"
#include "ledger/rows.h"
#include "ledger/signer.h"
#include "ledger/tree.h"
#include "ledger/wire.h"
#include "ledger/witness.h"
#include "tests/support/ledger_bundle.h"
#include "tests/support/ledger_test_log.h"
#include "tests/support/sample_drafts.h"
#include "tests/support/seeded_random.h"
#include "vault/placeholder.h"
#include "vault/vault_file.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace phantom {
namespace {

namespace fs = std::filesystem;

class Corpora {
 public:
  explicit Corpora(fs::path root) : root_(std::move(root)) {}

  void put(const std::string& target, const std::string& name, ByteView bytes) const {
    fs::create_directories(root_ / target);
    std::ofstream out(root_ / target / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    PH_CHECK(out.good(), "a seed cannot be written");
  }
  void put(const std::string& target, const std::string& name, std::string_view text) const {
    put(target, name, as_bytes(text));
  }

 private:
  fs::path root_;
};

struct Log {
  Log()
      : random(21),
        log(Signer::generate(kOrigin, random)),
        epoch(Signer::generate(kEpoch, random)) {}

  std::string note(std::uint64_t size, const Digest& root) const {
    const Checkpoint checkpoint{kOrigin, size, root};
    const std::string text = checkpoint.text();
    return text + "\n" + signature_line(log.verifier_key(), log.sign(as_bytes(text))) +
           signature_line(epoch.verifier_key(), epoch.sign(as_bytes(text)));
  }

  static constexpr char kOrigin[] = "phantom.local/00112233445566778899aabbccddeeff";
  static constexpr char kEpoch[] = "phantom.local/00112233445566778899aabbccddeeff/epoch/1";
  SeededRandom random;
  Signer log;
  Signer epoch;
};

Bytes entry_of(const Draft& draft, Seq seq) {
  Sequencing sequencing;
  sequencing.seq = seq;
  sequencing.commit_first_seq = seq;
  sequencing.time_ns = 1'767'323'045'678'901'999;
  sequencing.peer = Peer{1'000, 4'242};
  for (std::size_t i = 0; i < draft.tags.size(); ++i) {
    sequencing.tag_links.push_back({seq == 0 ? 0 : seq - 1, seq + 1});
  }
  return *encode_entry(draft, sequencing);
}

std::vector<std::pair<std::string, Draft>> drafts() {
  std::vector<std::pair<std::string, Draft>> out;
  for (const char* name : {"session.started", "proxy.request.requested", "proxy.request.completed",
                           "config.accepted", "vault.change.requested", "audit.read"}) {
    const EventInfo* info = find_event(name);
    PH_CHECK(info != nullptr, "an event type that is not there");
    out.emplace_back(name, sample_draft(info->no, out.size() + 1, "text"));
  }
  Draft full = sample_draft(find_event("session.started")->no, 77, "caf\xc3\xa9 \x1b[2J");
  full.cause_seq = 3;
  full.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  full.outcome = Outcome::Denied;
  full.reason = Reason::BadToken;
  full.conditions = {{"vault:p1", 17}, {"vault:p2", std::nullopt}};
  full.sealed.push_back({"argv", "s_1", Bytes(24, 1), Bytes(40, 2)});
  full.sealed.push_back({"hostname", "s_1", Bytes(24, 3), Bytes(20, 4)});
  out.emplace_back("full", full);
  Draft unknown = full;
  unknown.type = 64'000;
  out.emplace_back("unknown_type", unknown);
  return out;
}

void put_events(const Corpora& corpora, const Log& log) {
  Seq seq = 0;
  for (const auto& [name, draft] : drafts()) {
    corpora.put("draft", name, encode_draft(draft));
    corpora.put("entry", name, entry_of(draft, ++seq));
  }
  const Context context = sample_context();
  Draft created = ledger_created(context, Log::kOrigin, "00112233445566778899aabbccddeeff",
                                 log.log.verifier_key().text(), log.epoch.verifier_key().text());
  created.id[15] = 1;
  corpora.put("entry", "ledger.created", entry_of(created, 0));
  Draft announced = epoch_announced(context, 2, log.epoch.verifier_key().text(), {1, 0, 10});
  announced.id[15] = 2;
  corpora.put("entry", "ledger.epoch_announced", entry_of(announced, 9));
  corpora.put("draft", "ledger.epoch_announced", encode_draft(announced));
}

void put_notes(const Corpora& corpora, const Log& log) {
  const std::string note = log.note(1'234, Digest{1, 2, 3});
  corpora.put("note", "checkpoint", note);
  corpora.put("note", "empty_tree", log.note(0, empty_root()));
  corpora.put("note", "extension",
              "origin\n7\n" + to_base64(Digest{}) + "\nextension\n\n" +
                  signature_line(log.log.verifier_key(), {}));
  corpora.put("note", "text", "one\n\ntwo\n\n" + signature_line(log.log.verifier_key(), {}));
  corpora.put("note", "key", log.log.verifier_key().text());
  corpora.put("trust", "pin", log.log.verifier_key().text() + "\n");
  corpora.put("trust", "note", note);
  corpora.put("trust", "offers", "sign 3 a\nsign 7 b\nforge 9 b\nsign 7 c\nsign 5 a\nsign 8 b\n");

  Bytes head{0};
  for (const std::uint64_t generation : {std::uint64_t{2}, std::uint64_t{3}}) {
    const Bytes slot = encode_head_slot(generation, log.note(generation * 10, Digest{4}));
    head.insert(head.end(), slot.begin(), slot.end());
  }
  corpora.put("head", "two_slots", head);
  Bytes sealed = head;
  sealed[0] = 3;
  sealed.resize(1 + kHeadSlotBytes + 700);
  corpora.put("head", "sealed", sealed);
  Bytes one(1 + kHeadSlotBytes, 0);
  const Bytes slot = encode_head_slot(1, log.note(1, Digest{4}));
  one.insert(one.end(), slot.begin(), slot.end());
  corpora.put("head", "one_slot", one);
}

void put_proofs(const Corpora& corpora, const Log& log) {
  const Bytes entry = entry_of(sample_session_started(1), 2);
  std::vector<Digest> leaves(3);
  leaves[2] = leaf_hash(entry);
  const Digest left = node_hash(leaves[0], leaves[1]);
  ProofText proof;
  proof.index = 2;
  proof.hashes = {left};
  const std::string note = log.note(3, node_hash(left, leaves[2]));
  proof.checkpoint = *parse_checkpoint(note);
  Bytes given{0};
  put_be16(given, static_cast<std::uint16_t>(entry.size()));
  given.insert(given.end(), entry.begin(), entry.end());
  const std::string text = format_proof(proof);
  Bytes with_extra = given;
  given.insert(given.end(), text.begin(), text.end());
  corpora.put("proof", "given", given);
  const std::size_t line = text.find('\n') + 1;
  const std::string extra = text.substr(0, line) + "extra AAAA\n" + text.substr(line);
  with_extra.insert(with_extra.end(), extra.begin(), extra.end());
  corpora.put("proof", "extra", with_extra);
  for (std::uint8_t how = 0; how < 3; ++how) {
    Bytes made{1, 0, static_cast<std::uint8_t>(2 + 7 * how), how, 0, 99, 1};
    made.insert(made.end(), entry.begin(), entry.end());
    corpora.put("proof", "made_" + std::to_string(how), made);
  }
}

void put_wire(const Corpora& corpora) {
  Bytes stream{3, 0, 6, 40};
  const auto add = [&](const Bytes& frame) {
    stream.insert(stream.end(), frame.begin(), frame.end());
  };
  add(wire::hello(Log::kOrigin));
  add(wire::reply(EventId{1}, Receipt{12, Digest{7}, 13, Durability::kDuplicate}));
  add(wire::reply(EventId{2}, Error{Code::kConflict, "no", "why"}));
  add(wire::frame(encode_draft(sample_session_started(1))));
  corpora.put("wire", "stream", stream);
  Bytes reply{0};
  const Bytes frame = wire::reply(EventId{3}, Error{Code::kLimit, "message", ""});
  reply.insert(reply.end(), frame.begin() + 4, frame.end());
  corpora.put("wire", "reply", reply);

  std::string bundle;
  for (const std::string_view entry : {"one", "two", "three"}) {
    rows::append_to_bundle(bundle, as_bytes(entry));
  }
  corpora.put("bundle", "three", bundle);
  corpora.put("bundle", "empty_entries", std::string(4, '\0'));
}

void put_tiles(const Corpora& corpora) {
  corpora.put("tiles", "hashes", "tile/0/x001/x234/067.p/255");
  corpora.put("tiles", "entries", "tile/entries/x001/234");
  corpora.put("tiles", "high", "tile/63/000.p/1");
  std::string bundle;
  for (const std::string_view entry : {"one", "", "three"}) {
    rows::append_to_bundle(bundle, as_bytes(entry));
  }
  corpora.put("tiles", "bundle", bundle);
}

// Small ones: the schema is another, and so is the guide.
void put_bundles(const Corpora& corpora) {
  test::MemoryLedger ledger;
  ledger.commit(2);
  ledger.start_epoch(1);
  for (const char* query : {"", "session=test", "from=1 to=3"}) {
    const EntryFilter filter = *parse_query(query);
    test::BundleParts parts = test::take_apart(test::make_bundle(ledger, filter));
    parts["VERIFY.md"] = Bytes(3, 'x');
    parts["catalogue.bfbs"] = Bytes(3, 'y');
    BundleManifest manifest = *parse_manifest(parts.text("manifest.json"));
    manifest.schema = sha256(parts["catalogue.bfbs"]);
    parts["manifest.json"] = to_bytes(as_bytes(manifest_text(manifest)));
    const std::string name = *query == 0 ? "all" : query[0] == 's' ? "chain" : "range";
    corpora.put("phx", name, put_together(parts, test::log_key_of(ledger)));
    if (name == "chain") corpora.put("phx", "manifest", parts["manifest.json"]);
  }
  corpora.put("phx", "receipt", "anchors/w1/00000000000000000012.note");
  corpora.put("phx", "consistency", bundle::consistency_text({Digest{}, Digest{1}}));
}

void put_vault(const Corpora& corpora) {
  SeededRandom random(22);
  VaultHeader header;
  header.method = UnlockMethod::kKeyFile;
  header.version = 5;
  header.kdf = {0, 0};
  random.fill(header.salt);
  header.project = "demo";
  SecretBytes input = SecretBytes::zeros(kVaultKeyBytes);
  random.fill(input.writable());
  const VaultKeys keys = *derive_vault_keys(header, input);
  header.key_check = keys.check;
  VaultImage image{header, {}};
  for (const char* name : {"DEMO_ONE", "DEMO_TWO"}) {
    VaultRecord record;
    record.name = name;
    record.created_ns = record.changed_ns = 1'767'323'045'678'901'999;
    record.placeholder = make_placeholder(random);
    PH_CHECK(seal_record("demo", SecretBytes::copy_of(std::string_view("example-value")), keys,
                         random, record)
                 .ok(),
             "the sample seals");
    OlderVersion older{record.version, record.changed_ns, 0, record.placeholder, record.value};
    record.older.push_back(std::move(older));
    record.version = 2;
    image.records.push_back(std::move(record));
  }
  corpora.put("vault_file", "two_secrets", *encode_vault(image, keys));
  image.records.clear();
  corpora.put("vault_file", "empty", *encode_vault(image, keys));
}

void put_logs(const Corpora& corpora) {
  // As check_made of the target reads it: records, cut, place of a change, then lengths.
  corpora.put(
      "engine_log", "made",
      std::string("\1\0\4\x40\0\0\x50\1\x12\x34\0\2a\0\7\0\1b\xff\xff\0\0c\x7f\xff\0\3d", 27));
  corpora.put("engine_log", "empty_records", std::string("\1\0\5\0\x20\0\4\x80", 8));
  corpora.put("engine_log", "zeros", std::string(64, '\0'));
  // A whole record "abc", then a record "def" in two parts.
  const auto records = from_hex("00f270e89d0300016162632c552a080200026465f0db8c6701000466");
  PH_CHECK(records.has_value(), "hexadecimal");
  corpora.put("engine_log", "records", *records);
}

void put_text(const Corpora& corpora) {
  corpora.put("dotenv", "plain",
              "# settings\nAPP_NAME=demo\nexport LOG_LEVEL = info # loud\nEMPTY=\nCOLON: yes\n");
  corpora.put(
      "dotenv", "quotes",
      "\xef\xbb\xbfONE='it''\nTWO=\"a \\\"b\\\" \\n c\"\r\nTHREE=`x\ny`\rONE=again#not\nword\n");
  corpora.put("dotenv", "doubts",
              "A='C:\\dir\\'\nB=\"\\$x\"\t# c\nC: YWE=\nD=`x`#y\nE=${F:-g}#h\t\nG=$(id)\n");
  corpora.put("json_edit", "package",
              "\xef\xbb\xbf{\r\n\t\"name\" : \"x\",\r\n\t\"scripts\": {\"dev\" :\"next dev\", "
              "\"a\": []},\r\n\t\"version\":1.0e0}\r\n");
  corpora.put("json_edit", "settings",
              "// mine\n{\n  \"a\": 1, // one\n  /* \"b\": { */\n  \"mcpServers\": {\n    "
              "\"other\": {\"command\": \"x\", \"args\": [\"y\",],},\n  },\n}\n");
  corpora.put(
      "json_edit", "one_line",
      "{\"a\":1,\"mcpServers\":{\"phantom\":{\"x\":[1, {\"y\":\"\\u0022}\"}]}},\"c\":null}");
  corpora.put("secret_finder", "names",
              "api_key = \"value\"\npostgres://app:pw@host/db\n-----BEGIN PRIVATE KEY-----\n"
              "AAAA\n-----END PRIVATE KEY-----\n");
  corpora.put("secret_finder", "beginnings",
              "sk-ant-api03- ghp_ AKIA eyJhbGciOiJIUzI1NiJ9.eyJ.x SG.a.b\n{\"name\": \"TOKEN\",\n"
              " \"value\": \"x\"}\nServer=a;Password=b;\n");
  corpora.put(
      "config", "services",
      "[phantom]\nversion = 1\nproject_id = \"0123456789abcdef\"\n\n[services.example]\n"
      "secret = \"EXAMPLE_NAME\"\nhost = \"api.example.com:8443\"\n"
      "header = \"Authorization\"\nheader_format = \"Bearer {secret}\"\n"
      "base_url_env = \"EXAMPLE_BASE_URL\"\nbase_path = \"/v1\"\n\n[services.local]\n"
      "secret = \"LOCAL_NAME\"\nhost = \"[::1]:80\"\nscheme = \"http\"\nca_file = \"ca.pem\"\n");
  corpora.put("config", "host", "api.example.com");
  corpora.put("config", "address", "127.0.0.1");
  corpora.put("http_head", "request",
              std::string("\3\1\7\40", 4) +
                  "POST /v1/chat?x=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
                  "Connection: keep-alive, x-hop\r\nX-Hop: 1\r\n\r\nhello");
  corpora.put(
      "http_head", "response",
      std::string("\0", 1) +
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n");
  corpora.put("http_head", "old",
              std::string("\1\2", 2) + "HTTP/1.0 304 Not Modified\r\nContent-Length: 12\r\n\r\n");
  corpora.put("body", "chunked",
              std::string("\2\2\1\5\0\0", 6) +
                  "5;name=value\r\nhello\r\na \r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n");
  corpora.put("body", "length", std::string("\1\0\0\5", 4) + "hello and more");
  corpora.put("body", "until_close", std::string("\3\1\3\0\0", 5) + "all of it");
}

// The first byte: 0 a request or a file, 1 what a client does, seven bytes a step.
void put_witness(const Corpora& corpora) {
  const test::TestLog log("fuzz.example/log", 3);
  const auto text = [](std::string_view rest) { return std::string(1, '\0').append(rest); };
  std::string growth = "old 5\n";
  for (const Digest& hash : log.proof(5, 12)) growth += to_base64(hash) + "\n";
  corpora.put("witness", "first", text("old 0\n\n" + log.note(12)));
  corpora.put("witness", "growth", text(growth + "\n" + log.note(12)));
  corpora.put("witness", "state", text(format_witness_state({log.origin(), {}})));
  corpora.put("witness", "logs", text(format_witnessed_logs({{log.origin(), {log.key()}}})));
  std::string walk(1, '\1');
  const auto step = [&walk](int branch, int size, int old_size, int twist) {
    for (const int value : {branch, 0, size, 0, old_size, twist, 3}) {
      walk.push_back(static_cast<char>(value));
    }
  };
  step(0, 5, 0, 0);
  step(0, 12, 5, 0);
  step(1, 14, 12, 0);
  step(0, 12, 12, 0);
  step(0, 20, 12, 3);
  step(0, 8, 5, 0);
  step(0, 20, 12, 0);
  corpora.put("witness", "client", walk);
}

}  // namespace
}  // namespace phantom

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_corpus DIRECTORY\n");
    return 2;
  }
  const phantom::Corpora corpora(argv[1]);
  const phantom::Log log;
  phantom::put_events(corpora, log);
  phantom::put_notes(corpora, log);
  phantom::put_proofs(corpora, log);
  phantom::put_wire(corpora);
  phantom::put_witness(corpora);
  phantom::put_tiles(corpora);
  phantom::put_bundles(corpora);
  phantom::put_vault(corpora);
  phantom::put_logs(corpora);
  phantom::put_text(corpora);
  return 0;
}
