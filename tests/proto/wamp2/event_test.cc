// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp2/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "fake_host.h"
#include "proto/attachments.h"
#include "proto/audience.h"
#include "proto/json.h"
#include "proto/wamp2/words.h"

namespace proto::wamp2 {
namespace {

constexpr std::uint64_t epoch = 0x5f3a;

std::string text_of(const std::string& bytes) {
  EXPECT_EQ(bytes.substr(0, 6), "before");
  const std::vector<fakes::FrameSeen> frames = fakes::frames(std::string_view(bytes).substr(6));
  EXPECT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames.at(0).opcode, 1);
  std::string copy = frames.at(0).payload;
  EXPECT_EQ(check_json(copy), std::nullopt) << frames.at(0).payload;
  return frames.at(0).payload;
}

std::string event(const Message& message) {
  std::string out = "before";
  event_format.append(event_format, message, out);
  return text_of(out);
}

std::string ids(std::string_view topic, std::uint64_t offset) {
  return "[36," + std::to_string(subscription_id(topic)) + "," + std::to_string(publication_id(epoch, offset)) + ",";
}

std::string payload(Kind kind, std::string_view content) {
  const std::string text =
      event({.topic = "a/b", .epoch = epoch, .offset = 7, .event = "b", .kind = kind, .content = content});
  const std::string head = ids("a/b", 7) + R"({"_kodama_epoch":"0000000000005f3a","_kodama_offset":7})";
  EXPECT_EQ(text.substr(0, head.size()), head);
  return text.substr(head.size(), text.size() - head.size() - 1);
}

TEST(WampEvent, CarriesEveryKind) {
  const struct {
    Kind kind;
    std::string_view content;
    std::string_view payload;
  } rows[] = {
      {Kind::text, "hi", R"(,["hi"])"},
      {Kind::text, "a\"\n", R"(,["a\"\n"])"},
      {Kind::text, "", R"(,[""])"},
      {Kind::binary, std::string_view("\0\1\2", 3), R"(,["\u0000AAEC"])"},
      {Kind::binary, "", R"(,["\u0000"])"},
      {Kind::json, "[]", ""},
      {Kind::json, " [ \n] ", ""},
      {Kind::json, "[1,\"a\"]", R"(,[1,"a"])"},
      {Kind::json, " [1] ", ",[1]"},
      {Kind::json, "1e400", ",[1e400]"},
      {Kind::json, "null", ",[null]"},
      {Kind::json, R"({"a":1})", R"(,[{"a":1}])"},
      {Kind::json, "{}", ",[{}]"},
      {Kind::json, R"({"args":[1],"kwargs":{"a":2}})", R"(,[1],{"a":2})"},
      {Kind::json, R"( { "args" : [ 1 ] , "kwargs" : { "a" : 2 } } )", R"(,[ 1 ],{ "a" : 2 })"},
      {Kind::json, R"({"args":[],"kwargs":{"a":2}})", R"(,[],{"a":2})"},
      {Kind::json, R"({"args":["\u00e9"],"kwargs":{}})", R"(,["\u00e9"])"},
      {Kind::json, R"({"args":[],"kwargs":{}})", ""},
      {Kind::json, R"({"kwargs":{},"args":[]})", R"(,[{"kwargs":{},"args":[]}])"},
      {Kind::json, R"({"args":[]})", R"(,[{"args":[]}])"},
      {Kind::json, R"({"args":[],"kwargs":[]})", R"(,[{"args":[],"kwargs":[]}])"},
      {Kind::json, R"({"args":1,"kwargs":{}})", R"(,[{"args":1,"kwargs":{}}])"},
      {Kind::json, R"({"args":[],"kwargs":{},"x":1})", R"(,[{"args":[],"kwargs":{},"x":1}])"},
      {Kind::json, R"({"args":[],"args":[]})", R"(,[{"args":[],"args":[]}])"},
  };
  for (const auto& row : rows) EXPECT_EQ(payload(row.kind, row.content), row.payload) << row.content;
}

TEST(WampEvent, AttachmentsStandInTheirPlaces) {
  const std::string json = R"(["a",{"n":0},{"n":1},{"n":0}])";
  std::string content;
  append_attachments_content(content, {.json = json,
                                       .places = {{5, 12, 0}, {13, 20, 1}, {21, 28, 0}},
                                       .attachments = {std::string_view("\0\1", 2), "x"}});
  EXPECT_EQ(payload(Kind::json_attachments, content), R"(,["a","\u0000AAE=","\u0000eA==","\u0000AAE="])");
  EXPECT_EQ(payload(Kind::json_attachments, "broken"), ",[null]");
}

TEST(WampEvent, NamesThePublisherWhoWantsIt) {
  std::string audience;
  append_member(audience, Sign::topic_except, "77");
  append_member(audience, Sign::publisher, "4711");
  EXPECT_EQ(event({.topic = "x", .epoch = epoch, .offset = 1, .event = "x", .content = "hi", .audience = audience}),
            ids("x", 1) + R"({"_kodama_epoch":"0000000000005f3a","_kodama_offset":1,"publisher":4711},["hi"]])");
  audience.clear();
  append_member(audience, Sign::topic_except, "77");
  append_member(audience, Sign::publisher, "not of WAMP");
  EXPECT_EQ(event({.topic = "x", .epoch = epoch, .offset = 1, .event = "x", .content = "hi", .audience = audience}),
            ids("x", 1) + R"({"_kodama_epoch":"0000000000005f3a","_kodama_offset":1},["hi"]])");
}

TEST(WampEvent, SaysWhatIsRetained) {
  std::string out = "before";
  append_retained_event({.topic = "x", .epoch = epoch, .offset = 1, .event = "x", .content = "hi"}, out);
  EXPECT_EQ(text_of(out),
            ids("x", 1) + R"({"_kodama_epoch":"0000000000005f3a","_kodama_offset":1,"retained":true},["hi"]])");
}

TEST(WampEvent, IdsAreInRange) {
  std::set<std::uint64_t> publications;
  std::set<std::uint64_t> subscriptions;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const std::uint64_t publication = publication_id(i % 100 * 0x0101010101010101, i / 100);
    const std::uint64_t subscription = subscription_id("topic-" + std::to_string(i));
    for (const std::uint64_t id : {publication, subscription}) {
      EXPECT_GE(id, 1U);
      EXPECT_LE(id, id_max);
    }
    publications.insert(publication);
    subscriptions.insert(subscription);
  }
  EXPECT_EQ(publications.size(), 10'000U);
  EXPECT_EQ(subscriptions.size(), 10'000U);
  EXPECT_EQ(subscription_id("x"), subscription_id(std::string("x")));
}

}  // namespace
}  // namespace proto::wamp2
