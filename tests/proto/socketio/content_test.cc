// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/content.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "proto/attachments.h"

namespace proto::socketio {
namespace {

using namespace std::string_view_literals;
using Views = std::vector<std::string_view>;

Message message(Kind kind, std::string_view content) {
  return {.topic = "t", .event = "e", .kind = kind, .content = content};
}

constexpr std::string_view first = R"({"_placeholder":true,"num":0})";

TEST(Content, BecomesAnEventsArguments) {
  struct Row {
    Kind kind;
    std::string_view content;
    std::string_view arguments;
    Views attachments = {};
  };
  const Row rows[] = {
      {Kind::text, "say \"hi\"\n", R"("say \"hi\"\n")"},
      {Kind::text, "", R"("")"},
      {Kind::text, "[1,2]", R"("[1,2]")"},
      {Kind::json, R"(["a",{"b":[1]},null])", R"("a",{"b":[1]},null)"},
      {Kind::json, "[]", ""},
      {Kind::json, " [ \n] ", ""},
      {Kind::json, " [ 1 , 2 ] ", "1 , 2"},
      {Kind::json, "[[1],[2]]", "[1],[2]"},
      {Kind::json, R"( {"a":[1]} )", R"({"a":[1]})"},
      {Kind::json, "1e400", "1e400"},
      {Kind::json, "true", "true"},
      {Kind::binary, "\0\1"sv, first, {"\0\1"sv}},
      {Kind::binary, "", first, {""}},
      {Kind::json_attachments, "none at all", ""},
  };
  for (const Row& row : rows) {
    EventArguments arguments;
    read_arguments(message(row.kind, row.content), arguments);
    EXPECT_EQ(arguments.json, row.arguments) << row.content;
    EXPECT_EQ(arguments.attachments, row.attachments) << row.content;
    EXPECT_EQ(arguments.placeholders.size(), row.attachments.size());
  }
}

TEST(Content, IsMadeOfAnEventsArguments) {
  struct Row {
    std::string arguments;
    Kind kind;
    std::string_view content;
  };
  const Row rows[] = {
      {R"("hi")", Kind::text, "hi"},
      {R"("\"\u00e9\n")", Kind::text, "\"\xC3\xA9\n"},
      {R"("")", Kind::text, ""},
      {R"("a","b")", Kind::json, R"(["a","b"])"},
      {"", Kind::json, "[]"},
      {"1", Kind::json, "[1]"},
      {R"({"a":1})", Kind::json, R"([{"a":1}])"},
      {R"(["a"])", Kind::json, R"([["a"]])"},
  };
  for (const Row& row : rows) {
    const EventContent content = write_content({.json = row.arguments, .attachments = {}});
    EXPECT_EQ(content.kind, row.kind) << row.arguments;
    EXPECT_EQ(content.bytes, row.content) << row.arguments;
    EXPECT_EQ(content.inlined_bytes, content.bytes.size());
  }
}

TEST(Content, AttachmentsComeBackAsTheyWere) {
  const std::string json = R"("a",{"b":[{"_placeholder":true,"num":1}]},{"num":0,"_placeholder":true})";
  const EventContent content = write_content({.json = json, .attachments = {"\0"sv, "bytes"}});
  EXPECT_EQ(content.kind, Kind::json_attachments);
  EventArguments arguments;
  read_arguments(message(content.kind, content.bytes), arguments);
  EXPECT_EQ(arguments.json, json);
  EXPECT_EQ(arguments.attachments, (Views{"\0"sv, "bytes"}));
  ASSERT_EQ(arguments.placeholders.size(), 2);
  EXPECT_EQ(arguments.placeholders[0].json, R"({"_placeholder":true,"num":1})");
  EXPECT_EQ(arguments.placeholders[0].number, 1);
  EXPECT_EQ(arguments.placeholders[1].number, 0);

  std::string inlined;
  append_inlined(inlined, content.bytes);
  EXPECT_EQ(inlined, R"(["a",{"b":[{"base64":"Ynl0ZXM="}]},{"base64":"AA=="}])");
  EXPECT_EQ(content.inlined_bytes, inlined.size());
}

// 30 bytes of JSON can ask for a megabyte.
TEST(Content, EachPlaceOfAnAttachmentIsReckoned) {
  const std::string bytes(30'000, 'x');
  std::string json(first);
  for (int i = 0; i < 9; ++i) json += "," + std::string(first);
  const EventContent content = write_content({.json = json, .attachments = {bytes}});
  EXPECT_LT(content.bytes.size(), 31'000);
  EXPECT_GT(content.inlined_bytes, 400'000);
}

TEST(Content, ValuesAreSplitAtTheirCommas) {
  struct Row {
    std::string_view json;
    Views values;
  };
  const Row rows[] = {{"", {}},
                      {"1", {"1"}},
                      {R"("a,]",[1,2],{"b":3})", {R"("a,]")", "[1,2]", R"({"b":3})"}},
                      {R"( 1 , "\u0041" )", {"1", R"("\u0041")"}}};
  for (const Row& row : rows) {
    const SplitValues split = split_values(row.json);
    EXPECT_EQ(Views(split.first.begin(), split.first.end()), row.values);
    EXPECT_EQ(split.count, row.values.size());
  }
  std::string many = "0";
  for (int i = 1; i < 40; ++i) many += ",0";
  EXPECT_EQ(split_values(many).count, 40);
  EXPECT_EQ(split_values(many).first.size(), argument_views_max);
}

}  // namespace
}  // namespace proto::socketio
