// SPDX-License-Identifier: Apache-2.0
// A session of WAMP v2 over the fake host, and what it says.
// Thread: one.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fake_host.h"
#include "proto/audience.h"
#include "proto/wamp2/event.h"
#include "proto/wamp2/session.h"

namespace proto::wamp2 {

constexpr std::uint64_t epoch = 0x5f3a;

class SessionCase : public testing::Test {
 protected:
  void say(std::string frame) { session.on_message(DataType::text, frame, host); }

  std::vector<std::string> heard() { return fakes::take_json_texts(host); }

  // What it said to that, which was one thing.
  std::string answer(const std::string& frame) {
    say(frame);
    const std::vector<std::string> texts = heard();
    EXPECT_EQ(texts.size(), 1U) << frame;
    return texts.empty() ? "" : texts.front();
  }

  // The id of the session that it opens.
  std::string open(const std::string& realm = "realm1") {
    const std::string welcome = answer("[1,\"" + realm + "\",{\"roles\":{\"subscriber\":{},\"publisher\":{}}}]");
    EXPECT_EQ(welcome.substr(0, 3), "[2,") << welcome;
    return welcome.substr(3, welcome.find(',', 3) - 3);
  }

  void publishes_went_well(std::uint64_t first_offset) {
    for (const auto& publish : host.publishes)
      session.on_published(publish.tag, Published{epoch, first_offset++}, host);
  }

  // Answers the newest question to subscribe.
  void subscribed(std::uint64_t offset = 0) {
    const fakes::FakeHost::Subscribe asked = host.subscribes.back();
    session.on_subscribed(asked.tag, asked.topic, Subscribed{epoch, offset, {}}, host);
  }

  // Subscribes to it as a whole.
  void subscribe(int request, const std::string& uri) {
    say("[32," + std::to_string(request) + ",{},\"" + uri + "\"]");
    subscribed();
    heard();
  }

  static std::string id(std::string_view topic) { return std::to_string(subscription_id(topic)); }

  const std::vector<Realm> realms = {{"realm1", ""}, {"tenant.seven", "tenants/7/"}};
  Wamp2Session session{realms};
  fakes::FakeHost host;
};

}  // namespace proto::wamp2
