// SPDX-License-Identifier: Apache-2.0
// A pattern of topic names: "chat message" is that topic alone, `*` stands for any characters within one segment
// (segments are what stands between slashes), and `**` at the end for any rest: "rooms/*" matches "rooms/a", "rooms/**"
// also "rooms/a/b".
// Thread: any; immutable. Owns its text. Errors: a sentence that says what is wrong.
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace config {

class TopicPattern {
 public:
  [[nodiscard]] static std::variant<TopicPattern, std::string> parse(std::string_view text);

  [[nodiscard]] bool matches(std::string_view topic) const;
  [[nodiscard]] const std::string& text() const { return text_; }
  friend bool operator==(const TopicPattern&, const TopicPattern&) = default;

 private:
  explicit TopicPattern(std::string_view text) : text_(text) {}
  std::string text_;
};

}  // namespace config
