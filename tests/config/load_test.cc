// SPDX-License-Identifier: Apache-2.0
// What is written becomes settings, or mistakes with their exact place and words.
#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "settings_file.h"

namespace config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// `dev: true` stands in a flag, so that the file's lines are the test's own and no key file is asked for.
Loaded load_file(std::string text) { return load_text(std::move(text), {{"dev", "true"}}); }

TEST(Load, ReadsEveryKindOfValueFromAFile) {
  const Loaded loaded = load_file(R"(
listen:
  http: "[::1]:80"
  https: ""
  admin: 127.0.0.1:0
tls: {certificate: /c.pem, key: "/k.pem"}
shards: 4
access:
  key_file: /keys
  origins: [https://a.example, "http://b.example:81"]
  client_publish:
    - chat message
    - "rooms/*"
    - "**"
limits: {message_bytes: 16MiB, queue_bytes: 32MiB}
queue: {overflow: drop_oldest}
log: {messages: 0, age: 1h, bytes: 1GiB}
logging: {level: warn, format: json}
drain: {duration: 0}
websocket: {ping_interval: 500ms}
)");
  ASSERT_EQ(format(loaded.mistakes), "");
  const Settings& settings = loaded.settings;
  EXPECT_EQ(settings.listen.http, (Address{"::1", 80}));
  EXPECT_EQ(settings.listen.https, std::nullopt);
  EXPECT_EQ(settings.listen.admin, (Address{"127.0.0.1", 0}));
  EXPECT_EQ(settings.tls.certificate, "/c.pem");
  EXPECT_EQ(settings.tls.key, "/k.pem");
  EXPECT_EQ(settings.shards, 4U);
  EXPECT_TRUE(settings.dev);
  EXPECT_EQ(settings.access.key_file, "/keys");
  EXPECT_THAT(settings.access.origins, ElementsAre("https://a.example", "http://b.example:81"));
  ASSERT_EQ(settings.access.client_publish.size(), 3U);
  EXPECT_TRUE(settings.access.client_publish[1].matches("rooms/a"));
  EXPECT_EQ(settings.limits.message_bytes, 16U << 20);
  EXPECT_EQ(settings.limits.queue_bytes, 32U << 20);
  EXPECT_EQ(settings.queue.overflow, Overflow::drop_oldest);
  EXPECT_EQ(settings.log.messages, 0U);
  EXPECT_EQ(settings.log.age, std::chrono::hours(1));
  EXPECT_EQ(settings.log.bytes, 1U << 30);
  EXPECT_EQ(settings.logging.level, LogLevel::warn);
  EXPECT_EQ(settings.logging.format, LogFormat::json);
  EXPECT_EQ(settings.drain.duration, std::chrono::seconds(0));
  EXPECT_EQ(settings.websocket.ping_interval, std::chrono::milliseconds(500));
  EXPECT_EQ(settings.websocket.ping_timeout, std::chrono::seconds(10)) << "a key that is left out keeps its default";
}

TEST(Load, EmptyFilesAndEmptySectionsChangeNothing) {
  for (const std::string text : {"", "\n\n", "# a comment\n", "---\n", "listen:\nlog:\n", "{}", "\xEF\xBB\xBF"}) {
    EXPECT_EQ(format(load_file(text).mistakes), "") << text;
  }
}

TEST(Load, JsonIsYaml) {
  EXPECT_EQ(load_file(R"({"listen": {"http": "127.0.0.1:1"}, "shards": 2})").settings.shards, 2U);
}

// --- Mistakes in a file ---------------------------------------------------------------------------

struct FileMistake {
  std::string_view name;
  std::string text;
  std::string mistakes;
};

class LoadFile : public testing::TestWithParam<FileMistake> {};

TEST_P(LoadFile, TellsWhereAndWhat) { EXPECT_EQ(format(load_file(GetParam().text).mistakes), GetParam().mistakes); }

const FileMistake file_mistakes[] = {
    {"UnknownKey", "log:\n  mesages: 5\n", "k.yaml:2:3: log.mesages: unknown key; did you mean \"log.messages\"?\n"},
    {"UnknownSection", "shards: 1\nlisen:\n  http: 1\n", "k.yaml:2:1: lisen: unknown key; did you mean \"listen\"?\n"},
    {"KeyOfAnotherSection", "log:\n  level: info\n",
     "k.yaml:2:3: log.level: unknown key; did you mean \"logging.level\"?\n"},
    {"KeyWithoutItsSection", "admin: 127.0.0.1:1\n",
     "k.yaml:1:1: admin: unknown key; did you mean \"listen.admin\"?\n"},
    {"UnknownKeyLikeNoOther", "frobnicate: 1\n", "k.yaml:1:1: frobnicate: unknown key\n"},
    {"DottedKey", "listen.http: 127.0.0.1:1\n", "k.yaml:1:1: listen.http: write \"http:\" below \"listen:\"\n"},
    {"DuplicateKey", "log:\n  messages: 5\n  age: 1s\n  messages: 6\n",
     "k.yaml:4:3: log.messages: is given twice; the first is in line 2\n"},
    {"DuplicateSection", "log: {messages: 5}\ndev: true\nlog: {age: 1s}\n",
     "k.yaml:3:1: log: is given twice; the first is in line 1\n"},
    {"DuplicateTopKey", "shards: 1\nshards: 1\n", "k.yaml:2:1: shards: is given twice; the first is in line 1\n"},
    {"WordForSection", "queue: drop_oldest\n",
     "k.yaml:1:8: queue: is a section; write its keys below it, indented: overflow\n"},
    {"ListForSection", "log:\n  - messages\n",
     "k.yaml:2:3: log: is a section; write its keys below it, indented: messages, age, bytes\n"},
    {"SectionForWord", "dev: {a: 1}\n", "k.yaml:1:6: dev: must be true or false, is a section\n"},
    {"ListForWord", "shards: [1]\n", "k.yaml:1:9: shards: must be number, is a list\n"},
    {"WordForList", "access:\n  origins: https://a.example\n",
     "k.yaml:2:12: access.origins: must be a list, is a single value; write [\"https://a.example\"]\n"},
    {"SectionForList", "access:\n  origins: {a: b}\n", "k.yaml:2:12: access.origins: must be a list, is a section\n"},
    {"NestedList", "access:\n  origins: [[a]]\n",
     "k.yaml:2:13: access.origins: each item of the list must be one value\n"},
    {"NothingForWord", "listen:\n  http:\nshards: 1\n",
     "k.yaml:3:1: listen.http: has no value; write 127.0.0.1:8000, or leave the key out\n"},
    {"NothingForList", "access: {origins: ~}\n", "k.yaml:1:19: access.origins: has no value; write [] for none\n"},
    {"WrongTruth", "dev: yes\n", "k.yaml:1:6: dev: must be true or false, is \"yes\"; did you mean \"true\"?\n"},
    {"WrongNumber", "shards: four\n", "k.yaml:1:9: shards: must be a whole number, is \"four\"\n"},
    {"NumberBeyondRange", "shards: 257\n", "k.yaml:1:9: shards: must be from 0 to 256, is 257\n"},
    {"SizeBeyondRange", "limits: {message_bytes: 65MiB}\n",
     "k.yaml:1:25: limits.message_bytes: must be from 1KiB to 64MiB, is 65MiB\n"},
    {"SizeBelowRange", "limits:\n  message_bytes: 1B\n",
     "k.yaml:2:18: limits.message_bytes: must be from 1KiB to 64MiB, is 1B\n"},
    {"SizeWithoutUnit", "limits: {message_bytes: 65536}\n",
     "k.yaml:1:25: limits.message_bytes: \"65536\" has no unit (B, KiB, MiB, GiB, KB, MB, GB); did you mean "
     "\"64KiB\"?\n"},
    {"DurationWithoutUnit", "log:\n  age: 300\n",
     "k.yaml:2:8: log.age: \"300\" has no unit (ms, s, m, h); did you mean \"300s\"?\n"},
    {"DurationBelowRange", "log: {age: 0}\n", "k.yaml:1:12: log.age: must be from 1s to 168h, is 0\n"},
    {"WrongPort", "listen:\n  http: 127.0.0.1:80000\n",
     "k.yaml:2:9: listen.http: the port must be from 0 to 65535, is 80000\n"},
    {"AutoWhereItHasNoMeaning", "listen: {http: auto}\n",
     "k.yaml:1:16: listen.http: \"auto\" has no port; write address:port, such as 127.0.0.1:8000\n"},
    {"WrongWord", "queue: {overflow: drop-oldest}\n",
     "k.yaml:1:19: queue.overflow: must be disconnect or drop_oldest, is \"drop-oldest\"; did you mean "
     "\"drop_oldest\"?\n"},
    {"WordThatBeginsLikeIt", "logging:\n  level: warning\n",
     "k.yaml:2:10: logging.level: must be debug, info, warn or error, is \"warning\"; did you mean \"warn\"?\n"},
    {"EveryWrongItemOfAList", "access:\n  origins:\n    - a.example\n    - https://b.example\n    - ws://c\n",
     "k.yaml:3:7: access.origins: \"a.example\" is not an origin: it has no scheme; did you mean "
     "\"https://a.example\"?\n"
     "k.yaml:5:7: access.origins: \"ws://c\" is not an origin: it names the page, not the socket; did you mean "
     "\"http://c\"?\n"},
    {"WrongPattern", "access: {client_publish: [\"a**b\"]}\n",
     "k.yaml:1:27: access.client_publish: \"a**b\": ** stands at the end only, for any rest; within a segment write "
     "*\n"},
    {"UnquotedStar", "access:\n  client_publish: [*]\n", "k.yaml:2:21: a value that begins with * must be quoted\n"},
    {"UnquotedTwoStars", "access:\n  client_publish:\n    - **\n",
     "k.yaml:3:7: a value that begins with * must be quoted\n"},
    {"Anchor", "log: &x {messages: 1}\n",
     "k.yaml:1:6: anchors (&) and aliases (*) are not read here; quote a value that begins so\n"},
    {"Alias", "? &a shards\n: 1\ndev: *a\n",
     "k.yaml:1:3: anchors (&) and aliases (*) are not read here; quote a value that begins so\n"},
    {"Tag", "shards: !!int 1\n", "k.yaml:1:9: tags (!) are not read here\n"},
    {"SecondDocument", "shards: 1\n---\nshards: 2\n", "k.yaml:2:1: only one document is read; remove the line ---\n"},
    {"KeyThatIsTooLong", std::string(501, 'a') + ": 1\n",
     "k.yaml:1:1: a key is one line of at most 500 bytes; is a quote not closed?\n"},
    {"KeyWhoseQuoteIsNotClosed", "dev: true\n\"shards: 1\n\nlog:\n  age: 5s\n",
     "k.yaml:2:1: a key is one line of at most 500 bytes; is a quote not closed?\n"},
    {"TabForIndentation", "listen:\n\thttp: 127.0.0.1:1\n",
     "k.yaml:2:1: YAML is indented with spaces, not with tabs\n"},
    {"ColonInValue", "dev: true: false\n",
     "k.yaml:1:10: \": \" inside a value, or wrong indentation; quote the value or indent it like its neighbours\n"},
    {"UnevenIndentation", "log:\n  messages: 1\n age: 1s\n",
     "k.yaml:3:2: the indentation differs from the lines above, or a } is missing\n"},
    {"NoMap", "just words\n", "k.yaml:1:1: must be a map of settings, such as \"dev: true\"\n"},
    {"ListForKey", "? [a]\n: 1\n", "k.yaml:1:3: a key must be a word\n"},
    {"NothingForKey", "log:\n  ~: 1\n", "k.yaml:2:3: log: a key must be a word\n"},
    {"TooDeep",
     "a:\n a:\n  a:\n   a:\n    a:\n     a:\n      a:\n       a:\n        a: "
     "{a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a"
     ": {a: {a: {a: {a: {a: {a: {a: {a: {}}}}}}}}}}}}}}}}}}}}}}}}\n",
     "k.yaml:9:104: is nested too deeply\n"},
    {"VeryDeep", std::string(500'000, '['), "k.yaml:1:17: is nested too deeply\n"},
    {"TooLarge", std::string((1 << 20) + 1, '\n'), "k.yaml:1:1: is larger than 1048576 bytes\n"},
    {"ColumnsAreBytes", "{ä: 1, shards: x}\n",
     "k.yaml:1:2: ä: unknown key\nk.yaml:1:17: shards: must be a whole number, is \"x\"\n"},
    {"ControlCharactersAreShownEscaped", "shards: \"\\e[31m\"\n",
     "k.yaml:1:9: shards: must be a whole number, is \"\\x1b[31m\"\n"},
    {"AllAtOnce", "shards: x\nlog:\n  age: 5\n  foo: 1\nqueue: {overflow: wait}\n",
     "k.yaml:1:9: shards: must be a whole number, is \"x\"\n"
     "k.yaml:3:8: log.age: \"5\" has no unit (ms, s, m, h); did you mean \"5s\"?\n"
     "k.yaml:4:3: log.foo: unknown key\n"
     "k.yaml:5:19: queue.overflow: must be disconnect or drop_oldest, is \"wait\"\n"},
};

INSTANTIATE_TEST_SUITE_P(Mistakes, LoadFile, testing::ValuesIn(file_mistakes),
                         [](const auto& instance) { return std::string(instance.param.name); });

// --- Precedence -----------------------------------------------------------------------------------

TEST(Load, FlagsGoOverTheEnvironmentOverTheFileOverTheTable) {
  const Loaded loaded = load({.file_name = "k.yaml",
                              .file_text = "dev: true\nshards: 1\nlog: {messages: 1}\nqueue: {overflow: drop_oldest}\n",
                              .environment = {{"KODAMA__SHARDS", "2"}, {"KODAMA__LOG__MESSAGES", "2"}},
                              .flags = {{"shards", "3"}}});
  ASSERT_EQ(format(loaded.mistakes), "");
  EXPECT_EQ(loaded.settings.shards, 3U);
  EXPECT_EQ(loaded.settings.log.messages, 2U);
  EXPECT_EQ(loaded.settings.queue.overflow, Overflow::drop_oldest);
  EXPECT_EQ(loaded.settings.log.age, std::chrono::minutes(5));
}

TEST(Load, EveryValueRemembersWhereItCameFrom) {
  const Loaded loaded = load({.file_name = "k.yaml",
                              .file_text = "dev: true\nqueue:\n  overflow: drop_oldest\n",
                              .environment = {{"KODAMA__LOG__MESSAGES", "2"}},
                              .flags = {{"access.origins", "https://a.example,https://b.example"}}});
  EXPECT_EQ(loaded.of("queue.overflow").from, Chosen::From::file);
  EXPECT_EQ(loaded.of("queue.overflow").where, "k.yaml:3:13");
  EXPECT_EQ(loaded.of("log.messages").from, Chosen::From::environment);
  EXPECT_EQ(loaded.of("log.messages").where, "KODAMA__LOG__MESSAGES");
  EXPECT_EQ(loaded.of("access.origins").from, Chosen::From::flag);
  EXPECT_EQ(loaded.of("access.origins").where, "--access.origins");
  EXPECT_EQ(loaded.of("access.origins").text, "https://a.example,https://b.example");
  EXPECT_EQ(loaded.of("shards").from, Chosen::From::table);
  EXPECT_EQ(loaded.of("shards").where, "");
  EXPECT_EQ(loaded.of("shards").text, "0");
}

TEST(Load, EmptyTextTurnsAListenerOffAndEmptiesAList) {
  const Loaded loaded = load({.file_name = "k.yaml",
                              .file_text = "dev: true\naccess: {origins: [https://a.example]}\n",
                              .environment = {{"KODAMA__LISTEN__HTTPS", ""}, {"KODAMA__ACCESS__ORIGINS", ""}},
                              .flags = {{"listen.admin", ""}}});
  ASSERT_EQ(format(loaded.mistakes), "");
  EXPECT_EQ(loaded.settings.listen.https, std::nullopt);
  EXPECT_EQ(loaded.settings.listen.admin, std::nullopt);
  EXPECT_THAT(loaded.settings.access.origins, IsEmpty());
}

TEST(Load, FlagForTruthMayStandAlone) {
  EXPECT_TRUE(load({.file_name = {}, .file_text = {}, .environment = {}, .flags = {{"dev", {}}}}).settings.dev);
}

TEST(Load, MistakesInAllPlacesAreToldAtOnce) {
  const Loaded loaded = load(
      {.file_name = "k.yaml",
       .file_text = "shards: x\n",
       .environment = {{"PATH", "/bin"},
                       {"KODAMA_PORT", "tcp://10.0.0.1:80"},
                       {"KODAMA__SHARDS", "y"},
                       {"KODAMA__LISTEN_HTTP", "127.0.0.1:1"},
                       {"KODAMA__ACCESS__ORIGINS", "https://a.example,b.example"},
                       {"KODAMA__", ""}},
       .flags = {
           {"dev", {}}, {"shards", "2"}, {"shards", "3"}, {"listen.htp", "1"}, {"log.age", {}}, {"log.bytes", "7"}}});
  EXPECT_EQ(format(loaded.mistakes),
            "k.yaml:1:9: shards: must be a whole number, is \"x\"\n"
            "KODAMA__SHARDS: must be a whole number, is \"y\"\n"
            "KODAMA__LISTEN_HTTP: unknown key; did you mean \"KODAMA__LISTEN__HTTP\"?\n"
            "KODAMA__ACCESS__ORIGINS: \"b.example\" is not an origin: it has no scheme; did you mean "
            "\"https://b.example\"?\n"
            "KODAMA__: unknown key\n"
            "--shards: is given twice\n"
            "--listen.htp: unknown flag; did you mean \"--listen.http\"?\n"
            "--log.age: has no value; write --log.age=VALUE (duration)\n"
            "--log.bytes: \"7\" has no unit (B, KiB, MiB, GiB, KB, MB, GB); did you mean \"7B\"?\n");
}

TEST(Load, AFileThatCouldNotBeReadLeavesItsKeysOpen) {
  const Loaded loaded =
      load({.file_name = "k.yaml", .file_text = {}, .environment = {{"KODAMA__DEV", "no"}}, .flags = {}});
  EXPECT_EQ(format(loaded.mistakes), "KODAMA__DEV: must be true or false, is \"no\"; did you mean \"false\"?\n");
}

}  // namespace
}  // namespace config
