// SPDX-License-Identifier: Apache-2.0
// A shard's clients when another configuration comes into force.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "peer.h"

namespace broker::shard {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view too_large = "\x03\xf1";  // a close frame's payload: 1009, in network order

class Adopting : public testing::Test {
 protected:
  Shards shards;
  Peer peer{shards};
};

TEST_F(Adopting, GoesByNewRulesFromTheNextMessageOn) {
  peer.opens("/ws");
  Peer begun(shards);
  begun.opens("/topics/begun", "");
  begun.sends(masked(opcode_text, std::string(900, 'a'), false));
  Peer small(shards);
  small.opens("/topics/small", "");
  for (Peer* each : {&peer, &begun, &small}) each->settles();
  (void)small.take();

  config::Settings next = shards.shared.options.settings;
  next.limits.message_bytes = 1024;
  shards[0].services.adopt(Configuration{
      .settings = next, .keys = {}, .access = Access(next, {}), .identity = {}, .certificate = {}, .warning = {}});
  small.sends_text(std::string(1024, 'x'));
  peer.sends_text(absl::StrCat(R"({"id":1,"publish":{"topic":"t","data":")", std::string(1024, 'x'), "\"}}"));
  begun.sends(masked(0, std::string(900, 'b')));
  for (Peer* each : {&peer, &begun, &small}) each->settles();
  EXPECT_THAT(small.take_payloads(), ElementsAre(std::string(1024, 'x')));
  EXPECT_THAT(peer.take_payloads(), ElementsAre(StartsWith(too_large))) << "its frame is larger";
  EXPECT_THAT(begun.take_payloads(), ElementsAre(StartsWith(too_large))) << "its message is";
}

TEST_F(Adopting, MayPublishWhatTheNewRulesAllow) {
  ShardsOptions options;
  options.settings.dev = false;
  Shards strict(options);
  Peer one(strict);
  one.opens("/ws");
  one.sends_text(R"({"id":1,"publish":{"topic":"chat/a","data":1}})");
  one.settles();
  config::Settings next = options.settings;
  next.access.client_publish = {std::get<config::TopicPattern>(config::TopicPattern::parse("chat/*"))};
  strict[0].services.adopt(Configuration{
      .settings = next, .keys = {}, .access = Access(next, {}), .identity = {}, .certificate = {}, .warning = {}});
  one.sends_text(R"({"id":2,"publish":{"topic":"chat/a","data":1}})");
  one.settles();
  EXPECT_THAT(one.take_payloads(),
              ElementsAre(HasSubstr(R"("id":1,"error":{"code":403)"), R"({"id":2,"ok":{"offset":1}})"));
}

}  // namespace
}  // namespace broker::shard
