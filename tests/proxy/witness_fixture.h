#pragma once
// A witness that serves a directory of its own on a free port of 127.0.0.1.

#include "ledger/witness_directory.h"
#include "proxy/witness_client.h"
#include "proxy/witness_server.h"
#include "tests/support/fake_clock.h"
#include "tests/support/ledger_test_log.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

namespace phantom::proxy_test {

class WitnessFixture : public ::testing::Test {
 protected:
  WitnessFixture() : log_("example.com/log") {
    SeededRandom random(9);
    key_ = create_witness(directory(), "witness.example/w1", random).value();
    PH_CHECK(add_witnessed_log(directory(), log_.key(), log_.origin(), {}).ok(), "add");
    witness_ = std::move(ServingWitness::open(directory(), clock_).value());
    options_.limits.requests_per_second = 0;
  }
  void start() {
    server_.reset();
    auto server = WitnessServer::start(*witness_, options_);
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(*server);
  }
  std::filesystem::path directory() const { return scratch_ / "w"; }
  std::string url() const { return "http://" + server_->address().text() + options_.prefix; }
  std::string body(std::uint64_t old_size, std::uint64_t size) const {
    return add_checkpoint_body(old_size, log_.proof(old_size, size), log_.note(size));
  }
  Result<HttpAnswer> send(std::string method, const std::string& path, std::string_view body = {}) {
    HttpRequest request;
    request.method = std::move(method);
    request.body = to_bytes(body);
    return http_exchange(url() + path, std::move(request), {});
  }
  std::string checkpoint_path() const { return "/" + origin_digest(log_.origin()) + "/checkpoint"; }

  TempDir scratch_;
  FakeClock clock_;
  test::TestLog log_;
  CosignerKey key_;
  std::unique_ptr<ServingWitness> witness_;
  WitnessServerOptions options_;
  std::unique_ptr<WitnessServer> server_;
};

}  // namespace phantom::proxy_test
