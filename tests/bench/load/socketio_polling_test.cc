// SPDX-License-Identifier: Apache-2.0
#include "bench/load/socketio_polling.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace bench::load {
namespace {

struct Collected final : Sink {
  void on_payload(std::string_view payload) override { payloads.emplace_back(payload); }
  std::vector<std::string> payloads;
};

std::string answer(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string get(const std::string& sid) {
  return "GET /socket.io/?EIO=4&transport=polling" + sid + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

std::string post(const std::string& body) {
  return "POST /socket.io/?EIO=4&transport=polling&sid=s1 HTTP/1.1\r\nHost: h\r\n"
         "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// One client, and the requests that it has made.
struct Polling {
  Polling() {
    ProtocolOptions options;
    options.host = "h";
    options.topics = {"a", "b"};
    client = make_socketio_polling(options);
    client->start(out);
  }

  // What it asks for next. Bytes come one by one where `torn`.
  std::string next(const std::string& bytes, bool torn = false) {
    out.clear();
    const std::size_t step = torn ? 1 : bytes.size();
    for (std::size_t at = 0; good && at < bytes.size(); at += step) {
      good = client->on_bytes({bytes.data() + at, step}, sink, out);
    }
    return out;
  }

  // As far as the poll in which deliveries come.
  void join() {
    next(answer("0{\"sid\":\"s1\",\"upgrades\":[]}"));
    next(answer("ok"));
    next(answer("40{\"sid\":\"public\"}"));
    next(answer("ok"));
    next(
        answer("430[]\x1e"
               "431[]"));
  }

  std::unique_ptr<Protocol> client;
  Collected sink;
  std::string out;
  bool good = true;
};

TEST(SocketIoPolling, ConnectsJoinsAndPollsWithOneRequestAtATime) {
  for (const bool torn : {false, true}) {
    Polling polling;
    EXPECT_EQ(polling.out, get(""));
    EXPECT_EQ(polling.next(answer("0{\"sid\":\"s1\",\"pingInterval\":25000}"), torn), post("40"));
    EXPECT_EQ(polling.next(answer("ok"), torn), get("&sid=s1"));
    EXPECT_EQ(polling.next(answer("40{\"sid\":\"public\"}"), torn), post("420[\"join\",\"a\"]\x1e"
                                                                         "421[\"join\",\"b\"]"));
    EXPECT_EQ(polling.next(answer("ok"), torn), get("&sid=s1"));
    EXPECT_EQ(polling.next(answer("430[]"), torn), get("&sid=s1"));
    EXPECT_FALSE(polling.client->ready());
    EXPECT_EQ(polling.next(answer("431[]"), torn), get("&sid=s1"));
    EXPECT_TRUE(polling.client->ready() && polling.good);
  }
}

TEST(SocketIoPolling, TakesDeliveriesInTheirOrderAndAnswersThePingAmongThem) {
  for (const bool torn : {false, true}) {
    Polling polling;
    polling.join();
    EXPECT_EQ(polling.next(answer("42[\"message\",\"one\"]\x1e"
                                  "2\x1e"
                                  "42[\"message\",\"two\"]"),
                           torn),
              post("3"));
    EXPECT_EQ(polling.next(answer("ok"), torn), get("&sid=s1"));
    EXPECT_EQ(polling.next(answer("6"), torn), get("&sid=s1"));
    EXPECT_EQ(polling.sink.payloads, (std::vector<std::string>{"one", "two"}));
    EXPECT_TRUE(polling.good);
  }
}

TEST(SocketIoPolling, RefusesWhatNoServerWouldSendToALivingSession) {
  const std::vector<std::string> wrong = {answer("1"),
                                          answer(""),
                                          answer("42[\"other\",\"x\"]"),
                                          answer("432[]"),
                                          answer("{\"code\":1}", "400 Bad Request"),
                                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"};
  for (const std::string& bytes : wrong) {
    Polling polling;
    polling.join();
    EXPECT_EQ(polling.next(bytes), "") << bytes;
    EXPECT_FALSE(polling.good) << bytes;
    EXPECT_NE(polling.client->error(), "") << bytes;
  }
  Polling polling;
  polling.next(answer("0{\"sid\":\"s1\"}"));
  polling.next(answer("no"));
  EXPECT_FALSE(polling.good);
}

}  // namespace
}  // namespace bench::load
