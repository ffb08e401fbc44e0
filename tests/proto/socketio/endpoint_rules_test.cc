// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/endpoint_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "proto/http/request.h"
#include "session_case.h"

namespace proto::socketio {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(EndpointRules, OneForEachEndpointAndSocketIosFirst) {
  SessionCase with(
      "engineio: {endpoints: [{path: /a}, {path: /b/}]}\nsocketio: {path: /s/, namespaces: {/: {}, /x: {}}}");
  ASSERT_EQ(with.endpoints.size(), 3);
  EXPECT_EQ(with.endpoints[0]->path(), "/s/");
  EXPECT_EQ(with.endpoints[0]->plain(), nullptr);
  EXPECT_EQ(with.endpoints[1]->path(), "/a/");
  EXPECT_NE(with.endpoints[2]->plain(), nullptr);
  ASSERT_NE(with.endpoints[0]->find("/x"), nullptr);
  EXPECT_EQ(with.endpoints[0]->find("/x")->stream, "x/$stream");
  EXPECT_EQ(with.endpoints[0]->find("/")->stream, "$stream");
  EXPECT_EQ(with.endpoints[0]->find("/y"), nullptr);
  EXPECT_EQ(with.endpoints[1]->find("/"), nullptr);
}

// Wherever a rule may name a part of the request.
TEST(EndpointRules, KeepsOfARequestWhatRulesName) {
  SessionCase with(R"(
socketio:
  refuse: [{when: {query.q1: present, headers.H1: present}}]
  namespaces:
    "/":
      refuse: [{unless: {query.q2: present}, data: {a: [$query.q3]}}]
      on_connect: [{when: {headers.h2: present}, emit: {event: $query.q4, args: [$query.q1]}}]
      on_disconnect: [{broadcast: {event: e, except: [$query.q5], args: []}}]
      rooms: ["*"]
      events:
        - {event: e, do: [{join: $query.q6}, {set: {x: $query.q7}}, {broadcast: {to: [$query.q8]}}], ack: [$query.q9]}
        - {event: f, dedupe: {by: $query.q10, window: 1m}, ack: [],
           do: [{ask: {event: e, args: [], then: [{emit: {event: e, args: [$query.q11]}}]}}]}
)");
  http::Request request;
  Pairs all;
  for (int i = 1; i <= 12; ++i) all.emplace_back("q" + std::to_string(i), std::to_string(i));
  request.query = all;
  request.headers = {{"h1", "a"}, {"h2", "b"}, {"h2", "c"}, {"h3", "d"}, {"cookie", "secret"}};
  OpeningRequest kept = with.endpoints[0]->opening(request);
  std::sort(kept.query.begin(), kept.query.end());
  std::sort(kept.headers.begin(), kept.headers.end());
  all.pop_back();
  std::sort(all.begin(), all.end());
  EXPECT_EQ(kept.query, all);
  EXPECT_EQ(kept.headers, (Pairs{{"h1", "a"}, {"h2", "b"}}));
  EXPECT_TRUE(with.endpoints[0]->refuses(kept, 0));
  kept.headers.clear();
  EXPECT_FALSE(with.endpoints[0]->refuses(kept, 0));
}

TEST(EndpointRules, KeepsAuthWhereItIsNamedLater) {
  struct Row {
    std::string rules;
    bool keeps;
  };
  const Row rows[] = {
      {"on_connect: [{emit: {event: e, args: [$auth]}}]", false},
      {"refuse: [{unless: {auth.token: present}}]", false},
      {"events: [{event: e, ack: [{a: [$auth.x]}]}]", true},
      {"on_disconnect: [{broadcast: {event: e, args: [$auth]}}]", true},
      {"on_connect: [{ask: {event: e, args: [], then: [{emit: {event: e, args: [$auth]}}]}}]", true},
      {"events: [{event: e, do: [{when: {auth.admin: present}, emit: {}}]}]", true},
  };
  for (const Row& row : rows) {
    SessionCase with("socketio: {namespaces: {/: {" + row.rules + "}}}", {.data_bytes_max = 100});
    EXPECT_EQ(with.endpoints[0]->find("/")->keeps_auth, row.keeps) << row.rules;
    fakes::SocketClient& client = with.client();
    (void)client.say({R"(40{"token":")" + std::string(200, 'x') + "\"}"});
    const std::vector<std::string> heard = client.hear();
    EXPECT_EQ(heard.at(0).starts_with("44"), row.keeps) << "what is kept is bounded";
  }
}

}  // namespace
}  // namespace proto::socketio
