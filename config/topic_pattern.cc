// SPDX-License-Identifier: Apache-2.0
#include "config/topic_pattern.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "config/limits.h"
#include "config/words.h"

namespace config {
namespace {

constexpr std::string_view rest = "**";

// Whether a segment matches a pattern in which each '*' stands for any characters. When a character does not fit, the
// last '*' takes one more: no earlier one need be tried again, so the work is at most the product of the lengths.
bool segment_matches(std::string_view pattern, std::string_view segment) {
  std::size_t p = 0;
  std::size_t s = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_end = 0;  // the end of what the last '*' has taken
  while (s < segment.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = s;
    } else if (p < pattern.size() && pattern[p] == segment[s]) {
      ++p;
      ++s;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      s = ++star_end;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

std::variant<TopicPattern, std::string> TopicPattern::parse(std::string_view text) {
  if (text.empty()) return "an empty pattern matches no topic; leave it out, or write ** for every topic";
  if (text.size() > limits::topic_bytes_max) {
    return absl::StrFormat("%s is longer than a topic may be (%u bytes)", quote(text), limits::topic_bytes_max);
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), control)) {
    return absl::StrFormat("%s has a control character, which no topic has", quote(text));
  }
  const std::size_t found = text.find(rest);
  if (found != std::string_view::npos && found + rest.size() != text.size()) {
    return absl::StrFormat("%s: ** stands at the end only, for any rest; within a segment write *", quote(text));
  }
  return TopicPattern(text);
}

bool TopicPattern::matches(std::string_view topic) const {
  std::string_view pattern = text_;
  for (;;) {
    const std::size_t pattern_end = pattern.find('/');
    const std::size_t topic_end = topic.find('/');
    const std::string_view segment = topic.substr(0, topic_end);
    if (pattern_end == std::string_view::npos) {
      // The last segment of the pattern: "a**" wants a rest that begins with "a", and "**" takes all.
      if (pattern.ends_with(rest)) return segment_matches(pattern, topic);
      return topic_end == std::string_view::npos && segment_matches(pattern, segment);
    }
    if (topic_end == std::string_view::npos) return false;
    if (!segment_matches(pattern.substr(0, pattern_end), segment)) return false;
    pattern.remove_prefix(pattern_end + 1);
    topic.remove_prefix(topic_end + 1);
  }
}

}  // namespace config
