// SPDX-License-Identifier: Apache-2.0
#include "broker/base/log_format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <string>

namespace broker::base {
namespace {

constexpr std::chrono::system_clock::time_point at{std::chrono::milliseconds(1'767'323'045'678)};

std::string line(LogFormat format, std::string_view message, std::initializer_list<LogField> fields) {
  std::string out;
  append_line(out, format, LogRecord(LogLevel::info, at, message, fields), "main");
  return out;
}

// A strict reader of one flat JSON object with string, number and boolean values, to judge the writer by. Strings are
// given back as UTF-8, other values as they stand.
class FlatJson {
 public:
  static std::optional<std::map<std::string, std::string>> parse(std::string_view text) {
    FlatJson json{text};
    std::map<std::string, std::string> members;
    if (!json.take('{')) return std::nullopt;
    do {
      const auto key = json.string();
      if (!key || !json.take(':')) return std::nullopt;
      const auto value = json.value();
      if (!value || !members.emplace(*key, *value).second) return std::nullopt;
    } while (json.take(','));
    if (!json.take('}') || json.rest_ != "\n") return std::nullopt;
    return members;
  }

 private:
  explicit FlatJson(std::string_view text) : rest_(text) {}
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<std::string> value() {
    if (!rest_.empty() && rest_.front() == '"') return string();
    const std::size_t end = std::min(rest_.find_first_not_of("+-.0123456789Eaeflrstu"), rest_.size());
    if (end == 0) return std::nullopt;
    const std::string bare(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return bare;
  }
  std::optional<std::string> string() {
    if (!take('"')) return std::nullopt;
    std::string out;
    while (!rest_.empty() && rest_.front() != '"') {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return std::nullopt;
      }
    }
    if (!take('"')) return std::nullopt;
    return out;
  }
  bool escape(std::string& out) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    switch (c) {
      case '"':
      case '\\': out += c; return true;
      case 'n': out += '\n'; return true;
      case 'r': out += '\r'; return true;
      case 't': out += '\t'; return true;
      case 'u': break;
      default: return false;
    }
    if (rest_.size() < 4) return false;
    unsigned code = 0;
    for (int i = 0; i < 4; ++i) {
      const char digit = rest_[static_cast<std::size_t>(i)];
      if (std::isxdigit(static_cast<unsigned char>(digit)) == 0) return false;
      code = code * 16 + static_cast<unsigned>(std::stoi(std::string(1, digit), nullptr, 16));
    }
    rest_.remove_prefix(4);
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xc0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
      out += static_cast<char>(0xe0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      out += static_cast<char>(0x80 | (code & 0x3f));
    }
    return true;
  }
  std::string_view rest_;
};

TEST(LogFormat, WritesTextForPeople) {
  EXPECT_EQ(line(LogFormat::text, "listening", {{"address", "127.0.0.1:8000"}, {"shards", 2}, {"tls", false}}),
            "2026-01-02T03:04:05.678Z info listening address=127.0.0.1:8000 shards=2 tls=false thread=main\n");
}

TEST(LogFormat, WritesJsonForMachines) {
  EXPECT_EQ(line(LogFormat::json, "listening", {{"address", "127.0.0.1:8000"}, {"shards", 2}, {"ratio", 0.5}}),
            "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"info\",\"message\":\"listening\","
            "\"address\":\"127.0.0.1:8000\",\"shards\":2,\"ratio\":0.5,\"thread\":\"main\"}\n");
}

TEST(LogFormat, EscapesValues) {
  struct Case {
    std::string value;
    std::string text;
    std::string json;
  };
  const Case cases[] = {
      {"", R"("")", R"("")"},
      {"plain", "plain", R"("plain")"},
      {"two words", R"("two words")", R"("two words")"},
      {"a=b", R"("a=b")", R"("a=b")"},
      {R"(say "hi" \ bye)", R"("say \"hi\" \\ bye")", R"("say \"hi\" \\ bye")"},
      {"line\r\nlevel=error", R"("line\r\nlevel=error")", R"("line\r\nlevel=error")"},
      {"tab\there", R"("tab\there")", R"("tab\there")"},
      {std::string("nul\0", 4), R"("nul\x00")", R"("nul\u0000")"},
      {"\x1b[31mred", R"("\x1b[31mred")", R"("\u001b[31mred")"},
      {"\x7f", R"("\x7f")", R"("\u007f")"},
      {"grüße 木霊 🌲", R"("grüße 木霊 🌲")", R"("grüße 木霊 🌲")"},
      {"c1 \xc2\x9b", R"("c1 \xc2\x9b")", R"("c1 \u009b")"},
      {"\xe2\x80\xa8", R"("\xe2\x80\xa8")", R"("\u2028")"},  // line separator
      {"\xe2\x80\xae", R"("\xe2\x80\xae")", R"("\u202e")"},  // right-to-left override
      {"bad \xff", R"("bad \xff")", R"("bad \ufffd")"},
      {"\xc0\xaf", R"("\xc0\xaf")", R"("\ufffd\ufffd")"},                // overlong
      {"\xed\xa0\x80", R"("\xed\xa0\x80")", R"("\ufffd\ufffd\ufffd")"},  // surrogate
      {"\xf4\x90\x80\x80", R"("\xf4\x90\x80\x80")", R"("\ufffd\ufffd\ufffd\ufffd")"},
      {"cut \xe6\x9c", R"("cut \xe6\x9c")", R"("cut \ufffd\ufffd")"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(line(LogFormat::text, "m", {{"v", c.value}}),
              "2026-01-02T03:04:05.678Z info m v=" + c.text + " thread=main\n");
    EXPECT_EQ(line(LogFormat::json, "m", {{"v", c.value}}),
              "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"info\",\"message\":\"m\",\"v\":" + c.json +
                  ",\"thread\":\"main\"}\n");
  }
}

TEST(LogFormat, EscapesTheMessageAndTheKeysToo) {
  EXPECT_EQ(line(LogFormat::text, "a\nb", {{"k\n", 1}}), "2026-01-02T03:04:05.678Z info a\\nb k\\n=1 thread=main\n");
  const auto json = FlatJson::parse(line(LogFormat::json, "a\nb", {{"k\"\n", 1}}));
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->at("message"), "a\nb");
  EXPECT_EQ(json->at("k\"\n"), "1");
}

TEST(LogFormat, StaysOneLineAndValidJsonForEveryByteBeforeAndBehindEveryOther) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string value = {static_cast<char>(first), static_cast<char>(second)};
      const std::string text = line(LogFormat::text, "m", {{"v", value}});
      ASSERT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << first << ' ' << second;
      ASSERT_TRUE(std::none_of(text.begin(), text.end() - 1, [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
      const auto json = FlatJson::parse(line(LogFormat::json, "m", {{"v", value}}));
      ASSERT_TRUE(json.has_value()) << first << ' ' << second;
      ASSERT_EQ(json->size(), 5u);
      if (first < 0x80 && second < 0x80) {
        ASSERT_EQ(json->at("v"), value);
      }
    }
  }
}

TEST(LogFormat, MarksARecordThatWasCut) {
  const std::string large(5000, '\1');
  const auto json = FlatJson::parse(line(LogFormat::json, "m", {{"v", large}}));
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->at("cut"), "true");
  EXPECT_NE(line(LogFormat::text, "m", {{"v", large}}).find(" cut=true\n"), std::string::npos);
}

}  // namespace
}  // namespace broker::base
