// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/engine_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proto::socketio {
namespace {

// What a request without a rule that refuses it comes to: the code of its error, or "opens", "session", "upgrades".
// A session is called "known", and has the transport given.
std::string outcome(std::string_view text, std::string_view method, Upgrade upgrade,
                    Transport session = Transport::polling, AllowedTransports allowed = {}) {
  const auto parameters = http::parse_query(text);
  if (!parameters) return "not a query";
  const EngineQuery query = read_engine_query(*parameters);
  std::optional<EngineError> error = check_transport(query, allowed);
  if (!error && query.sid.empty()) {
    error = check_opening(query, method, upgrade);
    if (!error) error = check_version(query);
    if (!error) return "opens";
  } else if (!error) {
    error = query.sid == "known" ? check_session(query, upgrade, session) : EngineError::unknown_sid;
    if (!error) return upgrade == Upgrade::websocket ? "upgrades" : "session";
  }
  return std::to_string(facts(*error).code);
}

TEST(EngineRequest, IsCheckedInTheOrderOfTheReference) {
  struct {
    std::string_view query;
    std::string_view method;
    Upgrade upgrade;
    std::string outcome;
  } const rows[] = {
      {"EIO=4&transport=polling", "GET", Upgrade::none, "opens"},
      {"EIO=4&transport=polling&t=N8hyd6w&b64=1&token=abc", "GET", Upgrade::none, "opens"},
      {"EIO=4&transport=polling&j=0", "GET", Upgrade::none, "opens"},
      {"EIO=4&transport=polling&sid=", "GET", Upgrade::none, "opens"},
      {"EIO=4&transport=websocket", "GET", Upgrade::websocket, "opens"},
      {"EIO=4&transport=polling&sid=known", "GET", Upgrade::none, "session"},
      {"EIO=4&transport=polling&sid=known", "POST", Upgrade::none, "session"},
      {"EIO=4&transport=websocket&sid=known", "GET", Upgrade::websocket, "upgrades"},
      // of a known session the version is not looked at again
      {"transport=polling&sid=known", "GET", Upgrade::none, "session"},
      // transport
      {"", "GET", Upgrade::none, "0"},
      {"EIO=4", "GET", Upgrade::none, "0"},
      {"EIO=4&transport=", "GET", Upgrade::none, "0"},
      {"EIO=4&transport=abc", "GET", Upgrade::none, "0"},
      {"EIO=4&transport=webtransport", "GET", Upgrade::none, "0"},
      {"EIO=4&transport=Polling", "GET", Upgrade::none, "0"},
      {"EIO=3&transport=tobi&sid=no", "PUT", Upgrade::none, "0"},
      // sid
      {"EIO=4&transport=polling&sid=no", "GET", Upgrade::none, "1"},
      {"EIO=3&transport=polling&sid=no", "PUT", Upgrade::none, "1"},
      {"EIO=4&transport=websocket&sid=no", "GET", Upgrade::websocket, "1"},
      {"EIO=4&transport=websocket&sid=known", "GET", Upgrade::none, "3"},
      // method
      {"EIO=4&transport=polling", "POST", Upgrade::none, "2"},
      {"EIO=4&transport=polling", "PUT", Upgrade::none, "2"},
      {"EIO=4&transport=polling", "OPTIONS", Upgrade::none, "2"},
      {"EIO=4&transport=websocket", "POST", Upgrade::none, "2"},
      {"transport=polling", "POST", Upgrade::none, "2"},
      // what is no WebSocket, or nothing else
      {"EIO=4&transport=websocket", "GET", Upgrade::none, "3"},
      {"EIO=3&transport=websocket", "GET", Upgrade::none, "3"},
      {"EIO=4&transport=polling", "GET", Upgrade::websocket, "3"},
      {"EIO=4&transport=polling&sid=known", "GET", Upgrade::websocket, "3"},
      // version
      {"transport=polling", "GET", Upgrade::none, "5"},
      {"EIO=abc&transport=polling", "GET", Upgrade::none, "5"},
      {"EIO=3&transport=polling", "GET", Upgrade::none, "5"},
      {"EIO=44&transport=polling", "GET", Upgrade::none, "5"},
      {"EIO=&transport=websocket", "GET", Upgrade::websocket, "5"},
      // of what is given twice the last counts
      {"EIO=3&EIO=4&transport=abc&transport=polling", "GET", Upgrade::none, "opens"},
      {"EIO=4&EIO=3&transport=polling", "GET", Upgrade::none, "5"},
      {"transport=polling&sid=known&sid=no", "GET", Upgrade::none, "1"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(outcome(row.query, row.method, row.upgrade), row.outcome) << row.method << " " << row.query;
  }
}

TEST(EngineRequest, SessionsThatWereUpgradedArePolledNoMore) {
  EXPECT_EQ(outcome("EIO=4&transport=polling&sid=known", "GET", Upgrade::none, Transport::websocket), "3");
  EXPECT_EQ(outcome("EIO=4&transport=polling&sid=known", "POST", Upgrade::none, Transport::websocket), "3");
}

TEST(EngineRequest, TransportsThatAreOffAreUnknown) {
  const AllowedTransports polling{.websocket = false};
  const AllowedTransports websocket{.polling = false};
  EXPECT_EQ(outcome("EIO=4&transport=websocket", "GET", Upgrade::websocket, Transport::polling, polling), "0");
  EXPECT_EQ(outcome("EIO=4&transport=polling", "GET", Upgrade::none, Transport::polling, polling), "opens");
  EXPECT_EQ(outcome("EIO=4&transport=polling", "GET", Upgrade::none, Transport::polling, websocket), "0");
  EXPECT_EQ(outcome("EIO=4&transport=websocket", "GET", Upgrade::websocket, Transport::polling, websocket), "opens");
}

TEST(EngineRequest, QueryIsRead) {
  const http::Query parameters = *http::parse_query("EIO=4&transport=websocket&sid=a-b_c&t=1&b64=1");
  const EngineQuery query = read_engine_query(parameters);
  EXPECT_EQ(query.transport, Transport::websocket);
  EXPECT_EQ(query.sid, "a-b_c");
  EXPECT_TRUE(query.version_4);
  EXPECT_TRUE(query.base64);
  EXPECT_FALSE(read_engine_query(*http::parse_query("b64=")).base64);
}

TEST(EngineRequest, ErrorsHaveTheirCodesMessagesAndStatuses) {
  struct {
    EngineError error;
    std::string body;
    int status;
  } const rows[] = {
      {EngineError::unknown_transport, R"({"code":0,"message":"Transport unknown"})", 400},
      {EngineError::unknown_sid, R"({"code":1,"message":"Session ID unknown"})", 400},
      {EngineError::bad_handshake_method, R"({"code":2,"message":"Bad handshake method"})", 400},
      {EngineError::bad_request, R"({"code":3,"message":"Bad request"})", 400},
      {EngineError::forbidden, R"({"code":4,"message":"Forbidden"})", 403},
      {EngineError::unsupported_version, R"({"code":5,"message":"Unsupported protocol version"})", 400},
  };
  for (const auto& row : rows) {
    std::string body;
    append_error(body, row.error);
    EXPECT_EQ(body, row.body);
    EXPECT_EQ(facts(row.error).status, row.status);
  }
  std::string body;
  append_error(body, EngineError::forbidden, "not \"you\"");
  EXPECT_EQ(body, R"({"code":4,"message":"not \"you\""})");
}

TEST(EngineRequest, TransportsHaveNames) {
  EXPECT_EQ(name(Transport::polling), "polling");
  EXPECT_EQ(name(Transport::websocket), "websocket");
}

}  // namespace
}  // namespace proto::socketio
