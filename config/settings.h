// SPDX-License-Identifier: Apache-2.0
// What an operator may set, as the program uses it. The keys, their defaults and ranges are rows of config/table.cc; a
// default-constructed Settings holds the table's defaults. Passed around as const; nobody looks it up.
// Thread: any; a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/address.h"
#include "config/topic_pattern.h"

namespace config {

enum class Overflow : std::uint8_t { disconnect, drop_oldest };
enum class LogLevel : std::uint8_t { debug, info, warn, error };
enum class LogFormat : std::uint8_t { text, json };
enum class Preset : std::uint8_t { none, socketio_chat };  // see config/preset.h

struct Listen {
  std::optional<Address> http;  // none: off; so for all three
  std::optional<Address> https;
  std::optional<Address> admin;
  bool allow_remote_dev = false;
};

struct Tls {
  std::string certificate;  // paths of PEM files; empty: none
  std::string key;
};

struct Access {
  std::string key_file;                        // see config/keys.h
  std::vector<std::string> origins;            // as browsers send them; "*" is any
  std::vector<TopicPattern> client_publish;    // what clients may publish to where dev is off
  std::vector<TopicPattern> client_subscribe;  // what they may subscribe to and read, likewise
};

struct Limits {
  std::uint64_t message_bytes = 0;
  std::uint64_t queue_bytes = 0;
  std::uint64_t memory = 0;               // 0: half of what the machine or the container has
  std::uint32_t shard_connections = 0;    // 0: any number
  std::uint32_t address_connections = 0;  // 0: any number
  std::uint32_t topics = 0;               // of all shards together
  std::uint32_t subscriptions = 0;        // of one connection
  std::uint32_t websocket_rate = 0;       // a second; 0: as fast as it can
  std::uint32_t http_rate = 0;            // a second; 0: as fast as it can
};

struct Queue {
  Overflow overflow = Overflow::disconnect;
};

// The topics' logs.
struct Log {
  std::uint32_t messages = 0;
  std::chrono::milliseconds age{0};
  std::uint64_t bytes = 0;
};

// The program's own log.
struct Logging {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
};

struct Drain {
  std::chrono::milliseconds duration{0};
};

struct WebSocket {
  std::chrono::milliseconds ping_interval{0};
  std::chrono::milliseconds ping_timeout{0};
  bool compression = false;
  std::uint64_t compress_above = 0;  // bytes of a message
  std::uint64_t window_bytes = 0;    // of all publishers of a shard
};

struct Timeouts {
  std::chrono::milliseconds head{0};
  std::chrono::milliseconds handshake{0};
  std::chrono::milliseconds body{0};
  std::chrono::milliseconds idle{0};
};

struct StaticFiles {
  std::string dir;  // empty: none
};

struct Settings {
  Settings();

  Listen listen;
  Tls tls;
  std::uint32_t shards = 0;  // 0: one a core
  bool dev = false;
  Preset preset = Preset::none;
  Access access;
  Limits limits;
  Queue queue;
  Log log;
  Logging logging;
  Drain drain;
  WebSocket websocket;
  Timeouts timeouts;
  StaticFiles static_files;
};

}  // namespace config
