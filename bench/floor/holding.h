// SPDX-License-Identifier: Apache-2.0
// A floor that accepts and upgrades, and is not sent anything that it would look at: idle, accept, ping.
//
// Thread: one. Owns: the beginnings of requests.
#pragma once

#include "bench/floor/server.h"
#include "bench/floor/upgrade.h"

namespace bench::floor {

class Holding : public Server {
 public:
  using Server::Server;

 protected:
  virtual void on_upgraded(int /*slot*/) {}
  void on_left(int slot) override { upgrades_.forget(slot); }

 private:
  Buffer on_bytes(const Received& received) final {
    if (upgraded(received.slot) || !upgrades_.take(received.slot, received.bytes)) return Buffer::done;
    set_upgraded(received.slot);
    send(received.slot, switching_protocols);
    on_upgraded(received.slot);
    return Buffer::done;
  }

  Upgrades upgrades_;
};

}  // namespace bench::floor
