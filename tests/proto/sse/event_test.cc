// SPDX-License-Identifier: Apache-2.0
#include "proto/sse/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event_stream.h"
#include "proto/attachments.h"

namespace proto::sse {
namespace {

using fakes::EventSeen;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view id = "0000000000005f3a:41";

struct Said {
  std::string_view topic = "news";
  std::string_view event = "news";
  Kind kind = Kind::text;
  std::string_view content = "hi";
};

std::string written(const Said& said, Naming naming = Naming::event) {
  const WireFormat& format = shared_format(naming);
  std::string out = "before";
  format.append(format,
                {.topic = said.topic,
                 .epoch = 0x5f3a,
                 .offset = 41,
                 .event = said.event,
                 .kind = said.kind,
                 .content = said.content},
                out);
  EXPECT_EQ(out.substr(0, 6), "before");
  return out.substr(6);
}

std::string attachments(std::string_view json, std::vector<AttachmentPlace> places,
                        std::vector<std::string_view> bytes) {
  std::string content;
  append_attachments_content(content, {.json = json, .places = std::move(places), .attachments = std::move(bytes)});
  return content;
}

struct Row {
  std::string_view what;
  Said said;
  Naming naming;
  std::string_view lines;  // behind the id's
};

TEST(Event, ExactBytes) {
  const std::string inlined = attachments("[1,\n{}]", {{4, 6, 0}}, {std::string_view("\0\1", 2)});
  const std::vector<Row> rows = {
      {"the topic's default event", {}, Naming::event, "data: hi\n"},
      {"another event", {.event = "join"}, Naming::event, "event: join\ndata: hi\n"},
      {"a default event is the last segment", {.topic = "a/news"}, Naming::event, "data: hi\n"},
      {"JSON", {.kind = Kind::json, .content = R"({"a":1})"}, Naming::event, "data: {\"a\":1}\n"},
      {"JSON in lines", {.kind = Kind::json, .content = "{\r\n}"}, Naming::event, "data: {\ndata: }\n"},
      {"binary", {.kind = Kind::binary, .content = "hi"}, Naming::event, "event: message;base64\ndata: aGk=\n"},
      {"no binary at all", {.kind = Kind::binary, .content = ""}, Naming::event, "event: message;base64\ndata: \n"},
      {"binary, named",
       {.event = "join", .kind = Kind::binary, .content = "hi"},
       Naming::event,
       "event: join;base64\ndata: aGk=\n"},
      {"attachments",
       {.kind = Kind::json_attachments, .content = inlined},
       Naming::event,
       "data: [1,\ndata: {\"base64\":\"AAE=\"}]\n"},
      {"of /events", {}, Naming::topic, "event: news\ndata: hi\n"},
      {"of /events, a path", {.topic = "a/news"}, Naming::topic, "event: a/news\ndata: hi\n"},
      {"of /events, named", {.event = "join"}, Naming::topic, "event: news;join\ndata: hi\n"},
      {"of /events, binary",
       {.kind = Kind::binary, .content = "hi"},
       Naming::topic,
       "event: news;base64\ndata: aGk=\n"},
      {"of /events, binary, named",
       {.event = "join", .kind = Kind::binary, .content = "hi"},
       Naming::topic,
       "event: news;join;base64\ndata: aGk=\n"},
      {"a space of its own", {.event = " join", .content = " hi"}, Naming::event, "event:  join\ndata:  hi\n"},
      {"no text at all", {.content = ""}, Naming::event, "data:\n"},
      {"colons", {.content = ":a: b"}, Naming::event, "data: :a: b\n"},
      {"UTF-8", {.event = "grüße", .content = "\xEF\xBB\xBF→"}, Naming::event, "event: grüße\ndata: \xEF\xBB\xBF→\n"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(written(row.said, row.naming), "id: " + std::string(id) + "\n" + std::string(row.lines) + "\n")
        << row.what;
  }
}

struct Break {
  std::string_view content;
  std::string_view lines;
  std::string_view data;  // as a browser has it
};

TEST(Event, EachLineIsALineOfData) {
  const std::vector<Break> rows = {
      {"a\nb", "data: a\ndata: b\n", "a\nb"},
      {"a\rb", "data: a\ndata: b\n", "a\nb"},
      {"a\r\nb", "data: a\ndata: b\n", "a\nb"},
      {"a\n\rb", "data: a\ndata:\ndata: b\n", "a\n\nb"},
      {"a\r\r\nb", "data: a\ndata:\ndata: b\n", "a\n\nb"},
      {"\n", "data:\ndata:\n", "\n"},
      {"\r", "data:\ndata:\n", "\n"},
      {"\r\n", "data:\ndata:\n", "\n"},
      {"\n\n", "data:\ndata:\ndata:\n", "\n\n"},
      {"a\n", "data: a\ndata:\n", "a\n"},
      {"\na", "data:\ndata: a\n", "\na"},
      {"\n id: 1\nevent: x\n\n", "data:\ndata:  id: 1\ndata: event: x\ndata:\ndata:\n", "\n id: 1\nevent: x\n\n"},
  };
  for (const Break& row : rows) {
    const std::string bytes = written({.content = row.content});
    EXPECT_EQ(bytes, "id: " + std::string(id) + "\n" + std::string(row.lines) + "\n");
    EXPECT_THAT(fakes::read_events(bytes).events,
                ElementsAre(EventSeen{"message", std::string(row.data), std::string(id)}));
  }
}

// Every text of up to five of these: a browser has what was said, but for the CRs.
TEST(Event, NoTextBreaksOut) {
  constexpr std::string_view letters[] = {"\r", "\n", "a", ":", " ", "id: 7"};
  constexpr std::size_t count = std::size(letters);
  std::size_t combinations = 1;
  for (std::size_t length = 0; length <= 5; ++length, combinations *= count) {
    for (std::size_t number = 0; number < combinations; ++number) {
      std::string text;
      for (std::size_t i = 0, left = number; i < length; ++i, left /= count) text += letters[left % count];
      std::string data;
      for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r') data += '\n';
        if (text[i] != '\r' && !(text[i] == '\n' && i > 0 && text[i - 1] == '\r')) data += text[i];
      }
      const fakes::EventStream seen = fakes::read_events(written({.content = text}));
      ASSERT_THAT(seen.events, ElementsAre(EventSeen{"message", data, std::string(id)}))
          << testing::PrintToString(text);
      ASSERT_EQ(seen.unread, "");
    }
  }
}

TEST(Event, StaysSmallWhateverItSays) {
  const std::string feeds(100'000, '\n');
  EXPECT_LE(written({.content = feeds}).size(), 6 * feeds.size() + 100);
  std::string lines;
  for (int i = 0; i < 50'000; ++i) lines += "a\r";
  EXPECT_LE(written({.content = lines}).size(), 6 * lines.size() + 100);
}

TEST(Event, PreambleHasAnIdAndNoEvent) {
  std::string out;
  const Position positions[] = {{0x5f3a, 40}, {1, 2}};
  append_preamble(out, {positions, 1});
  EXPECT_EQ(out, "retry: 2000\nid: 0000000000005f3a:40\n\n");
  out.clear();
  append_preamble(out, positions);
  const fakes::EventStream seen = fakes::read_events(out);
  EXPECT_EQ(seen.last_event_id, "0000000000005f3a:40,0000000000000001:2");
  EXPECT_EQ(seen.retry, "2000");
  EXPECT_THAT(seen.events, IsEmpty());
}

TEST(Event, KeepAliveIsNoEvent) {
  fakes::EventStream seen;
  seen.read(written({}));
  seen.read(keep_alive);
  seen.read(written({}));
  EXPECT_EQ(seen.events.size(), 2U);
  EXPECT_EQ(seen.last_event_id, id);
  EXPECT_EQ(seen.unread, "");
}

TEST(Event, GapsAreEventsOfTheirOwn) {
  const Position position{0x5f3a, 71};
  std::string out;
  append_gap_event(out, "ch\"at", {Gap::Why::expired, 42, 71}, {&position, 1});
  EXPECT_EQ(out,
            "id: 0000000000005f3a:71\nevent: kodama.gap\n"
            "data: {\"topic\":\"ch\\\"at\",\"gap\":{\"from\":42,\"to\":71,\"reason\":\"expired\"}}\n\n");
  out.clear();
  append_gap_event(out, "x", {Gap::Why::overflow, 1, 2}, {});
  EXPECT_EQ(out,
            "event: kodama.gap\ndata: {\"topic\":\"x\",\"gap\":{\"from\":1,\"to\":2,\"reason\":\"overflow\"}}\n\n");
  out.clear();
  append_gap_event(out, "x", {Gap::Why::epoch, 0, 0}, {});
  EXPECT_EQ(out, "event: kodama.gap\ndata: {\"topic\":\"x\",\"gap\":{\"reason\":\"epoch\"}}\n\n");
}

}  // namespace
}  // namespace proto::sse
