// SPDX-License-Identifier: Apache-2.0
// What a shard lends to its clients, and the lists on which they enter themselves for the shard to see to later in the
// turn: nothing a client does calls into another one.
// Thread: the shard. Owns: the lists only.
#pragma once

#include <vector>

#include "broker/base/log.h"
#include "broker/base/metrics.h"
#include "broker/base/timer_wheel.h"
#include "broker/net/connection.h"
#include "broker/shard/access.h"
#include "broker/shard/admission.h"
#include "broker/shard/compressed_input.h"
#include "broker/shard/configuration.h"
#include "broker/shard/dedupe_table.h"
#include "broker/shard/departures.h"
#include "broker/shard/memory.h"
#include "broker/shard/router.h"
#include "broker/shard/session_keeper.h"
#include "broker/shard/session_observer.h"
#include "broker/shard/sessions.h"
#include "broker/shard/stories.h"
#include "broker/shard/throttle.h"
#include "config/limits.h"
#include "config/settings.h"
#include "proto/http/limits.h"
#include "proto/http/router.h"
#include "proto/websocket/decoder.h"
#include "proto/websocket/inflater.h"

namespace broker::shard {

class Subscriber;

// What the program tells every shard. Each has a copy of its own, of which a reload replaces settings and access.
struct Common {
  config::Settings settings;
  Access access;
  std::span<const proto::Dialect* const> dialects;
  const proto::http::Router& routes;
  const topics::Groups& groups;
  proto::http::Limits http_limits;
  Admission::Options admission = {};
  std::uint64_t memory_bytes = INT64_MAX;        // of each shard
  net::BlockCipher::Key session_key = {};        // of all shards
  std::span<const std::string> namespaces = {};  // of Socket.IO, as the metrics number them
};

[[nodiscard]] inline proto::websocket::DeflaterOptions compression(const config::Settings& settings) {
  return {.payload_bytes_min = settings.websocket.compress_above,
          .payload_bytes_max = config::limits::deflate_bytes_max};
}

struct Services final : net::ConnectionServices {
  Services(io::Ring& r, const Common& c, ShardIndex index, const Now& n, base::TimerWheel& t, Memory& mem, Router& ro,
           Post& p, ClientTable& cl, base::ShardMetrics& m, base::LogSink& l)
      : ConnectionServices(r),
        common(c),
        shard(index),
        now(n),
        timers(t),
        memory(mem),
        router(ro),
        post(p),
        clients(cl),
        metrics(m),
        log(l),
        admission(c.admission, r.slots(), common.settings.limits, cl, mem, m),
        throttle(t, n),
        departures(m, n),
        stories(l, n),
        decoder(fresh_decoder(c.settings)),
        inflater(c.settings.limits.message_bytes),
        windows(c.settings.websocket.window_bytes, m.deflate_window_bytes),
        sessions(*this, c.session_key),
        keeper(*this),
        dedupes(*this),
        observer(c.namespaces, m, l),
        session_services{keeper, dedupes, observer},
        socketio_dialect(index_of(c.dialects, "socketio")) {}

  [[nodiscard]] static std::uint8_t index_of(std::span<const proto::Dialect* const> dialects, std::string_view name) {
    std::uint8_t index = 0;
    while (index + 1U < dialects.size() && dialects[index]->name() != name) ++index;
    return index;
  }

  [[nodiscard]] static proto::websocket::Decoder fresh_decoder(const config::Settings& settings) {
    return proto::websocket::Decoder(
        {.message_bytes_max = settings.limits.message_bytes, .fragments_max = config::limits::fragments_max});
  }
  // Between two turns: no session is on the stack, and the decoder holds nothing. A wait that has begun, and a message
  // that has begun to come, go by the old bound to their end.
  void adopt(const Configuration& next) {
    common.settings = next.settings;
    common.access = next.access;
    decoder = fresh_decoder(next.settings);
    inflater.set_message_bytes_max(next.settings.limits.message_bytes);
  }

  void on_handshake_due(net::Connection& connection) noexcept override { handshakes.push_back(&connection); }

  void on_behind(net::Connection& connection) noexcept override { behind.push_back(&connection); }

  Common common;
  const ShardIndex shard;
  const Now& now;
  base::TimerWheel& timers;
  Memory& memory;
  Router& router;
  Post& post;
  ClientTable& clients;
  base::ShardMetrics& metrics;
  base::LogSink& log;
  Admission admission;
  Throttle throttle;
  Departures departures;
  Stories stories;
  proto::websocket::Decoder decoder;    // for every client that is not in the middle of a message
  proto::websocket::Inflater inflater;  // for every client's message, one at a time
  WindowBudget windows;
  Sessions sessions;
  SessionKeeper keeper;
  DedupeTable dedupes;
  SessionObserver observer;
  proto::socketio::Services session_services;
  const std::uint8_t socketio_dialect;  // in the metrics
  bool draining = false;

  std::vector<Subscriber*> dirty;            // something to send, or room that may have come
  std::vector<Subscriber*> blocked;          // stopped reading: the mailbox to a home is full
  std::vector<net::Connection*> handshakes;  // a step is due
  std::vector<net::Connection*> behind;      // input waits for its turn
  std::vector<ClientId> dead;                // to be destroyed at the turn's end
};

}  // namespace broker::shard
