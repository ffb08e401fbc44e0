// SPDX-License-Identifier: Apache-2.0
#include "bench/load/mqtt.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/load/whole_messages.h"

namespace bench::load {
namespace {

// The first byte of a packet: type and, where the standard fixes them, flags (MQTT 3.1.1, 2.2).
enum PacketHead : std::uint8_t {
  connect = 0x10,
  connack = 0x20,
  publish_qos0 = 0x30,
  subscribe = 0x82,
  suback = 0x90,
};
constexpr std::uint8_t flag_clean_session = 0x02;  // 3.1.2.4
constexpr std::uint8_t suback_failure = 0x80;      // 3.9.3
constexpr std::size_t length_bytes_max = 4;        // 2.2.3
constexpr std::size_t packet_id_bytes = 2;

std::uint8_t byte_at(std::string_view in, std::size_t i) { return static_cast<std::uint8_t>(in[i]); }

void append_byte(std::size_t value, std::string& out) { out += static_cast<char>(value & 0xff); }

void append_u16(std::size_t value, std::string& out) {
  append_byte(value >> 8, out);
  append_byte(value, out);
}

void append_string(std::string_view text, std::string& out) {
  append_u16(text.size(), out);
  out += text;
}

// Seven bits a byte, the lowest first (2.2.3).
void append_length(std::size_t length, std::string& out) {
  for (; length > 0x7f; length >>= 7) {
    append_byte(length | 0x80, out);
  }
  append_byte(length, out);
}

class Mqtt final : public Protocol {
 public:
  explicit Mqtt(const ProtocolOptions& options) : options_(options) {}

  // CONNECT and SUBSCRIBE go out together: 3.1.4 allows packets right after CONNECT.
  void start(std::string& out) override {
    std::string body;
    append_string("MQTT", body);
    append_byte(4, body);  // protocol level 3.1.1
    append_byte(flag_clean_session, body);
    append_u16(0, body);      // no keep-alive
    append_string("", body);  // the broker names the client
    append_packet(PacketHead::connect, body, out);
    if (options_.role == Role::publisher) {
      return;
    }
    body.clear();
    append_u16(1, body);  // packet identifier
    for (const std::string& topic : options_.topics) {
      append_string(topic, body);
      append_byte(0, body);  // QoS 0
    }
    append_packet(PacketHead::subscribe, body, out);
  }

  bool on_bytes(std::span<const char> bytes, Sink& sink, std::string& /*out*/) override {
    return messages_.feed(bytes, [&](std::string_view in) { return parse(in, sink); });
  }

  bool ready() const override { return ready_; }

  void publish(std::size_t topic, std::string_view payload, std::string& out) override {
    const std::string& name = options_.topics[topic];
    append_byte(PacketHead::publish_qos0, out);
    append_length(2 + name.size() + payload.size(), out);
    append_string(name, out);
    out += payload;
  }

 private:
  static void append_packet(PacketHead head, std::string_view body, std::string& out) {
    append_byte(head, out);
    append_length(body.size(), out);
    out += body;
  }

  std::ptrdiff_t parse(std::string_view in, Sink& sink) {
    std::size_t length = 0;
    std::size_t at = 1;
    for (;; ++at) {
      if (at > length_bytes_max) {
        fail("mqtt: a remaining length of more than four bytes");
        return -1;
      }
      if (at >= in.size()) {
        return 0;
      }
      const std::size_t digit = byte_at(in, at);
      length |= (digit & 0x7f) << (7 * (at - 1));
      if (digit < 0x80) {
        break;
      }
    }
    const std::size_t head = at + 1;
    if (in.size() < head + length) {
      return 0;
    }
    if (!on_packet(byte_at(in, 0), in.substr(head, length), sink)) {
      return -1;
    }
    return static_cast<std::ptrdiff_t>(head + length);
  }

  bool on_packet(std::uint8_t head, std::string_view body, Sink& sink) {
    switch (head) {
      case PacketHead::publish_qos0: {
        const std::size_t name = body.size() < 2 ? 0 : (byte_at(body, 0) * 256u + byte_at(body, 1));
        if (body.size() < 2 + name) {
          return fail("mqtt: a PUBLISH that ends within its topic");
        }
        sink.on_payload(body.substr(2 + name));
        return true;
      }
      case PacketHead::connack:
        if (body.size() != 2 || body[1] != 0) {
          return fail("mqtt: the connection is refused");
        }
        ready_ = options_.role == Role::publisher;
        return true;
      case PacketHead::suback:
        if (body.size() != packet_id_bytes + options_.topics.size() ||
            body.find(static_cast<char>(suback_failure), packet_id_bytes) != std::string_view::npos) {
          return fail("mqtt: the subscription is refused");
        }
        ready_ = true;
        return true;
      default: return fail("mqtt: an unexpected packet, its first byte is " + std::to_string(head));
    }
  }

  ProtocolOptions options_;
  WholeMessages messages_;
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<Protocol> make_mqtt(const ProtocolOptions& options) { return std::make_unique<Mqtt>(options); }

}  // namespace bench::load
