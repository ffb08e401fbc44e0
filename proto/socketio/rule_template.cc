// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/rule_template.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "proto/json.h"
#include "proto/notation.h"
#include "proto/socketio/packet.h"

namespace proto::socketio {
namespace {

using Kind = Template::Kind;

struct Name {
  std::string_view name;
  Kind kind;
  Scope::Known needs;
};
constexpr std::array<Name, 10> names = {{{"args", Kind::arguments, Scope::arguments},
                                         {"auth", Kind::auth, Scope::auth},
                                         {"query", Kind::query, Scope::request},
                                         {"headers", Kind::header, Scope::request},
                                         {"sid", Kind::sid, Scope::sid},
                                         {"data", Kind::data, Scope::data},
                                         {"event", Kind::event, Scope::event},
                                         {"cursor", Kind::cursor, Scope::cursor},
                                         {"time", Kind::time, Scope::time},
                                         {"message", Kind::message, Scope::message}}};
constexpr std::string_view binary_key = "binary";

Template constant(std::string json) { return {.kind = Kind::constant, .text = std::move(json)}; }

Template constant_text(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return constant(std::move(json));
}

// Whether an unquoted word is a JSON value as it stands.
bool is_json_scalar(std::string_view word) {
  if (word == "true" || word == "false" || word == "null") return true;
  std::string copy(word);
  JsonReader reader(copy);
  if (word.empty() || absl::ascii_isspace(static_cast<unsigned char>(word.front())) ||
      reader.type() != JsonType::number) {
    return false;
  }
  return reader.read_value().size() == word.size();
}

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t dot = path.find('.');
    parts.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    path.remove_prefix(dot + 1);
  }
}

class TemplateReader {
 public:
  TemplateReader(RuleReader& reader, const Scope& scope) : reader_(reader), scope_(scope) {}

  Template value(const Place& place, int depth) {
    if (depth > template_depth_max) {
      reader_.mistake(place, "is nested too deeply");
      return {};
    }
    switch (place.node->kind) {
      case RuleNode::Kind::nothing: return {};
      case RuleNode::Kind::word:
        if (is_json_scalar(place.node->text)) return constant(place.node->text);
        return text(place, place.node->text);
      case RuleNode::Kind::quoted: return text(place, place.node->text);
      case RuleNode::Kind::list: return list(place, depth);
      case RuleNode::Kind::map: return map(place, depth);
    }
    return {};
  }

  // `$args` stands for several values: in lists alone.
  Template single(const Place& place, int depth) {
    Template made = value(place, depth);
    if (made.kind != Kind::arguments) return made;
    reader_.mistake(place, "$args are several values, which a list takes; write [$args], or $0 for the first");
    return {};
  }

  Template text(const Place& place, std::string_view written) {
    if (!written.starts_with('$')) return constant_text(written);
    if (written.starts_with("$$")) return constant_text(written.substr(1));
    return named(place, written.substr(1));
  }

  // What stands behind the '$'.
  Template named(const Place& place, std::string_view written) {
    if (!written.empty() && absl::ascii_isdigit(static_cast<unsigned char>(written.front()))) {
      return argument(place, written);
    }
    const std::size_t dot = written.find('.');
    const std::string_view head = written.substr(0, dot);
    const std::string_view rest = dot == std::string_view::npos ? "" : written.substr(dot + 1);
    const auto found = std::find_if(names.begin(), names.end(), [head](const Name& n) { return n.name == head; });
    if (found == names.end()) return unknown(place, head);
    if (!known(place, *found)) return {};
    Template made{.kind = found->kind, .text = ""};
    if (fill_in(made, rest, dot != std::string_view::npos)) return made;
    reader_.mistake(place, wrong_path(*found));
    return {};
  }

 private:
  Template argument(const Place& place, std::string_view digits) {
    const auto index = parse_number(digits);
    if (!index || *index >= argument_views_max) {
      reader_.mistake(place, absl::StrFormat("%s is no argument; $0 to $%u are known, and $args for all of them",
                                             reader_.quote(place.node->text), argument_views_max - 1));
      return {};
    }
    if (!known(place, {"0", Kind::argument, Scope::arguments})) return {};
    return {.kind = Kind::argument, .text = "", .index = *index};
  }

  Template unknown(const Place& place, std::string_view head) {
    std::array<std::string_view, names.size()> candidates;
    std::transform(names.begin(), names.end(), candidates.begin(), [](const Name& name) { return name.name; });
    const std::string_view meant = reader_.notation().nearest(head, candidates);
    reader_.mistake(place, absl::StrFormat("%s is no template%s (a text that begins with $ is written with two: $$)",
                                           reader_.quote(place.node->text),
                                           meant.empty() ? "" : "; did you mean \"$" + std::string(meant) + "\"?"));
    return {};
  }

  bool known(const Place& place, const Name& name) {
    if (scope_.knows(name.needs)) return true;
    std::string_view why;
    if (name.needs == Scope::cursor) why = ": a message has one once it is sequenced, for deliver and ack";
    if (scope_.name == "deliver") why = ": what is delivered is the same for all";
    reader_.mistake(place, absl::StrFormat("$%s is not known in %s%s", name.name, scope_.name, why));
    return false;
  }

  // False: the name takes another path, or none.
  static bool fill_in(Template& made, std::string_view rest, bool has_path) {
    switch (made.kind) {
      case Kind::query:
      case Kind::header:
        made.text = made.kind == Kind::header ? absl::AsciiStrToLower({rest.data(), rest.size()}) : std::string(rest);
        return !rest.empty();
      case Kind::auth:
        if (has_path) made.path = split_path(rest);
        break;
      case Kind::data:
        if (!has_path) return false;
        made.path = split_path(rest);
        made.text = made.path.front();
        break;
      default: return !has_path;
    }
    const bool whole = std::none_of(made.path.begin(), made.path.end(), [](const auto& part) { return part.empty(); });
    if (made.kind == Kind::data) made.path.erase(made.path.begin());
    return whole;
  }

  static std::string wrong_path(const Name& name) {
    switch (name.kind) {
      case Kind::query:
      case Kind::header:
      case Kind::data: return absl::StrFormat("write $%s.NAME", name.name);
      case Kind::auth: return "write $auth for all of it, or $auth.NAME";
      default: return absl::StrFormat("$%s has no parts", name.name);
    }
  }

  Template list(const Place& place, int depth) {
    Template made{.kind = Kind::list, .text = ""};
    for (const Place& item : reader_.items(place)) made.items.push_back(value(item, depth + 1));
    return folded(std::move(made), '[', ']');
  }

  Template map(const Place& place, int depth) {
    const RuleNode& node = *place.node;
    if (node.items.size() == 2 && node.items[0].text == binary_key) return binary({&node.items[1], place.key});
    Template made{.kind = Kind::map, .text = ""};
    for (const Entry& entry : reader_.entries(place)) {
      made.items.push_back(constant_text(entry.name));
      made.items.push_back(single(entry.value, depth + 1));
    }
    return folded(std::move(made), '{', '}');
  }

  Template binary(const Place& place) {
    Template made{.kind = Kind::binary, .text = ""};
    if (is_scalar(*place.node) && decode_base64(place.node->text, made.text)) return made;
    reader_.mistake(place, "binary is base64, with its padding and without blanks");
    return {};
  }

  // One constant, where nothing is to be filled in.
  static Template folded(Template made, char open, char close) {
    const auto is_constant = [](const Template& item) { return item.kind == Kind::constant; };
    if (!std::all_of(made.items.begin(), made.items.end(), is_constant)) return made;
    std::string json(1, open);
    for (std::size_t i = 0; i < made.items.size(); ++i) {
      if (i > 0) json += open == '{' && i % 2 == 1 ? ':' : ',';
      json += made.items[i].text;
    }
    json += close;
    return constant(std::move(json));
  }

  RuleReader& reader_;
  const Scope& scope_;
};

class GuardReader {
 public:
  GuardReader(RuleReader& reader, const Scope& scope) : reader_(reader), scope_(scope) {}

  std::vector<Condition> read(const Place* place) {
    std::vector<Condition> conditions;
    if (place == nullptr) return conditions;
    if (is_scalar(*place->node)) {
      flag(*place, conditions);
      return conditions;
    }
    const std::size_t mistakes = reader_.mistakes.size();
    for (const Entry& entry : reader_.entries(*place)) subject(entry, conditions);
    if (conditions.empty() && reader_.mistakes.size() == mistakes) {
      reader_.mistake(*place, "names no condition; write {query.NAME: present}");
    }
    return conditions;
  }

 private:
  void flag(const Place& place, std::vector<Condition>& conditions) {
    if (place.node->text != "recovered") {
      return reader_.mistake(place, absl::StrFormat("%s is no condition; write recovered, or {query.NAME: present}",
                                                    reader_.quote(place.node->text)));
    }
    if (!scope_.knows(Scope::recovered)) {
      return reader_.mistake(place, absl::StrFormat("recovered is not known in %s", scope_.name));
    }
    conditions.push_back({.recovered = true, .subject = {}});
  }

  // A template, with or without its '$'.
  void subject(const Entry& entry, std::vector<Condition>& conditions) {
    const std::string_view name = entry.name;
    TemplateReader templates(reader_, scope_);
    Condition condition;
    condition.subject = templates.named(entry.key, name.starts_with('$') ? name.substr(1) : name);
    constexpr std::string_view tests[] = {"present"};
    if (!reader_.read_word(entry.value, tests)) return;
    if (condition.subject.kind == Kind::constant) return;  // a mistake
    if (condition.subject.kind == Kind::arguments) condition.subject = {.kind = Kind::argument, .text = ""};
    conditions.push_back(std::move(condition));
  }

  RuleReader& reader_;
  const Scope& scope_;
};

}  // namespace

Template read_template(RuleReader& reader, const Place& place, const Scope& scope) {
  return TemplateReader(reader, scope).single(place, 0);
}

std::vector<Template> read_templates(RuleReader& reader, const Place& place, const Scope& scope) {
  std::vector<Template> templates;
  TemplateReader one(reader, scope);
  if (place.node->kind == RuleNode::Kind::nothing) {
    reader.mistake(place, "has no value; write [] for none");
    return templates;
  }
  for (const Place& item : reader.items(place)) templates.push_back(one.value(item, 0));
  return templates;
}

Guard read_guard(RuleReader& reader, const Place* when, const Place* unless, const Scope& scope) {
  GuardReader guard(reader, scope);
  return {.when = guard.read(when), .unless = guard.read(unless)};
}

}  // namespace proto::socketio
