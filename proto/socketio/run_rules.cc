// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/run_rules.h"

#include <algorithm>

#include "proto/json.h"
#include "proto/notation.h"
#include "proto/socketio/encode.h"
#include "proto/socketio/namespace_topics.h"
#include "proto/socketio/pattern.h"
#include "proto/topic_name.h"

namespace proto::socketio {
namespace {

ArgumentType type_of(std::string_view json, const Arguments& arguments) {
  const auto is_it = [json](const Placeholder& placeholder) { return placeholder.json.data() == json.data(); };
  if (std::any_of(arguments.placeholders.begin(), arguments.placeholders.end(), is_it)) return ArgumentType::binary;
  switch (json.empty() ? 'n' : json.front()) {
    case '"': return ArgumentType::string;
    case '{': return ArgumentType::object;
    case '[': return ArgumentType::array;
    case 't':
    case 'f': return ArgumentType::boolean;
    case 'n': return ArgumentType::null;
    default: return ArgumentType::number;
  }
}

std::string unquoted(std::string json) {
  if (!json.starts_with('"')) return json;
  return std::string(unescape_json(json));
}

// One run. Data that is set is known to the actions behind.
class Runner {
 public:
  Runner(const Known& known, const NamespaceRules* nsp) : known_(known), nsp_(nsp) {}

  Outcome run(std::span<const Action> actions) {
    Outcome run;
    for (const Action& action : actions) {
      if (!holds(action.guard, known_)) continue;
      if (action.kind == ActionKind::drop) {
        run.dropped = true;
        break;
      }
      Step step{.action = &action};
      if ((run.refused = fill_step(action, step))) {
        run.steps.clear();
        break;
      }
      run.steps.push_back(std::move(step));
    }
    return run;
  }

 private:
  using Refused = std::optional<RuleRefusal>;

  Refused fill_step(const Action& action, Step& step) {
    switch (action.kind) {
      case ActionKind::emit:
      case ActionKind::ask: return event_and_content(action, step);
      case ActionKind::broadcast: return broadcast(action, step);
      case ActionKind::join:
      case ActionKind::leave: return room(action, step);
      case ActionKind::set: return set(action, step);
      case ActionKind::replay: return replay(action, step);
      case ActionKind::publish: return publish(action, step);
      case ActionKind::send: return send(action.value, step);
      case ActionKind::disconnect:
      case ActionKind::drop: return std::nullopt;
    }
    return std::nullopt;
  }

  Refused event_and_content(const Action& action, Step& step) {
    if (action.event) {
      std::optional<std::string> event = fill_text(*action.event, known_);
      if (!event || check_event(*event) || is_reserved_event(*event)) return RuleRefusal::bad_event;
      step.event = *std::move(event);
    }
    step.content = fill_list(action.args, known_);
    const std::string_view joined[] = {step.content.json};
    const Outgoing outgoing{.arguments = joined, .attachments = step.content.attachments.size()};
    if (check_deliverable(step.event, outgoing)) return RuleRefusal::undeliverable;
    return std::nullopt;
  }

  Refused broadcast(const Action& action, Step& step) {
    if (!rooms(action.to, step.to) || !rooms(action.except, step.except)) return RuleRefusal::bad_room;
    // Rooms were asked for and none came: that is not everybody.
    if (!action.to.empty() && step.to.empty()) return RuleRefusal::bad_room;
    return event_and_content(action, step);
  }

  // False: one is none, or there are too many. `$args` among them stands for several.
  bool rooms(std::span<const Template> templates, std::vector<std::string>& names) {
    if (templates.empty()) return true;
    std::string json = "[" + fill_list(templates, known_).json + "]";
    JsonReader reader(json);
    reader.enter_array();
    while (reader.next_element()) {
      if (reader.type() != JsonType::string) return false;
      const auto name = reader.read_string();
      if (!name || !is_room_name(nsp_->name, *name) || names.size() >= named_rooms_max) return false;
      names.emplace_back(*name);
    }
    return !reader.failed();
  }

  Refused room(const Action& action, Step& step) {
    std::optional<std::string> name = fill_text(action.value, known_);
    if (!name || !is_room_name(nsp_->name, *name)) return RuleRefusal::bad_room;
    const auto allows = [&](const std::string& pattern) { return matches(pattern, *name); };
    if (action.kind == ActionKind::join && std::none_of(nsp_->rooms.begin(), nsp_->rooms.end(), allows)) {
      return RuleRefusal::bad_room;
    }
    step.text = *std::move(name);
    return std::nullopt;
  }

  Refused set(const Action& action, Step& step) {
    for (const auto& [name, value] : action.data) {
      Filled filled = fill(value, known_);
      if (!filled.attachments.empty()) return RuleRefusal::binary_data;
      step.data.emplace_back(name, std::move(filled.json));
    }
    if (data_.empty()) data_.assign(known_.data.begin(), known_.data.end());
    for (const auto& pair : step.data) {
      const auto same = [&](const auto& other) { return other.first == pair.first; };
      const auto found = std::find_if(data_.begin(), data_.end(), same);
      if (found == data_.end()) {
        data_.push_back(pair);
      } else {
        found->second = pair.second;
      }
    }
    known_.data = data_;
    return std::nullopt;
  }

  Refused replay(const Action& action, Step& step) {
    step.event = fill_text(*action.event, known_).value_or("");
    std::string after = fill(action.value, known_).json;
    if (after != "null") step.text = unquoted(std::move(after));
    return std::nullopt;
  }

  Refused publish(const Action& action, Step& step) {
    std::optional<std::string> topic = fill_text(action.value, known_);
    if (!topic || !is_topic(*topic)) return RuleRefusal::bad_topic;
    // A rule may name any topic; a client none of the broker's own.
    if (action.value.kind != Template::Kind::constant && has_reserved_segment(*topic)) return RuleRefusal::bad_topic;
    step.text = *std::move(topic);
    if (nsp_ != nullptr) return event_and_content(action, step);
    return send({.kind = Template::Kind::message, .text = ""}, step);
  }

  Refused send(const Template& value, Step& step) {
    step.content = fill(value, known_);
    step.binary =
        value.kind == Template::Kind::binary || (value.kind == Template::Kind::message && known_.message.binary);
    if (step.binary) return std::nullopt;
    if (!step.content.attachments.empty())
      return RuleRefusal::undeliverable;  // inside of JSON, which has no place for it
    step.content.json = unquoted(std::move(step.content.json));
    return std::nullopt;
  }

  Known known_;
  const NamespaceRules* nsp_;
  std::vector<std::pair<std::string, std::string>> data_;
};

}  // namespace

std::string_view label(RuleRefusal refusal) {
  switch (refusal) {
    case RuleRefusal::too_many_arguments: return "too_many_arguments";
    case RuleRefusal::wrong_argument: return "wrong_argument";
    case RuleRefusal::arguments_too_large: return "arguments_too_large";
    case RuleRefusal::bad_event: return "bad_event";
    case RuleRefusal::bad_room: return "bad_room";
    case RuleRefusal::bad_topic: return "bad_topic";
    case RuleRefusal::binary_data: return "binary_data";
    case RuleRefusal::undeliverable: return "undeliverable";
  }
  return "";
}

const EventRule* find_rule(const NamespaceRules& nsp, std::string_view event) {
  const auto found = std::find_if(nsp.events.begin(), nsp.events.end(),
                                  [event](const EventRule& rule) { return matches(rule.event, event); });
  return found == nsp.events.end() ? nullptr : &*found;
}

const NamespaceRules* find_namespace(const Rules& rules, std::string_view name) {
  const auto found = std::find_if(rules.namespaces.begin(), rules.namespaces.end(),
                                  [name](const NamespaceRules& nsp) { return nsp.name == name; });
  return found == rules.namespaces.end() ? nullptr : &*found;
}

const MessageRule* find_rule(const EngineEndpoint& endpoint, const EngineMessage& message) {
  const auto fits = [&](const MessageRule& rule) {
    return message.binary ? rule.match == "*" : matches(rule.match, message.bytes);
  };
  const auto found = std::find_if(endpoint.messages.begin(), endpoint.messages.end(), fits);
  return found == endpoint.messages.end() ? nullptr : &*found;
}

const Delivery* find_delivery(const NamespaceRules& nsp, std::string_view event) {
  const auto found = std::find_if(nsp.deliver.begin(), nsp.deliver.end(),
                                  [event](const Delivery& delivery) { return matches(delivery.event, event); });
  return found == nsp.deliver.end() ? nullptr : &*found;
}

const ConnectRefusal* find_refusal(const NamespaceRules& nsp, const Known& known) {
  const auto found = std::find_if(nsp.refuse.begin(), nsp.refuse.end(),
                                  [&](const ConnectRefusal& refusal) { return holds(refusal.guard, known); });
  return found == nsp.refuse.end() ? nullptr : &*found;
}

bool refuses(const EngineOptions& options, const Known& known) {
  return std::any_of(options.refuse.begin(), options.refuse.end(),
                     [&](const Guard& guard) { return holds(guard, known); });
}

std::optional<RuleRefusal> check_event_name(std::string_view event) {
  if (event.starts_with('$') || is_reserved_event(event) || check_event(event)) return RuleRefusal::bad_event;
  return std::nullopt;
}

std::optional<RuleRefusal> check_arguments(const ArgumentChecks& checks, const Arguments& arguments) {
  if (checks.max && arguments.count > *checks.max) return RuleRefusal::too_many_arguments;
  for (std::size_t i = 0; i < checks.types.size(); ++i) {
    if (i >= arguments.each.size()) return RuleRefusal::wrong_argument;
    if (checks.types[i] != ArgumentType::any && checks.types[i] != type_of(arguments.each[i], arguments)) {
      return RuleRefusal::wrong_argument;
    }
  }
  std::uint64_t bytes = arguments.all.size();
  for (const std::string& attachment : arguments.attachments) bytes += attachment.size();
  if (checks.bytes && bytes > *checks.bytes) return RuleRefusal::arguments_too_large;
  return std::nullopt;
}

std::string dedupe_key(const Dedupe& dedupe, const Known& known) {
  std::string key = fill(dedupe.by, known).json;
  if (key == "null") return "";
  // No JSON has a control character, and lengths part the attachments, so two keys never look alike.
  key += '\0';
  key += known.arguments.all;
  for (const std::string& attachment : known.arguments.attachments) {
    key += '\0';
    append_number(key, attachment.size());
    key += '\0';
    key += attachment;
  }
  return key;
}

Outcome run(std::span<const Action> actions, const Known& known, const NamespaceRules* nsp) {
  return Runner(known, nsp).run(actions);
}

}  // namespace proto::socketio
