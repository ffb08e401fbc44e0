// SPDX-License-Identifier: Apache-2.0
// Rules from any YAML: every mistake has a position and says something, and rules without mistakes can be carried out
// on any event. What they fill in is JSON, and what a client would refuse does not come out. The input's first line is
// a Socket.IO packet, the rest the settings.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proto/json.h"
#include "proto/socketio/encode.h"
#include "proto/socketio/namespace_topics.h"
#include "proto/socketio/pattern.h"
#include "proto/socketio/run_rules.h"
#include "proto/utf8.h"
#include "rule_yaml.h"

namespace {

using namespace proto::socketio;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_list(const Filled& filled) {
  std::string json = "[" + filled.json + "]";
  require(proto::is_valid_utf8(json));
  proto::JsonReader reader(json);
  reader.enter_array();
  while (reader.next_element()) reader.read_value();
  require(reader.finish());
}

void require_good(const Outcome& run, const NamespaceRules* nsp) {
  require(!run.refused || run.steps.empty());
  for (const Step& step : run.steps) {
    for (const auto* rooms : {&step.to, &step.except}) {
      for (const std::string& room : *rooms) require(is_room_name(nsp->name, room));
    }
    switch (step.action->kind) {
      case ActionKind::emit:
      case ActionKind::ask:
      case ActionKind::broadcast: {
        require_list(step.content);
        const std::string_view joined[] = {step.content.json};
        require(!step.event.empty());
        require(!check_deliverable(step.event, {.arguments = joined, .attachments = step.content.attachments.size()}));
        break;
      }
      case ActionKind::join:
      case ActionKind::leave: require(is_room_name(nsp->name, step.text)); break;
      case ActionKind::send: require(!step.binary || step.content.attachments.size() == 1); break;
      default: break;
    }
  }
}

void run_all(const std::vector<Action>& actions, const Known& known, const NamespaceRules* nsp) {
  require_good(run(actions, known, nsp), nsp);
  for (const Action& action : actions) run_all(action.then, known, nsp);
}

void run_namespace(const NamespaceRules& nsp, const Known& known) {
  (void)find_refusal(nsp, known);
  (void)find_delivery(nsp, known.event);
  for (const ConnectRefusal& refusal : nsp.refuse) {
    if (refusal.data) require_list(fill(*refusal.data, known));
  }
  run_all(nsp.on_connect, known, &nsp);
  run_all(nsp.on_disconnect, known, &nsp);
  for (const Delivery& delivery : nsp.deliver) require_list(fill_list(delivery.args, known));
  for (std::size_t i = 0; i < nsp.events.size(); ++i) {
    const EventRule& rule = nsp.events[i];
    (void)check_arguments(rule.checks, known.arguments);
    run_all(rule.actions, known, &nsp);
    if (rule.ack) require_list(fill_list(*rule.ack, known));
    if (rule.dedupe) (void)dedupe_key(*rule.dedupe, known);
    require(matches(rule.event, rule.event) && covers(rule.event, rule.event));
    // What one covers it matches.
    const EventRule& other = nsp.events[(i + 1) % nsp.events.size()];
    if (covers(rule.event, other.event) && !is_pattern(other.event)) require(matches(rule.event, other.event));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\n'), input.size());
  std::string text(input.substr(0, end));
  Packet packet;
  if (!proto::is_valid_utf8(text) || parse_packet(text, packet)) return 0;
  const auto root = config::parse_yaml(input.substr(std::min(end + 1, input.size())));
  if (!std::holds_alternative<config::YamlNode>(root)) return 0;
  const ReadRules read = fakes::read_rules(std::get<config::YamlNode>(root));
  for (const auto* list : {&read.mistakes, &read.warnings}) {
    for (const RuleMistake& mistake : *list) {
      require(mistake.line > 0 && mistake.column > 0 && !mistake.key.empty() && !mistake.what.empty());
    }
  }
  if (!read.mistakes.empty()) return 0;

  const std::vector<std::string> attachments(packet.attachments, "bytes");
  const std::vector<std::pair<std::string, std::string>> pairs = {{"a", "\"x\xC3\xA4\""}, {"b", "{\"c\":[1]}"}};
  const std::string auth = visible_auth(packet.type == PacketType::connect ? packet.payload : "");
  Known known{.sid = "sid", .auth = auth, .query = pairs, .headers = pairs, .data = pairs, .event = packet.event};
  known.arguments = arguments_of(packet, attachments);
  known.message = {.bytes = text, .binary = packet.attachments > 0};
  for (const NamespaceRules& nsp : read.rules.namespaces) run_namespace(nsp, known);
  (void)refuses(read.rules.options, known);
  for (const EngineEndpoint& endpoint : read.rules.endpoints) {
    (void)find_rule(endpoint, known.message);
    run_all(endpoint.on_connect, known, nullptr);
    for (const MessageRule& rule : endpoint.messages) run_all(rule.actions, known, nullptr);
  }
  return 0;
}
