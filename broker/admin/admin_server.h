// SPDX-License-Identifier: Apache-2.0
// The admin port: CivetWeb on threads of its own around Pages, so that it answers when a shard is stuck.
// Thread: start() and destruction the same one; requests are answered by CivetWeb's threads, which take no signals.
// Borrows: what Subject names, until destruction.
// Errors: start() gives a sentence with the cause when the address cannot be listened on.
// Limits: server_threads requests at a time, heads of head_bytes_max, request_time for one to come in.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "broker/admin/pages.h"
#include "config/address.h"

struct mg_callbacks;
struct mg_connection;
struct mg_context;

namespace broker::admin {

class Relay;

struct AdminOptions {
  config::Address address;
  std::vector<std::string> keys;  // empty: /metrics is open
  LabelNames labels;
  std::string version;
};

class AdminServer {
 public:
  using Started = std::variant<std::unique_ptr<AdminServer>, std::string>;
  [[nodiscard]] static Started start(const AdminOptions&, const Subject&);

  // Takes no more requests, answers those that have begun, and ends the threads.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // With the port that was taken when any was asked for.
  [[nodiscard]] const config::Address& address() const { return address_; }
  // Any thread. Empty: /metrics is open.
  void set_keys(std::vector<std::string> keys) { pages_.set_keys(std::move(keys)); }

 private:
  AdminServer(const AdminOptions&, const Subject&);
  [[nodiscard]] std::string listen();  // what is wrong; empty: nothing
  [[nodiscard]] std::string start_civetweb(const config::Address&);
  static int on_request(mg_connection*);
  static int on_error(mg_connection*, int status, const char* message);
  static int on_log(const mg_connection*, const char* message);

  config::Address address_;
  config::Address civetweb_address_;  // the same, or loopback behind the relay
  Pages pages_;
  std::mutex log_mutex_;
  std::string first_log_;  // the first line that CivetWeb logged: the cause when it does not start
  mg_context* civetweb_ = nullptr;
  std::unique_ptr<Relay> relay_;
};

}  // namespace broker::admin
