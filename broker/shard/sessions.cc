// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/sessions.h"

#include <utility>

#include "broker/shard/polling_session.h"
#include "broker/shard/services.h"
#include "config/limits.h"

namespace broker::shard {

using proto::socketio::EngineError;
using proto::socketio::SessionAnswer;
using proto::socketio::SessionQuestion;

ShardIndex Sessions::ask(ClientId asker, SessionQuestion&& question) {
  const ShardIndex owner = shard_of(question.sid);
  return send(owner, asker, std::move(question));
}

ShardIndex Sessions::send(ShardIndex to, ClientId asker, SessionMail&& mail) {
  services_.post.send(to, RequestMail{.type = RequestMail::Type::session,
                                      .client = asker,
                                      .message = {},
                                      .read = {},
                                      .session = std::make_unique<SessionMail>(std::move(mail))});
  return to;
}

void Sessions::answer(const Asker& asker, SessionAnswer&& answer) {
  services_.post.send(asker.shard, DeliveryMail{.type = DeliveryMail::Type::session,
                                                .client = asker.client,
                                                .published = {},
                                                .message = {},
                                                .page = {},
                                                .session = std::make_unique<SessionAnswer>(std::move(answer))});
}

void Sessions::refuse(const Asker& asker, EngineError error) {
  answer(asker, {.kind = SessionAnswer::Kind::refused, .error = error});
}

std::string Sessions::id_of(ClientId client) { return ids_.make({.shard = services_.shard, .client = client}); }

ShardIndex Sessions::shard_of(std::string_view id) {
  const std::optional<SessionIds::Place> place = ids_.find(id);
  return place && place->shard < services_.post.shards() ? place->shard : services_.shard;
}

void Sessions::on_question(ShardIndex from, RequestMail&& mail) {
  const Asker asker{.shard = from, .client = mail.client};
  const std::unique_ptr<SessionMail> asked = std::move(mail.session);
  if (auto* question = std::get_if<SessionQuestion>(asked.get())) {
    take(asker, std::move(*question));
  } else if (auto* of_keeper = std::get_if<KeeperQuestion>(asked.get())) {
    services_.keeper.on_question(asker, std::move(*of_keeper));
  } else {
    services_.dedupes.on_question(asker, std::move(std::get<DedupeQuestion>(*asked)));
  }
}

void Sessions::take(const Asker& asker, SessionQuestion&& question) {
  using Kind = SessionQuestion::Kind;
  if (question.kind == Kind::open) return open(asker, std::move(question));
  const std::optional<SessionIds::Place> place = ids_.find(question.sid);
  Recipient* const found = place && place->shard == services_.shard ? services_.clients.find(place->client) : nullptr;
  if (found != nullptr && found->on_session_question(asker, question)) return;
  const bool waits = question.kind != Kind::gone && question.kind != Kind::body && question.kind != Kind::probing;
  if (waits) refuse(asker, EngineError::unknown_sid);
}

void Sessions::open(const Asker& asker, SessionQuestion&& question) {
  const bool full = services_.metrics.polling_sessions.value() >= config::limits::polling_sessions_max;
  if (full) services_.metrics.connections_rejected[proto::Reason::too_many_connections].add();
  if (services_.memory.refuses_newcomers()) {
    services_.metrics.connections_rejected[proto::Reason::shed_connection].add();
  }
  if (full || services_.draining || services_.memory.refuses_newcomers()) {
    return answer(asker, {.kind = SessionAnswer::Kind::busy});
  }
  const ClientId id = services_.clients.reserve();
  const std::string sid = id_of(id);
  auto session = std::make_unique<PollingSession>(
      services_, id,
      proto::socketio::open_session(*question.endpoint, services_.session_services,
                                    {.sid = sid, .request = std::move(question.opening)}),
      services_.socketio_dialect);
  PollingSession& opened = *session;
  services_.clients.put(id, std::move(session));
  opened.start(asker);
}

// What comes for somebody who is gone meanwhile: a socket is kept again, and a session ends here, as nobody else knows
// of it any more.
void Sessions::on_answer(DeliveryMail&& mail) {
  const std::unique_ptr<SessionAnswer> answer = std::move(mail.session);
  Recipient* const client = services_.clients.find(mail.client);
  if (client != nullptr && client->on_session_answer(std::move(*answer))) return;
  if (answer->socket) return services_.keeper.put_back(std::move(*answer));
  if (answer->moved == nullptr) return;
  const ClientId id = services_.clients.reserve();
  auto session =
      std::make_unique<PollingSession>(services_, id, std::move(answer->moved->session), services_.socketio_dialect);
  PollingSession& orphan = *session;
  services_.clients.put(id, std::move(session));
  orphan.adopt();
}

}  // namespace broker::shard
