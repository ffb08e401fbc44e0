// SPDX-License-Identifier: Apache-2.0
#include "proto/rest/stream_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_host.h"
#include "proto/http/request.h"
#include "proto/rest/dialect.h"

namespace proto::rest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::uint64_t message_bytes_max = 300;
constexpr std::uint64_t line_bytes_max = 400 + 4096;

class Stream : public testing::Test {
 protected:
  std::size_t take(std::string_view piece) { return session.on_body(piece, host); }
  void answer(Tag tag, std::uint64_t offset) { session.on_published(tag, Published{0x5f3a, offset}, host); }
  static std::string ok(std::uint64_t offset) {
    return R"({"epoch":"0000000000005f3a","offset":)" + std::to_string(offset) + "}\n";
  }

  StreamSession session{message_bytes_max};
  fakes::FakeHost host;
};

TEST_F(Stream, EachLineIsAnsweredByALine) {
  EXPECT_EQ(take("{\"topic\":\"chat message\",\"data\":\"hi\"}\n"), 37U);
  EXPECT_FALSE(host.begun);
  answer(0, 42);
  ASSERT_TRUE(host.begun);
  EXPECT_EQ(*host.begun, (fakes::FakeHost::Responded{200, "application/x-ndjson", ""}));
  EXPECT_EQ(host.written, ok(42));
  take("{\"topic\":\"x\",\"data_base64\":\"AAE=\"}\noops\n");
  EXPECT_EQ(host.written, ok(42));
  answer(1, 1);
  EXPECT_EQ(host.written, ok(42) + ok(1) +
                              R"({"error":{"code":400,"message":"not JSON: a value is missing, at byte 0"}})"
                              "\n");
  EXPECT_FALSE(host.ended);
  session.on_body_end(host);
  EXPECT_TRUE(host.ended);
  EXPECT_THAT(host.publishes, ElementsAre(fakes::FakeHost::Publish{0, "chat message", "", Kind::text, "hi"},
                                          fakes::FakeHost::Publish{1, "x", "", Kind::binary, std::string("\0\1", 2)}));
}

TEST_F(Stream, AnswersKeepTheOrderOfTheLines) {
  take("{\"topic\":\"a\",\"data\":1}\n{\"topic\":\"b\",\"data\":2}\nx\n{\"topic\":\"c\",\"data\":3}\n");
  answer(3, 3);
  answer(1, 2);
  EXPECT_EQ(host.written, "");
  session.on_body_end(host);
  EXPECT_FALSE(host.ended);
  answer(0, 1);
  EXPECT_THAT(host.written, StartsWith(ok(1) + ok(2) + "{\"error\":{\"code\":400,"));
  EXPECT_THAT(host.written, HasSubstr("}\n" + ok(3)));
  EXPECT_TRUE(host.ended);
}

TEST_F(Stream, RefusedLineFailsAlone) {
  host.refusals["b"] = {403, "no"};
  take("{\"topic\":\"a\",\"data\":1}\n{\"topic\":\"b\",\"data\":1}\n{\"topic\":\"c\",\"data\":1}\n");
  answer(0, 1);
  session.on_published(2, Error{503, "later"}, host);
  EXPECT_EQ(host.written, ok(1) + R"({"error":{"code":403,"message":"no"}})"
                                  "\n"
                                  R"({"error":{"code":503,"message":"later"}})"
                                  "\n");
}

TEST_F(Stream, LastLineNeedsNoNewline) {
  take("{\"topic\":\"a\",\"data\":1}");
  EXPECT_THAT(host.publishes, IsEmpty());
  session.on_body_end(host);
  EXPECT_EQ(host.publishes.size(), 1U);
  EXPECT_FALSE(host.ended);
  answer(0, 1);
  EXPECT_EQ(host.written, ok(1));
  EXPECT_TRUE(host.ended);
}

TEST_F(Stream, EmptyLinesAreNotAnswered) {
  take("\n\r\n \t\n{\"topic\":\"a\",\"data\":1}\r\n\n");
  session.on_body_end(host);
  answer(0, 1);
  EXPECT_EQ(host.written, ok(1));
  EXPECT_TRUE(host.ended);
}

TEST_F(Stream, EmptyBodyIsAnsweredByAnEmptyOne) {
  session.on_body_end(host);
  EXPECT_TRUE(host.begun);
  EXPECT_EQ(host.written, "");
  EXPECT_TRUE(host.ended);
}

TEST_F(Stream, BadLinesSayWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"oops", "not JSON"},
      {"[]", "object with topic and data"},
      {"{}", "topic is missing"},
      {R"({"topic":"x"})", "data is missing"},
      {R"({"topic":"x","data":1,"data_base64":""})", "exclude"},
      {R"({"topic":"x","data":1} {})", "follows"},
      {R"({"topic":"x","topic":"x","data":1})", "twice"},
      {R"({"topic":"$x","data":1})", "reserved"},
      {R"({"topic":"$stream","data":1})", "reserved"},
      {R"({"topic":"a\u0000","data":1})", "control"},
      {R"({"topic":"x","data_base64":"A"})", "base64"},
      {R"({"topic":"x","data":1,"evnt":"y"})", "unknown key"},
      {R"({"topic":"x","data":"\ud800"})", "surrogate"},
      {R"({"topic":"x","data":)" + std::string(65, '[') + std::string(65, ']') + "}", "64 levels"},
      {"{\"topic\":\"x\",\"data\":\"\xFF\"}", "UTF-8"},
      {"{\"topic\":\"\xFF\",\"data\":1}", "UTF-8"},
  };
  for (const auto& [line, what] : cases) {
    host.written.clear();
    take(line + "\n");
    EXPECT_THAT(host.written, StartsWith("{\"error\":{\"code\":400,")) << line;
    EXPECT_THAT(host.written, HasSubstr(what)) << line;
  }
  EXPECT_THAT(host.publishes, IsEmpty());
}

TEST_F(Stream, ContentAboveTheLimitIsRefused) {
  const auto line = [](std::size_t bytes) { return R"({"topic":"x","data":")" + std::string(bytes, 'a') + "\"}\n"; };
  take(line(message_bytes_max) + line(message_bytes_max + 1));
  EXPECT_EQ(host.publishes.size(), 1U);
  answer(0, 1);
  EXPECT_EQ(host.written, ok(1) + R"({"error":{"code":413,"message":"a message has at most 300 bytes"}})"
                                  "\n");
}

TEST_F(Stream, LineOfAnyLengthIsPassedOverAndTheNextIsTaken) {
  const std::string good = "{\"topic\":\"a\",\"data\":1}\n";
  const std::string piece(1000, 'z');
  for (int i = 0; i < 100; ++i) EXPECT_EQ(take(piece), piece.size());
  EXPECT_EQ(take("z\n" + good), 2 + good.size());
  answer(1, 1);
  EXPECT_EQ(host.written, R"({"error":{"code":413,"message":"a message has at most 300 bytes"}})"
                          "\n" +
                              ok(1));
  const std::string spaces(line_bytes_max - good.size() + 1, ' ');
  take(spaces + good + " " + spaces + good);
  answer(2, 2);
  EXPECT_THAT(host.written, HasSubstr(ok(1) + ok(2) + R"({"error":{"code":413)"));
  take(piece + piece + piece + piece + piece);
  session.on_body_end(host);
  EXPECT_TRUE(host.ended);
}

TEST_F(Stream, TakesNoMoreWhileThereIsNoRoom) {
  const std::string line = "{\"topic\":\"a\",\"data\":1}\n";
  EXPECT_EQ(take(line + line.substr(0, 5)), line.size() + 5);
  host.room = false;
  EXPECT_EQ(take(line.substr(5) + line), 0U);
  EXPECT_EQ(take(line.substr(5, 3)), 3U);
  host.room = true;
  EXPECT_EQ(take(line.substr(8) + line), line.size() - 8 + line.size());
  EXPECT_EQ(host.publishes.size(), 3U);
}

TEST_F(Stream, TakesNoMoreThanItMayOwe) {
  const std::string line = "{\"topic\":\"a\",\"data\":1}\n";
  std::string body;
  for (std::size_t i = 0; i < lines_pending_max + 10; ++i) body += line;
  EXPECT_EQ(take(body), lines_pending_max * line.size());
  EXPECT_EQ(take(line), 0U);
  answer(1, 2);
  EXPECT_EQ(take(line), 0U);
  answer(0, 1);
  EXPECT_EQ(take(line + line + line), 2 * line.size());
  for (Tag tag = 2; tag < lines_pending_max + 2; ++tag) answer(tag, tag + 1);
  session.on_body_end(host);
  EXPECT_TRUE(host.ended);
  std::string all;
  for (std::uint64_t i = 1; i <= lines_pending_max + 2; ++i) all += ok(i);
  EXPECT_EQ(host.written, all);
}

// All that a host sees of a body that comes in the given pieces and is answered behind each.
std::string replay(const std::vector<std::string_view>& pieces) {
  StreamSession session(message_bytes_max);
  fakes::FakeHost host;
  std::size_t answered = 0;
  std::string seen;
  const auto answer_all = [&] {
    for (; answered < host.publishes.size(); ++answered) {
      const auto& publish = host.publishes[answered];
      seen += publish.topic + "|" + publish.event + "|" + publish.content + "\n";
      session.on_published(publish.tag, Published{1, answered + 1}, host);
    }
  };
  for (const std::string_view piece : pieces) {
    EXPECT_EQ(session.on_body(piece, host), piece.size());
    answer_all();
  }
  session.on_body_end(host);
  answer_all();
  EXPECT_TRUE(host.ended);
  return seen + host.written;
}

TEST(StreamPieces, AnySplitGivesTheSameAnswers) {
  const std::string body =
      "{\"topic\":\"chat message\",\"data\":\"h\\u00e9\\ud83d\\ude00\"}\r\n\n"
      "oops\n{\"topic\":\"x\",\"data_base64\":\"AAE=\"}\n"
      "{\"topic\":\"y\",\"data\":{\"a\":[1,\"\xC3\xA9\"]},\"event\":\"e\"}\n" +
      std::string(line_bytes_max + 1, 'z') + "\n{\"data\":1}\n \t{\"topic\":\"last\",\"data\":null}";
  const std::string whole = replay({body});
  EXPECT_THAT(whole, HasSubstr("last||null\n"));
  const std::string_view view = body;
  for (std::size_t at = 0; at <= body.size(); ++at) {
    ASSERT_EQ(replay({view.substr(0, at), view.substr(at)}), whole) << "split at " << at;
  }
  std::vector<std::string_view> bytes;
  for (std::size_t at = 0; at < body.size(); ++at) bytes.push_back(view.substr(at, 1));
  EXPECT_EQ(replay(bytes), whole);
}

TEST(StreamDialect, WantsNdjson) {
  const std::pair<std::string, bool> cases[] = {
      {"application/x-ndjson", true}, {"application/ndjson; charset=utf-8", true},
      {"application/json", true},     {"", true},
      {"text/plain", false},          {"application/x-www-form-urlencoded", false},
  };
  for (const auto& [type, good] : cases) {
    http::Request request;
    request.method = "POST";
    request.path = "/publish";
    request.has_body = true;
    if (!type.empty()) request.headers.emplace_back("content-type", type);
    const Opened<HttpSession> opened = RestDialect().open_http(request, {.message_bytes_max = message_bytes_max});
    EXPECT_EQ(std::holds_alternative<std::unique_ptr<HttpSession>>(opened), good) << type;
    if (!good) {
      EXPECT_EQ(std::get<Error>(opened).status, 415);
    }
  }
}

}  // namespace
}  // namespace proto::rest
