// SPDX-License-Identifier: Apache-2.0
// Socket.IO on an Engine.IO session: its sockets, one for each namespace that the client has connected to; the rules
// are carried out on their events.
//
//   CONNECT → refuse rules → [Keeper::take → subscribe behind the offset → what was missed →] answer → on_connect
//   event → rule, checks, rate → [Dedupes::ask →] steps → what they publish is acknowledged → ack
//
// Thread: see EngineSession. Owns: the sockets, and an event whose attachments are still to come.
// Errors: what no client of the reference would say closes the session; what a rule refuses is counted and passed over.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/socketio/assembler.h"
#include "proto/socketio/content.h"
#include "proto/socketio/engine_session.h"
#include "proto/socketio/run_rules.h"
#include "proto/socketio/socket.h"

namespace proto::socketio {

class SocketSession final : public EngineSession {
 public:
  SocketSession(const EndpointRules& endpoint, Services& services, NewSession&& made);

  void on_published(Tag tag, const Answer<Published>& answer, Host& host) override;
  void on_subscribed(Tag tag, std::string_view topic, const Answer<Subscribed>& answer, Host& host) override;
  void on_live(std::string_view topic, Host& host) override;
  void on_log(Tag tag, const Answer<LogPage>& answer, Host& host) override;
  void on_kept(Tag tag, std::optional<KeptSocket>&& kept, Host& host) override;
  void on_deduped(Tag tag, bool repeated, Host& host) override;
  void on_end(Reason reason, Host& host) override;
  [[nodiscard]] const WireFormat* wire_format() const override;
  [[nodiscard]] const WireFormat* wire_format_of(std::string_view topic) const override;
  [[nodiscard]] std::size_t held_bytes() const override;
  [[nodiscard]] bool may_move() const override;

  void list_sockets(const std::function<void(const SocketInfo&)>& with_socket) const override;
  bool join(std::string_view nsp, std::string_view sid, std::string_view room, Host& host) override;
  bool leave(std::string_view nsp, std::string_view sid, std::string_view room, Host& host) override;
  bool disconnect(std::string_view nsp, std::string_view sid, Host& host) override;

 private:
  // What steps have come to.
  struct Done {
    std::uint32_t publishes = 0;    // whose answers are awaited
    bool published = false;         // anything
    std::string_view refused = {};  // why the last of them was not done, and no acknowledgement is sent
    bool left = false;              // the socket is gone
  };
  // Where steps stand.
  struct Occasion {
    const EventRule* rule = nullptr;  // none: on_connect, on_disconnect, an answer
    std::uint32_t number = 0;         // of the acknowledgement that waits for what they publish; 0: none does
    std::optional<StreamPosition> connected_at = std::nullopt;  // run_on_connect's
  };

  // socket_session.cc
  void on_opened(Host& host) override;
  void on_text(std::span<char> text, Host& host) override;
  void on_binary(std::string_view bytes, Host& host) override;
  [[nodiscard]] std::optional<std::int64_t> deadline() const override;
  void on_deadline(Host& host) override;
  void dispatch(const Packet& packet, std::span<const std::string> attachments, Host& host);
  [[nodiscard]] Socket* find(std::string_view nsp);
  [[nodiscard]] Socket* find_by(Tag tag);  // of a question
  [[nodiscard]] Socket* find_connected(std::string_view nsp, std::string_view sid);
  [[nodiscard]] Known known_of(const Socket& socket, const Host& host) const;

  // socket_connect.cc
  void on_connect(const Packet& packet, Host& host);
  void begin(Socket& socket, const Packet& packet, Host& host);
  void subscribe(Socket& socket, const Start& start, Host& host);
  void start_anew(Socket& socket, Observer::Recovery why, Host& host);
  void welcome(Socket& socket, const Subscribed& at, Host& host);
  void resume(Socket& socket, const Subscribed& at, Host& host);
  void answer_connect(Socket& socket, Host& host);
  void run_on_connect(Socket& socket, bool recovered, const StreamPosition& at, Host& host);
  void join_all(const Socket& socket, Host& host);
  void on_disconnect(Socket& socket, Host& host);
  void forget_delayed(Socket& socket, Host& host);
  // It has left, and may not come back for what it had.
  void part_for_good(Socket& socket, Host& host);
  void kick(Socket& socket, Host& host);
  void subscribe_again(std::span<const Served> served, Host& host) override;

  // socket_events.cc
  void on_event(Socket& socket, const Packet& packet, std::span<const std::string> attachments, Host& host);
  [[nodiscard]] bool is_within_rate(Socket& socket, const EventRule& rule, Host& host);
  void delay(Socket& socket, const EventRule& rule, std::string&& key, const Packet& packet,
             std::span<const std::string> attachments, Host& host);
  void carry_out(Socket& socket, const EventRule& rule, std::string&& key, std::optional<std::uint64_t> id,
                 const Known& known, Host& host);
  void acknowledge(Socket& socket, const EventRule& rule, std::string&& key, std::optional<std::uint64_t> id,
                   Known known, const Done& done, std::uint32_t number, Host& host);
  void send_ack(const Socket& socket, std::uint64_t id, std::string_view json,
                std::span<const std::string_view> attachments, Host& host);
  [[nodiscard]] std::uint32_t next_ack_number();
  void on_answer(Socket& socket, const Packet& packet, std::span<const std::string> attachments, Host& host);

  // socket_steps.cc
  Done do_steps(Socket& socket, std::span<const Step> steps, const Occasion& occasion, Host& host);
  void emit_by_stream(Socket& socket, const Step& step, const Occasion& occasion, Done& done, Host& host);
  void ask(Socket& socket, const Step& step, Host& host);
  void broadcast(Socket& socket, const Step& step, const Occasion& occasion, Done& done, Host& host);
  void publish_event(Socket& socket, std::string_view topic, const Step& step, std::string_view audience,
                     const Occasion& occasion, Done& done, Host& host);
  void join_room(Socket& socket, std::string_view room, Done& done, Host& host);
  void leave_room(Socket& socket, std::string_view room, Host& host);
  void set(Socket& socket, const Step& step, Done& done);
  void send_event(const Socket& socket, const Step& step, std::optional<std::uint64_t> id, Host& host);

  // socket_replay.cc
  void replay(Socket& socket, const Step& step, const Occasion& occasion, Done& done, Host& host);
  void read_on(Socket& socket, std::uint32_t number, Host& host);
  void end_replay(Socket& socket, std::uint32_t number, Host& host);
  [[nodiscard]] std::string write_page(const Socket& socket, const Replay& replay, const LogPage& page,
                                       const Host& host) const;

  Assembler assembler_;
  std::int64_t connect_by_ms_ = 0;  // 0: somebody has connected
  absl::InlinedVector<Socket, 1> sockets_;
  std::uint32_t last_serial_ = 0;
  std::uint32_t last_number_ = 0;  // of acknowledgements, delayed events and replays
  std::uint64_t last_ask_ = 0;
};
static_assert(sizeof(SocketSession) <= 184, "an idle session with one socket; it owns nothing else on the heap");

}  // namespace proto::socketio
