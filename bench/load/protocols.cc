// SPDX-License-Identifier: Apache-2.0
#include "bench/load/protocols.h"

#include <cstdint>

#include "bench/load/native.h"
#include "bench/load/protocol.h"
#include "bench/load/raw.h"
#include "bench/load/sse.h"
#include "bench/load/wamp.h"
#if __has_include("bench/load/nats.h")
#include "bench/load/nats.h"
#endif
#if __has_include("bench/load/mqtt.h")
#include "bench/load/mqtt.h"
#endif
#if __has_include("bench/load/nchan.h")
#include "bench/load/nchan.h"
#endif
#if __has_include("bench/load/socketio.h")
#include "bench/load/socketio.h"
#include "bench/load/socketio_polling.h"
#endif
#if __has_include("bench/load/centrifuge.h")
#include "bench/load/centrifuge.h"
#endif

namespace bench::load {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Protocol> (*make)(const ProtocolOptions&);
  std::size_t publisher_topics_max;
};

constexpr Entry entries[] = {
    {"raw", make_raw, 1},
    {"native", make_native, SIZE_MAX},
    {"sse", make_sse, SIZE_MAX},
    {"wamp", make_wamp, SIZE_MAX},
#if __has_include("bench/load/nats.h")
    {"nats", make_nats, SIZE_MAX},
#endif
#if __has_include("bench/load/mqtt.h")
    {"mqtt", make_mqtt, SIZE_MAX},
#endif
#if __has_include("bench/load/nchan.h")
    {"nchan", make_nchan, SIZE_MAX},
#endif
#if __has_include("bench/load/socketio.h")
    {"socketio", make_socketio, SIZE_MAX},
    {"socketio-polling", make_socketio_polling, SIZE_MAX},
#endif
#if __has_include("bench/load/centrifuge.h")
    {"centrifuge", make_centrifuge, SIZE_MAX},
#endif
};

const Entry* find(std::string_view name) {
  for (const Entry& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<Protocol> make_protocol(std::string_view name, const ProtocolOptions& options) {
  const Entry* entry = find(name);
  return entry ? entry->make(options) : nullptr;
}

std::size_t publisher_topics_max(std::string_view name) {
  const Entry* entry = find(name);
  return entry ? entry->publisher_topics_max : 0;
}

std::string protocol_names() {
  std::string names;
  for (const Entry& entry : entries) {
    if (!names.empty()) names += ", ";
    names += entry.name;
  }
  return names;
}

}  // namespace bench::load
