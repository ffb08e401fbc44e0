// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/rule_actions.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "proto/json.h"
#include "proto/notation.h"
#include "proto/socketio/namespace_topics.h"
#include "proto/socketio/packet.h"
#include "proto/socketio/pattern.h"
#include "proto/topic_name.h"

namespace proto::socketio {
namespace {

// In the order of ActionKind.
constexpr std::array<std::string_view, 11> kinds = {"emit",   "ask",        "broadcast", "join", "leave", "set",
                                                    "replay", "disconnect", "publish",   "drop", "send"};

std::string_view name_of(ActionKind kind) { return kinds[static_cast<std::size_t>(kind)]; }

bool is_constant_text(const Template& value) {
  return value.kind == Template::Kind::constant && value.text.starts_with('"');
}

std::string constant_text(const Template& value) {
  std::string json = value.text;
  return std::string(unescape_json(json));
}

class ActionReader {
 public:
  ActionReader(RuleReader& reader, const Scope& scope) : reader_(reader), scope_(scope) {}

  std::optional<Action> read(const Place& place) {
    if (place.node->kind == RuleNode::Kind::word) return bare(place);
    Action action;
    const Place* when = nullptr;
    const Place* unless = nullptr;
    const Entry* what = nullptr;
    const std::vector<Entry> entries = reader_.entries(place);
    for (const Entry& entry : entries) {
      if (entry.name == "when") {
        when = &entry.value;
      } else if (entry.name == "unless") {
        unless = &entry.value;
      } else if (!kind_of(entry)) {
        return std::nullopt;
      } else if (what != nullptr) {
        reader_.mistake(entry.key, absl::StrFormat("an item does one thing; write a hyphen before %s too", entry.name));
        return std::nullopt;
      } else {
        what = &entry;
      }
    }
    if (what == nullptr) {
      if (place.node->kind == RuleNode::Kind::map || place.node->kind == RuleNode::Kind::nothing) {
        reader_.mistake(place, "does nothing; known are " + known_names());
      }
      return std::nullopt;
    }
    action.kind = *kind_of(*what);
    action.guard = read_guard(reader_, when, unless, scope_);
    read_value(what->value, action);
    return action;
  }

 private:
  // An action that needs no more than its name.
  std::optional<Action> bare(const Place& place) {
    const auto kind = kind_of({.name = place.node->text, .key = place, .value = place});
    if (!kind) return std::nullopt;
    if (*kind != ActionKind::drop && *kind != ActionKind::disconnect && *kind != ActionKind::broadcast) {
      reader_.mistake(place,
                      absl::StrFormat("%s needs to be told what; write {%s: …}", place.node->text, place.node->text));
      return std::nullopt;
    }
    Action action{.kind = *kind};
    if (*kind == ActionKind::broadcast) read_content(nullptr, place, action);
    return action;
  }

  // None: a mistake, which has been told.
  std::optional<ActionKind> kind_of(const Entry& entry) {
    const auto found = std::find(kinds.begin(), kinds.end(), entry.name);
    if (found == kinds.end()) {
      std::string meant = reader_.did_you_mean(entry.name, kinds);
      if (meant.empty()) meant = "; known are " + known_names();
      reader_.mistake(entry.key, absl::StrFormat("%s is no action%s", reader_.quote(entry.name), meant));
      return std::nullopt;
    }
    const auto kind = static_cast<ActionKind>(found - kinds.begin());
    if (std::find(scope_.actions.begin(), scope_.actions.end(), kind) != scope_.actions.end()) return kind;
    const std::string_view why = scope_.name == "on_disconnect" ? ": the socket is gone" : "";
    const std::string_view where = scope_.nsp == nullptr ? "plain Engine.IO" : scope_.name;
    reader_.mistake(entry.key, absl::StrFormat("%s cannot be done in %s%s", entry.name, where, why));
    return std::nullopt;
  }

  std::string known_names() const {
    std::string names;
    for (const ActionKind kind : scope_.actions) names += (names.empty() ? "" : ", ") + std::string(name_of(kind));
    return names;
  }

  void read_value(const Place& place, Action& action) {
    switch (action.kind) {
      case ActionKind::emit: return read_emit(place, action, {});
      case ActionKind::ask: return read_ask(place, action);
      case ActionKind::broadcast: return read_broadcast(place, action);
      case ActionKind::join: return read_room(place, action);
      case ActionKind::leave: return read_room(place, action);
      case ActionKind::set: return read_set(place, action);
      case ActionKind::replay: return read_replay(place, action);
      case ActionKind::publish: return read_publish(place, action);
      case ActionKind::send: action.value = read_template(reader_, place, scope_); return;
      case ActionKind::disconnect:
      case ActionKind::drop: return read_nothing(place);
    }
  }

  void read_nothing(const Place& place) {
    const RuleNode& node = *place.node;
    if (node.kind == RuleNode::Kind::nothing || (is_scalar(node) && node.text == "true")) return;
    reader_.mistake(place, "takes nothing but true");
  }

  void read_emit(const Place& place, Action& action, std::initializer_list<std::string_view> more) {
    std::vector<std::string_view> known = {"event", "args"};
    known.insert(known.end(), more);
    if (is_scalar(*place.node)) {
      return reader_.mistake(place, absl::StrFormat("must be a map; write {event: %s}", place.node->text));
    }
    const Fields fields(reader_, place, known);
    read_content(&fields, place, action);
    if (const Place* then = fields.find("then")) action.then = read_actions(reader_, *then, then_scope());
  }

  // The arguments are those of an answer, which has no event.
  Scope then_scope() const {
    Scope scope = scope_;
    scope.name = "then";
    scope.known = (scope_.known & ~(Scope::event | Scope::recovered)) | Scope::arguments;
    return scope;
  }

  void read_ask(const Place& place, Action& action) { read_emit(place, action, {"then"}); }

  // Event and arguments: those of the event that came in, where there is one, unless others are named.
  void read_content(const Fields* fields, const Place& place, Action& action) {
    const Place* const event = fields == nullptr ? nullptr : fields->find("event");
    const Place* const args = fields == nullptr ? nullptr : fields->find("args");
    if (event != nullptr) {
      action.event = read_event(*event);
    } else if (scope_.knows(Scope::event)) {
      action.event = Template{.kind = Template::Kind::event, .text = ""};
    } else {
      reader_.mistake(place, absl::StrFormat("must name its event in %s; write {event: NAME, …}", scope_.name));
    }
    if (args != nullptr) {
      action.args = read_templates(reader_, *args, scope_);
    } else if (scope_.knows(Scope::arguments)) {
      action.args.push_back({.kind = Template::Kind::arguments, .text = ""});
    }
  }

  Template read_event(const Place& place) {
    Template event = read_template(reader_, place, scope_);
    if (event.kind != Template::Kind::constant) return event;
    if (is_constant_text(event)) {
      const std::string name = constant_text(event);
      if (is_reserved_event(name)) {
        reader_.mistake(place,
                        absl::StrFormat("%s is an event of the clients' own; name another", reader_.quote(name)));
      } else if (const auto error = check_event(name)) {
        reader_.mistake(place, error->message);
      }
    } else if (event.text == "null") {
      if (place.node->kind == RuleNode::Kind::nothing) reader_.mistake(place, "has no value; name an event");
    } else {
      reader_.mistake(place, "must be text: the event's name, in quotes where it looks like a number");
    }
    return event;
  }

  void read_broadcast(const Place& place, Action& action) {
    if (is_scalar(*place.node) && place.node->text == "true") return read_content(nullptr, place, action);
    constexpr std::string_view known[] = {"to", "except", "sender", "member", "event", "args"};
    Fields fields(reader_, place, known);
    read_content(&fields, place, action);
    if (const Place* to = fields.find("to")) action.to = read_rooms(*to);
    if (const Place* except = fields.find("except")) action.except = read_rooms(*except);
    fields.read("sender", action.sender);
    if (fields.read("member", action.member) && action.member && action.to.empty()) {
      reader_.mistake(*fields.find("member"), "goes with to, the rooms that the sender must be in");
    }
  }

  std::vector<Template> read_rooms(const Place& place) {
    const std::vector<Template> rooms = read_templates(reader_, place, scope_);
    for (const Template& room : rooms) check_room(place, room);
    return rooms;
  }

  bool check_room(const Place& place, const Template& room) {
    if (room.kind != Template::Kind::constant) return true;
    if (is_constant_text(room) && is_room_name(scope_.nsp->name, constant_text(room))) return true;
    reader_.mistake(place, "a room's name is text, does not begin with $ and is no longer than a topic");
    return false;
  }

  void read_room(const Place& place, Action& action) {
    const std::size_t mistakes = reader_.mistakes.size();
    action.value = read_template(reader_, place, scope_);
    if (action.kind == ActionKind::leave || reader_.mistakes.size() != mistakes) return;
    if (!check_room(place, action.value)) return;
    const std::vector<std::string>& rooms = scope_.nsp->rooms;
    if (rooms.empty()) {
      reader_.mistake(place, "no room may be joined here; list names or patterns under the namespace's rooms");
    } else if (is_constant_text(action.value)) {
      const std::string name = constant_text(action.value);
      const auto allows = [&](const std::string& pattern) { return matches(pattern, name); };
      if (std::none_of(rooms.begin(), rooms.end(), allows)) {
        reader_.mistake(place, absl::StrFormat("%s is none of the namespace's rooms", reader_.quote(name)));
      }
    }
  }

  void read_set(const Place& place, Action& action) {
    for (const Entry& entry : reader_.entries(place)) {
      if (entry.name.empty() || entry.name.find('.') != std::string::npos) {
        reader_.mistake(entry.key, "a name of data is not empty and has no dot, so that $data.NAME can name it");
      }
      action.data.emplace_back(entry.name, read_template(reader_, entry.value, scope_));
    }
    if (place.node->kind != RuleNode::Kind::map) reader_.mistake(place, "must be a map; write {NAME: VALUE}");
  }

  void read_replay(const Place& place, Action& action) {
    constexpr std::string_view known[] = {"event", "after"};
    const Fields fields(reader_, place, known);
    const Place* const event = fields.find("event");
    const Place* const after = fields.find("after");
    if (event == nullptr || after == nullptr) {
      return reader_.mistake(place, "needs an event and a cursor; write {event: NAME, after: $auth.NAME}");
    }
    action.event = read_event(*event);
    if (!is_constant_text(*action.event)) reader_.mistake(*event, "must be the name of an event");
    action.value = read_template(reader_, *after, scope_);
  }

  void read_publish(const Place& place, Action& action) {
    if (is_scalar(*place.node)) {
      read_topic(place, action);
      if (scope_.knows(Scope::arguments)) action.args.push_back({.kind = Template::Kind::arguments, .text = ""});
      return;
    }
    if (scope_.nsp == nullptr) return reader_.mistake(place, "must be a topic");
    constexpr std::string_view known[] = {"topic", "event", "args"};
    const Fields fields(reader_, place, known);
    const Place* const topic = fields.find("topic");
    if (topic == nullptr) return reader_.mistake(place, "needs a topic; write {topic: NAME, …}");
    read_topic(*topic, action);
    if (const Place* event = fields.find("event")) action.event = read_event(*event);
    if (const Place* args = fields.find("args")) {
      action.args = read_templates(reader_, *args, scope_);
    } else if (scope_.knows(Scope::arguments)) {
      action.args.push_back({.kind = Template::Kind::arguments, .text = ""});
    }
  }

  void read_topic(const Place& place, Action& action) {
    const std::size_t mistakes = reader_.mistakes.size();
    action.value = read_template(reader_, place, scope_);
    if (action.value.kind != Template::Kind::constant || reader_.mistakes.size() != mistakes) return;
    if (!is_constant_text(action.value)) return reader_.mistake(place, "must be text: the topic's name");
    const auto error = topic_name_error(constant_text(action.value), Reserve::open);
    if (error) reader_.mistake(place, std::string(*error));
  }

  RuleReader& reader_;
  const Scope& scope_;
};

}  // namespace

std::vector<Action> read_actions(RuleReader& reader, const Place& list, const Scope& scope) {
  std::vector<Action> actions;
  bool ended = false;
  bool told = false;
  for (const Place& item : reader.items(list)) {
    std::optional<Action> action = ActionReader(reader, scope).read(item);
    if (ended && !told) reader.warn(item, "is never reached: an action before it drops whatever comes");
    told = ended;
    if (!action) continue;
    ended = ended || (action->kind == ActionKind::drop && action->guard.always());
    actions.push_back(*std::move(action));
  }
  return actions;
}

}  // namespace proto::socketio
