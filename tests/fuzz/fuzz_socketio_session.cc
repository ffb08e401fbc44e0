// SPDX-License-Identifier: Apache-2.0
// A session of Socket.IO, or of plain Engine.IO, is told anything over any transport: what it sends can be read, and
// whatever it has asked of its broker is in order. The input's first byte chooses the transport and the endpoint; then
// each line is a packet, said alone, or an order:
//
//   @t   time passes            @m   it goes on over a WebSocket        @e   its transport ends, and another begins
//   @p…  a backend publishes    @&…  what follows is a payload, as it is
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/socketio/packet.h"
#include "proto/utf8.h"
#include "rule_yaml.h"
#include "socketio_broker.h"

namespace {

using namespace proto::socketio;

constexpr std::string_view before_events = R"(
engineio:
  max_payload: 4000
  endpoints:
    - path: /e/
      subscribe: [e]
      on_connect: [{send: hi}]
      messages: [{match: bye, do: [disconnect]}, {match: '*', do: [{send: $message}, {publish: e}]}]
socketio:
  namespaces:
    "/":
      recovery: {window: 2m}
      refuse: [{when: {auth.fail: present}, data: $auth}]
      rooms: ["room-*"]
      deliver: {cursor: [$args, $cursor]}
      on_connect: [{emit: {event: auth, args: [$auth]}}, {unless: recovered, replay: {event: e, after: $auth.from}}]
      on_disconnect: [{broadcast: {event: gone, args: [$sid, $data.x]}}]
      events:)";
constexpr std::string_view events = R"(
        - {event: e, do: [broadcast], ack: [$args, $cursor]}
        - {event: cursor, do: [{broadcast: {sender: false}}, {emit: {event: own}}], ack: []}
        - {event: ask, do: [{ask: {event: question, then: [{emit: {event: answer, args: [$args]}}, {set: {x: $0}}]}}]}
        - {event: join, do: [{join: $0}], ack: []}
        - {event: leave, do: [{leave: $0}], ack: []}
        - {event: say, do: [{broadcast: {to: [$0, room-1], except: [$2], member: true, args: [$1]}}]}
        - {event: once, dedupe: {by: $0, window: 1m}, rate: {per_second: 2, burst: 5}, do: [broadcast], ack: [$0]}
        - {event: set, args: {max: 2, bytes: 1KiB}, do: [{set: {x: $0}}], ack: [$data.x]}
        - {event: replay, do: [{replay: {event: e, after: $0}}]}
        - {event: kick, do: [{emit: {event: bye}}, disconnect]}
        - {event: out, do: [{publish: {topic: $0, args: [$args]}}]})";
constexpr std::string_view between = R"(
    /custom:
      rooms: ["*"]
      events:)";

void require(bool holds) {
  if (!holds) std::abort();
}

std::string yaml() {
  std::string both(before_events);
  for (const std::string_view part : {events, between, events}) both += part;
  return both + "\n";
}

struct World {
  World() : read(fakes::read_rules(yaml())), endpoints(endpoint_rules(read.rules, limits)) {
    for (const RuleMistake& mistake : read.mistakes) {
      std::fprintf(stderr, "%d: %s: %s\n", static_cast<int>(mistake.line), mistake.key.c_str(), mistake.what.c_str());
    }
    require(read.mistakes.empty());
  }
  static constexpr SessionLimits limits = {
      .namespaces_max = 2, .rooms_max = 3, .data_bytes_max = 200, .message_bytes_max = 2000};
  ReadRules read;
  std::vector<std::unique_ptr<const EndpointRules>> endpoints;
};

// Whatever a client hears it must be able to read.
void require_readable(fakes::SocketClient& client) {
  std::size_t due = 0;
  for (std::string packet : client.hear()) {
    if (fakes::SocketClient::is_binary(packet)) {
      require(client.session->endpoint().plain() != nullptr || due-- > 0);
      continue;
    }
    require(due == 0 && !packet.empty() && packet[0] >= '0' && packet[0] <= '6' && proto::is_valid_utf8(packet));
    if (packet[0] != '4' || client.session->endpoint().plain() != nullptr) continue;
    Packet parsed;
    std::string text = packet.substr(1);
    require(!parse_packet(text, parsed));
    due = parsed.attachments;
  }
  require(due == 0);
}

void obey(fakes::SocketBroker& broker, const World& world, std::size_t endpoint,
          std::unique_ptr<fakes::SocketClient>& client, std::string_view order) {
  const std::string_view rest = order.substr(std::min<std::size_t>(order.size(), 1));
  switch (order.empty() ? 't' : order[0]) {
    case 'm':
      if (client->session->framing() == Framing::polling && client->session->may_move() && !client->is_closed()) {
        client->move(Framing::websocket);
      }
      return;
    case 'e':
      client.reset();
      client = std::make_unique<fakes::SocketClient>(broker, *world.endpoints[endpoint], Framing::polling);
      return;
    case 'p':
      if (proto::is_valid_utf8(rest))
        broker.publish("e", rest.empty() ? "e" : rest.substr(0, 20), proto::Kind::text, rest);
      return;
    case '&': {
      std::string body(rest);
      if (client->session->framing() != Framing::polling) return;
      PayloadReader payload(body, body.size());
      while (client->session->on_payload(payload, 64, client->host) == PayloadResult::more) broker.settle();
      broker.settle();
      return;
    }
    default: client->pass(20'000); return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 8192) return 0;
  static const World world;
  const std::size_t endpoint = data[0] % 8 == 7 ? 1 : 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  fakes::SocketBroker broker;
  broker.publish("e", "e", proto::Kind::text, "before");
  auto client = std::make_unique<fakes::SocketClient>(broker, *world.endpoints[endpoint],
                                                      static_cast<Framing>(data[0] % framing_count));
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    if (line.starts_with('@')) {
      obey(broker, world, endpoint, client, line.substr(1));
    } else if (proto::is_valid_utf8(line) && !client->is_closed()) {
      (void)client->say({line});
    }
    require_readable(*client);
    require(client->host.closes.size() <= 1);
    for (const fakes::FakeHost::Publish& publish : client->host.publishes) require(!publish.topic.empty());
    for (const std::string& audience : client->host.audiences) {
      proto::for_each_member(audience, [](proto::Sign, std::string_view member) {
        require(member.starts_with("$room/") || member.starts_with("$sid/"));
      });
    }
  }
  return 0;
}
