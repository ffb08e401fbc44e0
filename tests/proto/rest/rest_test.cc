// SPDX-License-Identifier: Apache-2.0
// One message a request: POST and GET on /topics/{topic}.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_host.h"
#include "proto/audience.h"
#include "proto/http/request.h"
#include "proto/json.h"
#include "proto/rest/dialect.h"

namespace proto::rest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t message_bytes_max = 2 * json_value_bytes_max;

struct Asked {
  std::string_view method = "POST";
  std::string topic = "chat message";
  std::string_view content_type;
  std::vector<std::pair<std::string, std::string>> query;
  std::optional<std::uint64_t> content_length = 2;  // none: chunked
};

http::Request request_of(const Asked& asked) {
  http::Request request;
  request.method = asked.method;
  request.path = "/topics/x";
  request.topic = asked.topic;
  request.query = asked.query;
  request.content_length = asked.content_length;
  request.has_body = asked.method == "POST" && asked.content_length != 0U;
  if (!asked.content_type.empty()) request.headers.emplace_back("content-type", asked.content_type);
  return request;
}

Opened<HttpSession> open(const http::Request& request) {
  return RestDialect().open_http(request, {.message_bytes_max = message_bytes_max});
}

class Rest : public testing::Test {
 protected:
  void ask(const Asked& asked) {
    session = std::get<std::unique_ptr<HttpSession>>(open(request_of(asked)));
    session->on_request(host);
  }
  void post(const Asked& asked, std::string_view body) {
    ask(asked);
    EXPECT_EQ(session->on_body(body.substr(0, body.size() / 2), host), body.size() / 2);
    EXPECT_EQ(session->on_body(body.substr(body.size() / 2), host), body.size() - body.size() / 2);
    session->on_body_end(host);
  }
  void get(std::vector<std::pair<std::string, std::string>> query) {
    ask({.method = "GET", .content_type = {}, .query = std::move(query), .content_length = {}});
    session->on_body_end(host);
  }

  std::unique_ptr<HttpSession> session;
  fakes::FakeHost host;
};

TEST_F(Rest, PostIsAnsweredOnceItIsInTheLog) {
  post({.content_type = "text/plain", .query = {}}, "hi");
  EXPECT_THAT(host.publishes, ElementsAre(fakes::FakeHost::Publish{0, "chat message", "", Kind::text, "hi"}));
  EXPECT_THAT(host.responses, IsEmpty());
  session->on_published(0, Published{0x5f3a, 41}, host);
  EXPECT_THAT(host.responses, ElementsAre(fakes::FakeHost::Responded{200, "application/json",
                                                                     R"({"epoch":"0000000000005f3a","offset":41})"}));
}

TEST_F(Rest, EventIsNamedInTheUrl) {
  post({.content_type = {}, .query = {{"event", "chat join"}}}, "hi");
  EXPECT_EQ(host.publishes.at(0).event, "chat join");
}

struct BodyCase {
  std::string_view content_type;
  std::string body;
  Kind kind;
  std::string content;
};

TEST_F(Rest, ContentTypeMakesTheKind) {
  const std::string broken = "\xFF\xFE";
  const BodyCase cases[] = {
      {"text/plain", "hi", Kind::text, "hi"},
      {"Text/HTML; charset=utf-8", "\xC3\xA9", Kind::text, "\xC3\xA9"},
      {"", "hi", Kind::text, "hi"},
      {"", broken, Kind::binary, broken},
      {"application/x-www-form-urlencoded", "a=b%20c", Kind::text, "a=b%20c"},
      {"application/x-www-form-urlencoded", broken, Kind::binary, broken},
      {"application/octet-stream", "hi", Kind::binary, "hi"},
      {"image/png", broken, Kind::binary, broken},
      {"application/json", R"({"a": 1e400, "a": 2})", Kind::json, R"({"a": 1e400, "a": 2})"},
      {"application/json; charset=utf-8", " [1, 2]\r\n", Kind::json, "[1, 2]"},
      {"APPLICATION/JSON", R"( "h\u00e9\n" )", Kind::text, "h\xC3\xA9\n"},
      {"application/json", "\"" + std::string(json_value_bytes_max + 1, 'a') + "\"", Kind::text,
       std::string(json_value_bytes_max + 1, 'a')},
      {"text/plain", "", Kind::text, ""},
      {"", "", Kind::text, ""},
      {"application/octet-stream", std::string(message_bytes_max, 'a'), Kind::binary,
       std::string(message_bytes_max, 'a')},
  };
  for (const BodyCase& c : cases) {
    host = {};
    post({.content_type = c.content_type, .query = {}, .content_length = c.body.size()}, c.body);
    ASSERT_EQ(host.publishes.size(), 1U) << c.content_type << c.body.substr(0, 40);
    EXPECT_TRUE(host.publishes[0] == (fakes::FakeHost::Publish{0, "chat message", "", c.kind, c.content}))
        << c.content_type << c.body.substr(0, 40);
  }
}

struct BadBody {
  std::string_view content_type;
  std::string body;
  int status;
  std::string what;
};

TEST_F(Rest, BadBodiesAreRefused) {
  const BadBody cases[] = {
      {"text/plain", "\xFF", 400, "UTF-8"},
      {"application/json", "", 400, "not JSON"},
      {"application/json", "oops", 400, "not JSON"},
      {"application/json", "1 2", 400, "follows"},
      {"application/json", "\"\xFF\"", 400, "UTF-8"},
      {"application/json", R"("\ud800")", 400, "surrogate"},
      {"application/json", std::string(100000, '['), 400, "64 levels"},
      {"application/json", "[\"" + std::string(json_value_bytes_max, 'a') + "\"]", 413, "publish it as text"},
  };
  for (const BadBody& c : cases) {
    host = {};
    post({.content_type = c.content_type, .query = {}, .content_length = {}}, c.body);
    ASSERT_EQ(host.responses.size(), 1U) << c.body;
    EXPECT_EQ(host.responses[0].status, c.status);
    EXPECT_THAT(host.responses[0].body, HasSubstr("{\"error\":{\"code\":" + std::to_string(c.status)));
    EXPECT_THAT(host.responses[0].body, HasSubstr(c.what));
    EXPECT_THAT(host.publishes, IsEmpty());
  }
}

TEST_F(Rest, BodyAboveTheLimitIsRefusedAsSoonAsItIs) {
  ask({.content_type = {}, .query = {}, .content_length = {}});
  const std::string half(message_bytes_max, 'a');
  EXPECT_EQ(session->on_body(half, host), half.size());
  EXPECT_THAT(host.responses, IsEmpty());
  EXPECT_EQ(session->on_body("b", host), 1U);
  ASSERT_EQ(host.responses.size(), 1U);
  EXPECT_EQ(host.responses[0],
            (fakes::FakeHost::Responded{413, "application/json",
                                        R"({"error":{"code":413,"message":"a message has at most 2097152 bytes"}})"}));
  EXPECT_EQ(session->on_body(half, host), half.size());
  session->on_body_end(host);
  EXPECT_EQ(host.responses.size(), 1U);
  EXPECT_THAT(host.publishes, IsEmpty());
}

TEST_F(Rest, RefusalsOfTheBrokerAreAnswered) {
  host.refusals["chat message"] = {403, "no"};
  post({.content_type = {}, .query = {}}, "hi");
  EXPECT_THAT(host.responses, ElementsAre(fakes::FakeHost::Responded{403, "application/json",
                                                                     R"({"error":{"code":403,"message":"no"}})"}));
  host = {};
  post({.content_type = {}, .query = {}}, "hi");
  session->on_published(0, Error{503, "later"}, host);
  EXPECT_EQ(host.responses.at(0).status, 503);
  host = {};
  host.refusals["chat message"] = {404, "no"};
  get({});
  EXPECT_EQ(host.responses.at(0).status, 404);
}

TEST_F(Rest, ReadsFromTheBeginningOfTheLogUnlessToldOtherwise) {
  get({});
  ASSERT_EQ(host.reads.size(), 1U);
  EXPECT_EQ(host.reads[0].topic, "chat message");
  EXPECT_EQ(host.reads[0].start.from, Start::From::after);
  EXPECT_EQ(host.reads[0].start.value, 0U);
  EXPECT_EQ(host.reads[0].limit, 100U);
}

TEST_F(Rest, ReadsWhereItIsTold) {
  get({{"after", "40"}, {"limit", "2"}, {"epoch", "5f3a"}});
  EXPECT_EQ(host.reads.at(0).start.value, 40U);
  EXPECT_EQ(host.reads.at(0).start.epoch, 0x5f3aU);
  EXPECT_EQ(host.reads.at(0).limit, 2U);
  get({{"last", "7"}});
  EXPECT_EQ(host.reads.at(1).start.from, Start::From::last);
  EXPECT_EQ(host.reads.at(1).start.value, 7U);
  EXPECT_EQ(host.reads.at(1).limit, 7U);
}

TEST_F(Rest, LogIsWrittenAsJson) {
  get({{"after", "40"}, {"limit", "2"}});
  const Message messages[] = {
      {.topic = "a/b", .offset = 41, .time_us = 1700000000123456, .event = "b", .content = "h\"i"},
      {.topic = "a/b", .offset = 42, .time_us = 1700000001000999, .event = "c", .kind = Kind::json, .content = "[1]"},
      {.topic = "a/b", .offset = 43, .time_us = 1700000001045000, .event = "b", .kind = Kind::binary, .content = "a"},
  };
  session->on_log(0, LogPage{0x5f3a, 90, messages, true}, host);
  ASSERT_EQ(host.responses.size(), 1U);
  EXPECT_EQ(host.responses[0].body, R"({"epoch":"0000000000005f3a","offset":90,"messages":[)"
                                    R"({"offset":41,"time":1700000000.123,"data":"h\"i"},)"
                                    R"({"offset":42,"time":1700000001.000,"event":"c","data":[1]},)"
                                    R"({"offset":43,"time":1700000001.045,"data_base64":"YQ=="}],"more":true})");
}

TEST_F(Rest, LogHidesWhatIsForSomeAlone) {
  get({});
  std::string named;
  append_member(named, Sign::topic_to, "77");
  std::string excepted;
  append_member(excepted, Sign::publisher, "76");
  append_member(excepted, Sign::topic_except, "77");
  const Message messages[] = {
      {.topic = "a", .offset = 1, .time_us = 1000, .event = "secret", .content = "a", .audience = named},
      {.topic = "a", .offset = 2, .time_us = 2000, .event = "a", .content = "b", .audience = excepted},
  };
  session->on_log(0, LogPage{0x5f3a, 2, messages, false}, host);
  EXPECT_THAT(host.responses.at(0).body, HasSubstr(R"([{"offset":1,"time":0.001},)"
                                                   R"({"offset":2,"time":0.002,"data":"b"}])"));
}

TEST_F(Rest, EmptyLogIsWrittenAsJson) {
  get({});
  session->on_log(0, LogPage{0x5f3a, 0, {}, false}, host);
  EXPECT_EQ(host.responses.at(0).body, R"({"epoch":"0000000000005f3a","offset":0,"messages":[],"more":false})");
  EXPECT_EQ(host.responses.at(0).content_type, "application/json");
}

struct BadHead {
  Asked asked;
  int status;
};

TEST(RestDialect, RefusesBeforeTheBody) {
  const BadHead cases[] = {
      {{.topic = "", .content_type = {}, .query = {}}, 400},
      {{.topic = std::string("a\0b", 3), .content_type = {}, .query = {}}, 400},
      {{.topic = "a/$x", .content_type = {}, .query = {}}, 400},
      {{.content_type = {}, .query = {{"event", ""}}}, 400},
      {{.content_type = {}, .query = {{"event", std::string(256, 'e')}}}, 400},
      {{.content_type = {}, .query = {{"event", "\xFF"}}}, 400},
      {{.content_type = {}, .query = {}, .content_length = message_bytes_max + 1}, 413},
      {{.method = "GET", .topic = "$x", .content_type = {}, .query = {}}, 400},
      {{.method = "GET", .content_type = {}, .query = {{"limit", "0"}}}, 400},
      {{.method = "GET", .content_type = {}, .query = {{"limit", "1001"}}}, 400},
      {{.method = "GET", .content_type = {}, .query = {{"limit", "x"}}}, 400},
      {{.method = "GET", .content_type = {}, .query = {{"last", "1001"}}}, 400},
      {{.method = "GET", .content_type = {}, .query = {{"last", "1"}, {"limit", "1"}}}, 400},
      {{.method = "GET", .content_type = {}, .query = {{"last", "1"}, {"after", "1"}}}, 400},
      {{.method = "GET", .content_type = {}, .query = {{"epoch", "1"}}}, 400},
      {{.method = "GET", .content_type = {}, .query = {{"after", "-1"}}}, 400},
  };
  for (const BadHead& c : cases) {
    const Opened<HttpSession> opened = open(request_of(c.asked));
    ASSERT_TRUE(std::holds_alternative<Error>(opened)) << &c - cases;
    EXPECT_EQ(std::get<Error>(opened).status, c.status) << &c - cases;
  }
}

TEST(RestDialect, WantsTheLengthOfABody) {
  http::Request request = request_of({.content_type = {}, .query = {}, .content_length = {}});
  request.has_body = false;
  EXPECT_EQ(std::get<Error>(open(request)).status, 411);
  request.path = "/publish";
  request.topic = "";
  EXPECT_EQ(std::get<Error>(open(request)).status, 411);
  request.content_length = 0;
  EXPECT_TRUE(std::holds_alternative<std::unique_ptr<HttpSession>>(open(request)));
}

TEST(RestDialect, OnlyPublishingWantsAKey) {
  for (const Route& route : RestDialect().routes()) EXPECT_EQ(route.publishes, route.method == "POST") << route.path;
}

}  // namespace
}  // namespace proto::rest
