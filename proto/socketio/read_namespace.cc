// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/read_namespace.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "proto/json.h"
#include "proto/notation.h"
#include "proto/socketio/namespace_topics.h"
#include "proto/socketio/packet.h"
#include "proto/socketio/pattern.h"
#include "proto/socketio/rule_actions.h"
#include "proto/socketio/rule_template.h"
#include "proto/topic_name.h"

namespace proto::socketio {
namespace {

class NamespaceReader {
 public:
  NamespaceReader(RuleReader& reader, NamespaceRules& nsp) : reader_(reader), nsp_(nsp) {}

  void read(const Place& place) {
    constexpr std::string_view known[] = {"recovery", "refuse", "on_connect", "on_disconnect",
                                          "rooms",    "events", "deliver"};
    const Fields fields(reader_, place, known);
    if (const Place* given = fields.find("recovery")) recovery(*given);
    if (const Place* given = fields.find("rooms")) rooms(*given);  // before the rules that join them
    if (const Place* given = fields.find("refuse")) refuse(*given);
    if (const Place* given = fields.find("on_connect")) {
      nsp_.on_connect = read_actions(reader_, *given, connect_scope(nsp_));
    }
    if (const Place* given = fields.find("on_disconnect")) {
      nsp_.on_disconnect = read_actions(reader_, *given, disconnect_scope(nsp_));
    }
    if (const Place* given = fields.find("events")) events(*given);
    if (const Place* given = fields.find("deliver")) deliver(*given);
    find_replays(nsp_.on_connect);
    for (EventRule& rule : nsp_.events) find_replays(rule.actions);
  }

 private:
  void recovery(const Place& place) {
    if (place.node->kind == RuleNode::Kind::nothing) return;
    constexpr std::string_view known[] = {"window", "bytes"};
    Fields fields(reader_, place, known);
    Recovery recovery;
    fields.read("window", recovery.window);
    if (const Place* bytes = fields.find("bytes")) reader_.read_bytes(*bytes, recovery.bytes);
    if (recovery.bytes == 0) reader_.mistake(*fields.find("bytes"), "must be larger than 0; null turns recovery off");
    nsp_.recovery = recovery;
  }

  void rooms(const Place& place) {
    for (const Place& item : reader_.items(place)) {
      std::string room;
      if (!reader_.read(item, room)) continue;
      if (!is_room_name(nsp_.name, room)) {
        reader_.mistake(item, "a room's name does not begin with $, and is no longer than a topic");
      } else {
        nsp_.rooms.push_back(std::move(room));
      }
    }
  }

  void refuse(const Place& place) {
    constexpr std::string_view known[] = {"when", "unless", "message", "data"};
    for (const Place& item : reader_.items(place)) {
      Fields fields(reader_, item, known);
      if (!nsp_.refuse.empty() && nsp_.refuse.back().guard.always()) {
        reader_.warn(item, "never decides: the one before refuses everybody");
      }
      ConnectRefusal refusal;
      refusal.guard = read_guard(reader_, fields.find("when"), fields.find("unless"), refuse_scope());
      fields.read("message", refusal.message);
      if (const Place* data = fields.find("data")) refusal.data = read_template(reader_, *data, refuse_scope());
      nsp_.refuse.push_back(std::move(refusal));
    }
  }

  void events(const Place& place) {
    for (const Place& item : reader_.items(place)) {
      EventRule rule;
      event(item, rule);
      nsp_.events.push_back(std::move(rule));
    }
  }

  void event(const Place& item, EventRule& rule) {
    constexpr std::string_view known[] = {"event", "args", "rate", "dedupe", "do", "ack", "topic"};
    Fields fields(reader_, item, known);
    if (const Place* name = fields.find("event")) {
      event_name(*name, rule);
    } else {
      reader_.mistake(item, "needs event, a name or a pattern; \"*\" is every event");
    }
    if (const Place* topic = fields.find("topic")) event_topic(*topic, rule);
    if (const Place* args = fields.find("args")) checks(*args, rule.checks);
    if (const Place* given = fields.find("rate")) rate(*given, rule);
    if (const Place* actions = fields.find("do")) rule.actions = read_actions(reader_, *actions, event_scope(nsp_));
    const Place* const ack = fields.find("ack");
    if (ack != nullptr && ack->node->kind != RuleNode::Kind::nothing) {
      rule.ack = read_templates(reader_, *ack, ack_scope(nsp_));
    }
    if (const Place* given = fields.find("dedupe")) dedupe(*given, rule);
  }

  void event_name(const Place& place, EventRule& rule) {
    if (!reader_.read(place, rule.event)) return;
    const std::string& name = rule.event;
    if (is_reserved_event(name)) {
      return reader_.mistake(place, absl::StrFormat("%s is never emitted by a client; see on_connect and on_disconnect",
                                                    reader_.quote(name)));
    }
    if (name.starts_with('$')) return reader_.mistake(place, "an event that begins with $ is refused from clients");
    if (const auto error = check_event(name)) return reader_.mistake(place, error->message);
    const auto first = std::find_if(nsp_.events.begin(), nsp_.events.end(),
                                    [&](const EventRule& earlier) { return covers(earlier.event, name); });
    if (first != nsp_.events.end()) {
      reader_.warn(place, absl::StrFormat("never decides: %s before it matches the same", reader_.quote(first->event)));
    }
    rule.topic = is_pattern(name) ? pattern_events_topic(nsp_.name) : named_event_topic(nsp_.name, name);
    if (!is_topic(rule.topic)) reader_.mistake(place, "makes a topic of more than 255 bytes; name one with topic:");
  }

  void event_topic(const Place& place, EventRule& rule) {
    if (!reader_.read(place, rule.topic)) return;
    if (const auto error = topic_name_error(rule.topic)) reader_.mistake(place, std::string(*error));
  }

  void checks(const Place& place, ArgumentChecks& checks) {
    constexpr std::string_view known[] = {"max", "types", "bytes"};
    constexpr std::string_view types[] = {"any", "string", "number", "boolean", "object", "array", "binary", "null"};
    Fields fields(reader_, place, known);
    std::uint64_t value = 0;
    if (fields.read("max", value)) checks.max = value;
    if (const Place* bytes = fields.find("bytes"); bytes != nullptr && reader_.read_bytes(*bytes, value)) {
      checks.bytes = value;
    }
    const Place* const list = fields.find("types");
    if (list == nullptr) return;
    for (const Place& item : reader_.items(*list)) {
      if (const auto type = reader_.read_word(item, types)) checks.types.push_back(static_cast<ArgumentType>(*type));
    }
    if (checks.types.size() > argument_views_max) {
      reader_.mistake(*list, absl::StrFormat("only the first %u arguments are looked at", argument_views_max));
    } else if (checks.max && checks.types.size() > *checks.max) {
      reader_.mistake(*list, "names more arguments than max allows");
    }
  }

  void rate(const Place& place, EventRule& rule) {
    constexpr std::string_view known[] = {"per_second", "burst"};
    Fields fields(reader_, place, known);
    Rate rate;
    const bool given = fields.read("per_second", rate.per_second);
    if (fields.find("per_second") == nullptr) return reader_.mistake(place, "needs per_second, a whole number");
    if (!given) return;
    if (rate.per_second == 0) return reader_.mistake(*fields.find("per_second"), "must be 1 or more");
    rate.burst = rate.per_second;
    if (fields.read("burst", rate.burst) && rate.burst == 0)
      reader_.mistake(*fields.find("burst"), "must be 1 or more");
    rule.rate = rate;
  }

  void dedupe(const Place& place, EventRule& rule) {
    constexpr std::string_view known[] = {"by", "window"};
    Fields fields(reader_, place, known);
    const Place* const by = fields.find("by");
    if (by == nullptr || fields.find("window") == nullptr) {
      return reader_.mistake(place, "needs a key and a time; write {by: $1, window: 10m}");
    }
    Dedupe dedupe{.by = read_template(reader_, *by, event_scope(nsp_))};
    fields.read("window", dedupe.window);
    rule.dedupe = std::move(dedupe);
    if (!rule.ack) reader_.warn(place, "dedupe is for clients that retry, and those wait for an ack: write ack: []");
  }

  void deliver(const Place& place) {
    for (const Entry& entry : reader_.entries(place)) {
      const auto first = std::find_if(nsp_.deliver.begin(), nsp_.deliver.end(),
                                      [&](const Delivery& earlier) { return covers(earlier.event, entry.name); });
      if (first != nsp_.deliver.end()) {
        reader_.warn(entry.key,
                     absl::StrFormat("never decides: %s before it matches the same", reader_.quote(first->event)));
      }
      nsp_.deliver.push_back({entry.name, read_templates(reader_, entry.value, deliver_scope())});
    }
  }

  // A replay names an event; its messages are in the topic of the rule that has its name.
  void find_replays(std::vector<Action>& actions) {
    for (Action& action : actions) {
      find_replays(action.then);
      if (action.kind != ActionKind::replay || !action.event || !action.event->text.starts_with('"')) continue;
      std::string json = action.event->text;
      const std::string_view event = unescape_json(json);
      const auto rule = std::find_if(nsp_.events.begin(), nsp_.events.end(),
                                     [event](const EventRule& candidate) { return candidate.event == event; });
      action.topic = rule == nsp_.events.end() ? named_event_topic(nsp_.name, event) : rule->topic;
    }
  }

  RuleReader& reader_;
  NamespaceRules& nsp_;
};

}  // namespace

void read_namespace(RuleReader& reader, const Place& place, NamespaceRules& nsp) {
  NamespaceReader(reader, nsp).read(place);
}

}  // namespace proto::socketio
