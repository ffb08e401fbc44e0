// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/admin_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "broker/base/owned_fd.h"

namespace broker::admin {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

base::OwnedFd connect_to(const config::Address& address) {
  base::OwnedFd fd(::socket(address.ipv6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  int result = -1;
  if (address.ipv6()) {
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_port = htons(address.port);
    ::inet_pton(AF_INET6, address.host.c_str(), &name.sin6_addr);
    result = ::connect(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof name);
  } else {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(address.port);
    ::inet_pton(AF_INET, address.host.c_str(), &name.sin_addr);
    result = ::connect(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof name);
  }
  if (result != 0) fd.reset();
  return fd;
}

std::string exchange(const config::Address& address, std::string_view request) {
  const base::OwnedFd fd = connect_to(address);
  if (!fd) return "cannot connect";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return "cannot send";
  std::string answer;
  char block[4096];
  for (ssize_t n = 0; (n = ::recv(fd.get(), block, sizeof block, 0)) > 0;)
    answer.append(block, static_cast<std::size_t>(n));
  return answer;
}

bool has_ipv6() {
  return static_cast<bool>(base::OwnedFd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0))) && [] {
    const base::OwnedFd fd(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_addr = in6addr_loopback;
    return ::bind(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
  }();
}

class AdminServerTest : public testing::Test {
 protected:
  AdminServer::Started start(config::Address address, std::vector<std::string> keys = {}) {
    return AdminServer::start({std::move(address), std::move(keys), {{"raw"}, {"peer_closed"}}, "1.2.3"}, subject_);
  }
  void serve(config::Address address, std::vector<std::string> keys = {}) {
    auto started = start(std::move(address), std::move(keys));
    if (auto* wrong = std::get_if<std::string>(&started)) FAIL() << *wrong;
    server_ = std::move(std::get<std::unique_ptr<AdminServer>>(started));
  }
  std::string ask(std::string_view request) { return exchange(server_->address(), request); }
  std::string get(std::string_view path) {
    return ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }

  base::ShardMetrics metrics_;
  const base::ShardMetrics* const shards_[1] = {&metrics_};
  std::atomic<Readiness> readiness_{Readiness::ready};
  std::atomic<int> asked_{0};
  base::ReloadMetrics reloads_;
  const Subject subject_{shards_, readiness_, [this](std::size_t) { ++asked_; }, reloads_};
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, ServesOnAPortThatItTookAndTells) {
  serve({"127.0.0.1", 0});
  EXPECT_NE(server_->address().port, 0);
  const std::string metrics = get("/metrics");
  EXPECT_THAT(metrics, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(metrics, HasSubstr("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(metrics, HasSubstr("\nkodama_topics 0\n"));
  EXPECT_THAT(metrics, testing::ContainsRegex("\r\nDate: [A-Z][a-z]+, [0-9]+ [A-Z][a-z]+ 20[0-9]+ [0-9:]+ GMT\r\n"));
  EXPECT_THAT(get("/metrics?x=y"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(get("/healthz"), EndsWith("{\"status\":\"ok\",\"shards\":1}\n"));
  EXPECT_EQ(asked_, 1) << "the shard had not turned, so it was woken";
  EXPECT_THAT(get("/readyz"), EndsWith("{\"status\":\"ready\"}\n"));
  readiness_ = Readiness::draining;
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
}

TEST_F(AdminServerTest, AnswersErrorsInJson) {
  serve({"127.0.0.1", 0});
  EXPECT_THAT(get("/other"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(get("/other"), HasSubstr("{\"error\":{\"code\":404,"));
  const std::string post = ask("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
  EXPECT_THAT(post, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_THAT(post, HasSubstr("\r\nAllow: GET, HEAD\r\n"));
  const std::string garbage = ask("garbage\r\n\r\n");
  EXPECT_THAT(garbage, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(garbage, HasSubstr("{\"error\":{\"code\":400,"));
}

TEST_F(AdminServerTest, RefusesALargeHead) {
  serve({"127.0.0.1", 0});
  const std::string answer = ask("GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + std::string(10'000, 'x') + "\r\n\r\n");
  EXPECT_THAT(answer, Not(HasSubstr("kodama_")));
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(AdminServerTest, AnswersAHeadRequestWithoutABody) {
  serve({"127.0.0.1", 0});
  const std::string answer = ask("HEAD /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 19\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(AdminServerTest, AnswersAWebSocketHandshakeAsAnyRequest) {
  serve({"127.0.0.1", 0});
  const std::string answer =
      ask("GET /readyz HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n{\"status\":\"ready\"}\n"));
}

TEST_F(AdminServerTest, KeepsAConnectionForSeveralRequests) {
  serve({"127.0.0.1", 0});
  const std::string request = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string last = "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const std::string answers = ask(request + request + last);
  std::size_t count = 0;
  for (std::size_t at = answers.find("HTTP/1.1 200"); at != std::string::npos;
       at = answers.find("HTTP/1.1 200", at + 1))
    ++count;
  EXPECT_EQ(count, 3u);
}

TEST_F(AdminServerTest, WantsAKeyForMetricsAndNoneForProbes) {
  serve({"127.0.0.1", 0}, {"the-key"});
  const std::string refused = get("/metrics");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 401 Unauthorized\r\n"));
  EXPECT_THAT(refused, HasSubstr("\r\nWWW-Authenticate: Bearer\r\n"));
  EXPECT_THAT(ask("GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer the-key\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(AdminServerTest, AnswersWhileOthersSayNothing) {
  serve({"127.0.0.1", 0});
  std::vector<base::OwnedFd> silent;
  for (int i = 0; i < 4; ++i) silent.push_back(connect_to(server_->address()));
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(AdminServerTest, TellsTheCauseWhenThePortIsTaken) {
  serve({"127.0.0.1", 0});
  const auto second = start(server_->address());
  ASSERT_TRUE(std::holds_alternative<std::string>(second));
  EXPECT_EQ(std::get<std::string>(second), "the admin port cannot be opened: cannot bind to " +
                                               config::format(server_->address()) + ": 98 (Address already in use)");
}

TEST_F(AdminServerTest, TellsTheCauseWhenTheAddressIsNotOfThisMachine) {
  const auto started = start({"192.0.2.1", 9000});  // RFC 5737: documentation only
  ASSERT_TRUE(std::holds_alternative<std::string>(started));
  EXPECT_THAT(std::get<std::string>(started), HasSubstr("Cannot assign requested address"));
}

TEST_F(AdminServerTest, ServesIpv6) {
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
  serve({"::1", 0});
  EXPECT_TRUE(server_->address().ipv6());
  EXPECT_NE(server_->address().port, 0);
  EXPECT_THAT(get("/metrics"), HasSubstr("\nkodama_topics 0\n"));
  EXPECT_THAT(get("/readyz"), EndsWith("{\"status\":\"ready\"}\n"));
  const auto second = start(server_->address());
  ASSERT_TRUE(std::holds_alternative<std::string>(second));
  EXPECT_THAT(std::get<std::string>(second), HasSubstr("Address already in use"));
}

TEST_F(AdminServerTest, TakesIpv4OnTheWildcardOfIpv6) {
  if (!has_ipv6()) GTEST_SKIP() << "this machine has no IPv6";
  serve({"::", 0});
  EXPECT_THAT(exchange({"127.0.0.1", server_->address().port}, "GET /readyz HTTP/1.0\r\n\r\n"), HasSubstr("200 OK"));
  EXPECT_THAT(exchange({"::1", server_->address().port}, "GET /readyz HTTP/1.0\r\n\r\n"), HasSubstr("200 OK"));
}

TEST_F(AdminServerTest, ServesManyAtOnce) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    if (std::string_view(host) == "::1" && !has_ipv6()) continue;
    serve({host, 0});
    std::vector<std::thread> threads;
    std::atomic<int> good{0};
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 10; ++j) {
          const std::string answer = get("/metrics");
          if (answer.starts_with("HTTP/1.1 200 OK\r\n") &&
              answer.find("\nprocess_start_time_seconds ") != std::string::npos)
            ++good;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 60) << host;
  }
}

TEST_F(AdminServerTest, EndsWhileAConnectionIsOpen) {
  serve({"127.0.0.1", 0});
  const base::OwnedFd open = connect_to(server_->address());
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 200 OK\r\n"));
  server_.reset();  // returns
  char byte = 0;
  EXPECT_LE(::recv(open.get(), &byte, 1, 0), 0);
}

}  // namespace
}  // namespace broker::admin
