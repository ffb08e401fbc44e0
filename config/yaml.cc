// SPDX-License-Identifier: Apache-2.0
#include "config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/str_format.h"
#include "config/limits.h"
#include "config/words.h"

namespace config {
namespace {

using Kind = YamlNode::Kind;

// YAML has keys of at most 1024 characters, and what is escaped where it is printed takes more than one for a byte.
constexpr std::size_t key_bytes_max = 500;

// Builds the tree from the parser's events. What it refuses it throws as yaml-cpp's own exception, which is the only
// way to stop the parser; parse_yaml() catches both.
class Builder : public YAML::EventHandler {
 public:
  [[nodiscard]] YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) throw YAML::ParserException(mark, "only one document is read; remove the line ---");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(node(Kind::nothing, mark, "", anchor)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_alias(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode word = node(Kind::word, mark, tag, anchor);
    word.word = value;
    word.quoted = tag == "!";
    add(std::move(word));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(node(Kind::list, mark, tag, anchor));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(node(Kind::map, mark, tag, anchor));
  }
  void OnMapEnd() override { close(); }

 private:
  static YamlNode node(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) refuse_alias(mark);
    // "?" is what yaml-cpp calls no tag on a plain word, "!" on a quoted one.
    if (!tag.empty() && tag != "?" && tag != "!") throw YAML::ParserException(mark, "tags (!) are not read here");
    return {.kind = kind, .line = mark.line + 1, .column = mark.column + 1, .word = {}, .quoted = false, .items = {}};
  }

  [[noreturn]] static void refuse_alias(const YAML::Mark& mark) {
    throw YAML::ParserException(mark, "anchors (&) and aliases (*) are not read here; quote a value that begins so");
  }

  void open(YamlNode node) {
    if (open_.size() >= limits::settings_depth_max) {
      throw YAML::ParserException(position(node), "is nested too deeply");
    }
    open_.push_back(std::move(node));
  }

  void close() {
    YamlNode node = std::move(open_.back());
    open_.pop_back();
    add(std::move(node));
  }

  void add(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    std::vector<YamlNode>& items = open_.back().items;
    if (open_.back().kind == Kind::map && items.size() % 2 == 0) check_key(node);
    items.push_back(std::move(node));
  }

  // What can be a key again where it is printed. yaml-cpp takes one to the file's end whose quote is not closed.
  static void check_key(const YamlNode& key) {
    constexpr std::size_t escape_bytes = 4;  // \x09
    const auto controls = static_cast<std::size_t>(std::ranges::count_if(key.word, is_control));
    const std::size_t printed = key.word.size() + controls * (escape_bytes - 1);
    if (printed > key_bytes_max || key.word.find('\n') != std::string::npos) {
      throw YAML::ParserException(position(key), "a key is one line of at most 500 bytes; is a quote not closed?");
    }
  }

  static bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

  static YAML::Mark position(const YamlNode& node) {
    YAML::Mark mark;
    mark.line = node.line - 1;
    mark.column = node.column - 1;
    return mark;
  }

  YamlNode root_;
  std::vector<YamlNode> open_;  // lists and maps whose end is not reached, outermost first
  int documents_ = 0;
};

// yaml-cpp's words say what its parser expected; these say what people did.
std::string explain(const std::string& message) {
  struct Explanation {
    std::string_view message;
    std::string_view meaning;
  };
  constexpr Explanation explanations[] = {
      {"illegal map value",
       "\": \" inside a value, or wrong indentation; quote the value or indent it like its neighbours"},
      {"end of map not found", "the indentation differs from the lines above, or a } is missing"},
      {"end of map flow not found", "a } is missing, or a value must be quoted"},
      {"end of sequence not found", "the indentation differs from the lines above, or a ] is missing"},
      {"end of sequence flow not found", "a ] is missing, or a value must be quoted"},
      {"the referenced anchor is not defined", "a value that begins with * must be quoted"},
      {"alias not found after *", "a value that begins with * must be quoted"},
      {"anchor not found after &", "a value that begins with & must be quoted"},
  };
  for (const Explanation& explanation : explanations) {
    if (message == explanation.message) return std::string(explanation.meaning);
  }
  return printable(message);
}

// The first tab that indents a line, no later than `last_line`: the most common reason for whatever the parser says.
std::optional<YamlError> indenting_tab(std::string_view text, int last_line) {
  int line = 1;
  std::size_t begin = 0;
  while (begin < text.size() && line <= last_line) {
    const std::size_t indent_end = text.find_first_not_of(" \t", begin);
    const std::size_t tab = text.find('\t', begin);
    if (tab < indent_end && tab != std::string_view::npos) {
      return YamlError{line, static_cast<int>(tab - begin) + 1, "YAML is indented with spaces, not with tabs"};
    }
    const std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) break;
    begin = end + 1;
    ++line;
  }
  return std::nullopt;
}

}  // namespace

std::variant<YamlNode, YamlError> parse_yaml(std::string_view text) {
  if (text.size() > limits::settings_file_bytes_max) {
    return YamlError{1, 1, absl::StrFormat("is larger than %u bytes", limits::settings_file_bytes_max)};
  }
  std::istringstream stream{std::string(text)};
  Builder builder;
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    const YamlError found{error.mark.line + 1, error.mark.column + 1, explain(error.msg)};
    if (auto tab = indenting_tab(text, found.line)) return std::move(*tab);
    return found;
  } catch (const std::exception& error) {
    return YamlError{1, 1, absl::StrFormat("is not YAML (%s)", error.what())};
  }
  return builder.take_root();
}

}  // namespace config
