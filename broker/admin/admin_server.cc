// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/admin_server.h"

#include <civetweb.h>
#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <future>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "broker/admin/relay.h"
#include "broker/base/check.h"
#include "broker/base/owned_fd.h"
#include "broker/base/signals_blocked.h"
#include "broker/base/strings.h"
#include "config/limits.h"

namespace broker::admin {
namespace {

// A thread serves one connection at a time, also while the client is silent: enough of them that a few silent ones do
// not keep a probe waiting, and short times.
constexpr const char* server_threads = "8";
constexpr const char* request_time_ms = "3000";
constexpr const char* keep_alive_time_ms = "500";
constexpr const char* head_bytes_max = "8192";

// RFC 9110 §5.6.7. CivetWeb would write it too, but through gmtime(), whose result its threads share.
std::string date_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

enum class After : std::uint8_t { keep, close };

void send(mg_connection* connection, const Answer& answer, std::string_view body, After after) {
  std::string text = absl::StrFormat(
      "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nCache-Control: no-store\r\n",
      answer.status, mg_get_response_code_text(connection, answer.status), date_now(), answer.content_type,
      answer.body.size());
  if (!answer.extra_header_name.empty()) {
    absl::StrAppendFormat(&text, "%s: %s\r\n", answer.extra_header_name, answer.extra_header_value);
  }
  if (after == After::close) {
    mg_disable_keep_alive(connection);
    text += "Connection: close\r\n";
  }
  text += "\r\n";
  text += body;
  mg_write(connection, text.data(), text.size());
}

void connect_once(const config::Address& address) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) return;
  const base::OwnedFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  [[maybe_unused]] const int result = ::connect(fd.get(), found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
}

// Of its body, when all of it has come; it is not read when it is larger than it may be.
struct Body {
  std::string bytes;
  bool too_large = false;
};

std::optional<Body> read_body(mg_connection* connection, long long announced) {
  constexpr std::size_t most = config::limits::admin_body_bytes_max;
  Body body;
  body.too_large = announced > static_cast<long long>(most);
  if (body.too_large) return body;
  std::array<char, most + 1> piece;
  for (;;) {
    const int got = mg_read(connection, piece.data(), piece.size());
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    body.bytes.append(piece.data(), static_cast<std::size_t>(got));
    body.too_large = body.bytes.size() > most;
    if (body.too_large) return body;
  }
  if (announced > 0 && body.bytes.size() < static_cast<std::size_t>(announced)) return std::nullopt;
  return body;
}

std::string_view view(const char* text) { return text == nullptr ? std::string_view() : std::string_view(text); }

}  // namespace

AdminServer::AdminServer(const AdminOptions& options, const Subject& subject)
    : address_(options.address), pages_(subject, options.labels, options.version, options.keys) {
  mg_init_library(0);
}

AdminServer::Started AdminServer::start(const AdminOptions& options, const Subject& subject) {
  std::unique_ptr<AdminServer> server(new AdminServer(options, subject));
  std::string wrong = server->listen();
  if (!wrong.empty()) return absl::StrCat("the admin port cannot be opened: ", wrong);
  return server;
}

// CivetWeb looks whether it shall stop when its wait for a connection ends, every two seconds; one more ends that wait.
AdminServer::~AdminServer() {
  relay_.reset();
  if (civetweb_ != nullptr) {
    const auto stopped = std::async(std::launch::async, &mg_stop, civetweb_);
    while (stopped.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) {
      connect_once(civetweb_address_);
    }
  }
  mg_exit_library();
}

// Debian's CivetWeb is built without IPv6: it listens on loopback then, and a relay carries the bytes to it.
std::string AdminServer::listen() {
  const base::SignalsBlocked blocked;
  if (!address_.ipv6() || mg_check_feature(MG_FEATURES_IPV6) != 0) {
    std::string wrong = start_civetweb(address_);
    address_.port = civetweb_address_.port;
    return wrong;
  }
  auto opened = Relay::open(address_);
  if (const auto* wrong = std::get_if<std::string>(&opened)) return *wrong;
  relay_ = std::move(std::get<std::unique_ptr<Relay>>(opened));
  address_.port = relay_->port();
  std::string wrong = start_civetweb({.host = "127.0.0.1", .port = 0});
  if (wrong.empty()) relay_->start(civetweb_address_.port);
  return wrong;
}

std::string AdminServer::start_civetweb(const config::Address& address) {
  const std::string listening = config::format(address);
  const char* options[] = {"listening_ports",
                           listening.c_str(),
                           "num_threads",
                           server_threads,
                           "request_timeout_ms",
                           request_time_ms,
                           "enable_keep_alive",
                           "yes",
                           "keep_alive_timeout_ms",
                           keep_alive_time_ms,
                           "max_request_size",
                           head_bytes_max,
                           "enable_directory_listing",
                           "no",
                           nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = &AdminServer::on_request;
  callbacks.http_error = &AdminServer::on_error;
  callbacks.log_message = &AdminServer::on_log;
  civetweb_ = mg_start(&callbacks, this, options);
  if (civetweb_ == nullptr) {
    const std::lock_guard lock(log_mutex_);
    return first_log_.empty() ? absl::StrCat("CivetWeb did not start on ", listening) : first_log_;
  }
  mg_server_port taken{};
  KODAMA_CHECK(mg_get_server_ports(civetweb_, 1, &taken) == 1);
  civetweb_address_ = {.host = address.host, .port = static_cast<std::uint16_t>(taken.port)};
  return {};
}

int AdminServer::on_request(mg_connection* connection) {
  const mg_request_info* info = mg_get_request_info(connection);
  auto& server = *static_cast<AdminServer*>(info->user_data);
  const std::string_view method = view(info->request_method);
  const std::optional<Body> body = method == "POST" ? read_body(connection, info->content_length) : Body();
  if (!body) {
    const Answer answer = error_answer(400, "the body has not come");
    send(connection, answer, answer.body, After::close);
    return answer.status;
  }
  const Request request{.method = method,
                        .path = view(info->local_uri),
                        .authorization = view(mg_get_header(connection, "Authorization")),
                        .query = view(info->query_string),
                        .body = body->bytes,
                        .body_too_large = body->too_large,
                        .by_page = mg_get_header(connection, "Origin") != nullptr};
  const Answer answer = server.pages_.answer(request, Health::Clock::now());
  // Of what may stand in Connection, only keep-alive is no reason to close; `upgrade` is not spoken here.
  const std::string_view wish = view(mg_get_header(connection, "Connection"));
  const bool keep = !body->too_large && view(info->http_version) == "1.1" &&
                    (wish.empty() || absl::EqualsIgnoreCase(base::to_absl(wish), "keep-alive"));
  const bool head_only = request.method == "HEAD";
  send(connection, answer, head_only ? std::string_view() : answer.body, keep ? After::keep : After::close);
  return answer.status;  // not 0: it is answered
}

// What CivetWeb itself refuses: a malformed head, one that is too large or too slow.
int AdminServer::on_error(mg_connection* connection, int status, const char*) {
  const Answer answer = error_answer(status, "the request was not understood");
  send(connection, answer, answer.body, After::close);
  return 0;
}

// Of several lines about a failed start the first is the cause. What is logged later is about single connections, and
// of no interest.
int AdminServer::on_log(const mg_connection* connection, const char* message) {
  mg_context* context = connection == nullptr ? nullptr : mg_get_context(connection);
  auto* server = context == nullptr ? nullptr : static_cast<AdminServer*>(mg_get_user_data(context));
  if (server != nullptr) {
    const std::lock_guard lock(server->log_mutex_);
    if (server->first_log_.empty()) server->first_log_ = message;
  }
  return 1;  // do not print it
}

}  // namespace broker::admin
