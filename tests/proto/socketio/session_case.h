// SPDX-License-Identifier: Apache-2.0
// Where a session's tests are played: rules from YAML, the small broker, and clients. A script is a line after the
// other:
//
//   > packet    said. Lines of this kind that follow each other are said together: in one payload, where it polls
//   < packet    heard next
//   x           the session was closed for what was said last, and nothing is heard any more
//
// At the end there must be nothing that was not heard. "bin:…" is a binary message.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proto/socketio/endpoint_rules.h"
#include "rule_yaml.h"
#include "socketio_broker.h"

namespace proto::socketio {

inline constexpr Framing framings[] = {Framing::websocket, Framing::websocket_base64, Framing::polling};
inline std::string_view name(Framing framing) {
  constexpr std::string_view names[] = {"websocket", "websocket with base64", "polling"};
  return names[static_cast<std::size_t>(framing)];
}

struct SessionCase {
  explicit SessionCase(std::string_view yaml, const SessionLimits& limits = {})
      : read(fakes::read_rules(yaml)), endpoints(endpoint_rules(read.rules, limits)) {
    for (const RuleMistake& mistake : read.mistakes) ADD_FAILURE() << mistake.key << ": " << mistake.what;
  }

  // Has heard the open packet.
  fakes::SocketClient& client(Framing framing = Framing::websocket, OpeningRequest request = {},
                              std::size_t endpoint = 0) {
    clients.push_back(
        std::make_unique<fakes::SocketClient>(broker, *endpoints.at(endpoint), framing, std::move(request)));
    const std::vector<std::string> heard = clients.back()->hear();
    EXPECT_TRUE(!heard.empty() && heard.front().starts_with("0{\"sid\":")) << "the open packet";
    early.assign(heard.begin() + (heard.empty() ? 0 : 1), heard.end());
    return *clients.back();
  }

  ReadRules read;
  std::vector<std::unique_ptr<const EndpointRules>> endpoints;
  fakes::SocketBroker broker;
  std::vector<std::unique_ptr<fakes::SocketClient>> clients;
  std::vector<std::string> early;  // heard behind the open packet
};

using Script = std::vector<std::string>;

inline void play(fakes::SocketClient& client, const Script& script, std::vector<std::string> heard = {}) {
  std::size_t at = 0;
  const auto say = [&](std::vector<std::string>& said) {
    if (said.empty()) return;
    std::vector<std::string_view> views(said.begin(), said.end());
    (void)client.say(views);
    said.clear();
    for (std::string& packet : client.hear()) heard.push_back(std::move(packet));
  };
  std::vector<std::string> said;
  for (const std::string& line : script) {
    if (line.starts_with("> ")) {
      said.push_back(line.substr(2));
      continue;
    }
    say(said);
    if (line == "x") {
      EXPECT_TRUE(client.is_closed());
      continue;
    }
    ASSERT_LT(at, heard.size()) << "nothing was heard where " << line << " was to come";
    EXPECT_EQ("< " + heard[at++], line);
  }
  say(said);
  EXPECT_EQ(std::vector<std::string>(heard.begin() + static_cast<std::ptrdiff_t>(at), heard.end()),
            std::vector<std::string>());
  EXPECT_EQ(client.is_closed(), !script.empty() && script.back() == "x");
}

inline Script operator+(Script first, const Script& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

struct SessionRow {
  std::string name;
  Script script;
};

// Each row with each framing, behind `opening`.
inline void play_all(std::string_view yaml, const Script& opening, const std::vector<SessionRow>& rows,
                     const OpeningRequest& request = {}) {
  for (const SessionRow& row : rows) {
    for (const Framing framing : framings) {
      SCOPED_TRACE(row.name + ", " + std::string(name(framing)));
      SessionCase with(yaml);
      fakes::SocketClient& client = with.client(framing, request);
      play(client, opening + row.script, with.early);
    }
  }
}

}  // namespace proto::socketio
