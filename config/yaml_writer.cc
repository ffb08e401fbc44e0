// SPDX-License-Identifier: Apache-2.0
#include "config/yaml_writer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace config {
namespace {

constexpr std::size_t step = 2;  // blanks, from one level to the next

bool is_letter(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }

// Whether YAML takes the text for itself, in a list of one line too. `further`: what else may stand inside.
bool is_plain(std::string_view text, std::string_view further = "") {
  constexpr std::string_view inside = "._-/:+*";
  if (text.empty() || text == "null" || text == "NULL" || text == "Null" || text.ends_with(':')) return false;
  const auto may_stand = [&](char c) {
    return is_letter(c) || inside.find(c) != std::string_view::npos || further.find(c) != std::string_view::npos;
  };
  return std::all_of(text.begin(), text.end(), may_stand);
}

std::string in_quotes(std::string_view text) {
  std::string word = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') word += '\\';
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      absl::StrAppendFormat(&word, "\\x%02x", c);
    } else {
      word += c;
    }
  }
  return word += '"';
}

// Without quotes numbers are numbers, so that what had none gets none where it can be.
std::string word_of(const YamlNode& node) {
  const std::string& text = node.word;
  if (node.quoted || !is_plain(text, " $") || text.ends_with(' ') || text.find(": ") != std::string::npos) {
    return in_quotes(text);
  }
  const bool is_negative =
      text.size() > 1 && text[0] == '-' && absl::ascii_isdigit(static_cast<unsigned char>(text[1]));
  return is_letter(text[0]) || text[0] == '$' || text[0] == '/' || text[0] == '.' || is_negative ? text
                                                                                                 : in_quotes(text);
}

}  // namespace

std::string yaml_word(std::string_view text) {
  const bool begins_well = !text.empty() && (is_letter(text.front()) || text.front() == '/' || text.front() == '.');
  return begins_well && is_plain(text) ? std::string(text) : in_quotes(text);
}

std::string yaml_value(const YamlNode& node, std::size_t indent) {
  using Kind = YamlNode::Kind;
  const std::string blanks(indent, ' ');
  switch (node.kind) {
    case Kind::nothing: return " null\n";
    case Kind::word: return absl::StrCat(" ", word_of(node), "\n");
    case Kind::list:
    case Kind::map: break;
  }
  const bool is_list = node.kind == Kind::list;
  if (node.items.empty()) return is_list ? " []\n" : " {}\n";
  std::string text = "\n";
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (is_list) {
      absl::StrAppend(&text, blanks, "-", yaml_value(node.items[i], indent + step));
    } else if (const YamlNode& key = node.items[i++]; key.kind == Kind::word) {
      absl::StrAppend(&text, blanks, word_of(key), ":", yaml_value(node.items[i], indent + step));
    }
  }
  return text;
}

}  // namespace config
