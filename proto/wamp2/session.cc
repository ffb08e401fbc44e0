// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp2/session.h"

#include <absl/strings/escaping.h>

#include <algorithm>
#include <cstring>

#include "proto/audience.h"
#include "proto/notation.h"
#include "proto/wamp2/answer.h"
#include "proto/wamp2/event.h"
#include "proto/wamp2/uri.h"

namespace proto::wamp2 {
namespace {

constexpr std::uint16_t generation_max = 0x1FF;
constexpr Tag unacknowledged = Tag{1} << 63;

// Random, of the host's 15 unguessable bytes; all ids are equally likely.
std::uint64_t new_session_id(Host& host) {
  const std::string secret = host.make_secret();
  std::string bytes;
  std::uint64_t bits = 0;
  (void)absl::WebSafeBase64Unescape(absl::string_view(secret), &bytes);
  if (bytes.size() >= sizeof bits) std::memcpy(&bits, bytes.data() + bytes.size() - sizeof bits, sizeof bits);
  return (bits >> 11) + 1;  // 53 of them
}

std::string decimal(std::uint64_t number) {
  std::string digits;
  append_number(digits, number);
  return digits;
}

bool is_request(Code code) {
  switch (code) {
    case Code::publish:
    case Code::subscribe:
    case Code::unsubscribe:
    case Code::call:
    case Code::register_:
    case Code::unregister: return true;
    default: return false;
  }
}

}  // namespace

void Wamp2Session::on_message(DataType type, std::span<char> payload, Host& host) {
  if (type == DataType::binary) {
    return abort(uris::protocol_violation, "wamp.2.json is JSON in text frames", Reason::unsupported_data, host);
  }
  Incoming message;
  const std::optional<Fault> fault = read_message(payload, message);
  if (fault && fault->ends_session()) {
    return abort(uris::protocol_violation, fault->message, Reason::protocol_error, host);
  }
  if (message.code == Code::abort) return end(host);
  if (session_id_ == 0) {
    if (message.code == Code::hello) return open(message, host);
    return abort(uris::protocol_violation, "a session begins with HELLO", Reason::protocol_error, host);
  }
  if (is_request(message.code) && !take_request(message, host)) return;
  if (fault) return refuse(message, fault->uri, fault->message, host);
  run(message, host);
}

void Wamp2Session::open(const Incoming& message, Host& host) {
  const auto refuse = [&](std::string_view uri, std::string_view words) {
    abort(uri, words, Reason::policy_violation, host);
  };
  if (!is_loose_uri(message.uri)) return refuse(uris::invalid_uri, "the realm is no URI");
  const auto found = std::ranges::find(realms_, message.uri, &Realm::name);
  if (found == realms_.end()) return refuse(uris::no_such_realm, "there is no such realm here");
  if (!message.hello.takes_anonymous) {
    return refuse(uris::no_matching_auth_method, "the only authmethod here is anonymous");
  }
  realm_ = &*found;
  session_id_ = new_session_id(host);
  hears_revocations_ = message.hello.hears_revocations;
  last_request_ = 0;
  host.send(welcome(session_id_, realm_->name));
}

void Wamp2Session::end(Host& host) {
  for (const Subscription& each : subscriptions_) (void)host.unsubscribe(each.topic);
  subscriptions_ = std::vector<Subscription>();
  waiting_.reset();
  session_id_ = 0;
  generation_ = generation_ == generation_max ? std::uint16_t{0} : static_cast<std::uint16_t>(generation_ + 1);
}

void Wamp2Session::abort(std::string_view uri, std::string_view words, Reason reason, Host& host) {
  end(host);
  host.send(abort_message(uri, words));
  host.close(reason);
}

bool Wamp2Session::take_request(const Incoming& message, Host& host) {
  const std::uint64_t expected = last_request_ == id_max ? 1 : last_request_ + 1;
  if (message.request == expected) {
    last_request_ = expected;
    return true;
  }
  abort(uris::protocol_violation, "requests are numbered 1, 2, 3 and so on; the next was to be " + decimal(expected),
        Reason::protocol_error, host);
  return false;
}

void Wamp2Session::run(const Incoming& message, Host& host) {
  switch (message.code) {
    case Code::publish: return publish(message, host);
    case Code::subscribe: return subscribe(message, host);
    case Code::unsubscribe: return unsubscribe(message, host);
    case Code::goodbye: end(host); return host.send(goodbye_and_out());
    case Code::call: return refuse(message, uris::no_such_procedure, "this router is a broker: it has no calls", host);
    case Code::register_:
      return refuse(message, uris::not_authorized, "this router is a broker: nothing can be registered", host);
    case Code::unregister:
      return refuse(message, uris::no_such_registration, "this router is a broker: nothing is registered", host);
    case Code::cancel: return;  // its CALL has had its ERROR: there is nothing to cancel
    default: return abort(uris::protocol_violation, "there is a session already", Reason::protocol_error, host);
  }
}

// Who did not ask for an acknowledgement hears of no failure either.
void Wamp2Session::refuse(const Incoming& message, std::string_view uri, std::string_view words, Host& host) {
  if (message.code == Code::publish && !message.publish.acknowledge) return;
  host.send(error(message.code, message.request, uri, words));
}

// ---- publishing

void Wamp2Session::publish(const Incoming& message, Host& host) {
  const Answer<std::string> topic = topic_of(*realm_, message.uri);
  if (const Error* bad = std::get_if<Error>(&topic)) return refuse(message, uris::invalid_uri, bad->message, host);
  const bool acknowledge = message.publish.acknowledge;
  const std::string audience = audience_of(message.publish, std::get<std::string>(topic));
  const Publication publication{.topic = std::get<std::string>(topic),
                                .event = {},
                                .kind = message.kind,
                                .content = message.content,
                                .quiet = !acknowledge,
                                .audience = audience};
  const Tag tag = tag_of(message.request) | (acknowledge ? 0 : unacknowledged);
  if (const std::optional<Error> bad = host.publish(tag, publication)) {
    refuse(message, uri_of(*bad), bad->message, host);
  }
}

// The publisher itself is named only where it would hear the message, so that those of mere publishers, which have no
// audience, travel together.
std::string Wamp2Session::audience_of(const PublishOptions& options, std::string_view topic) const {
  std::string audience;
  if (options.disclose_me) append_member(audience, Sign::publisher, member());
  if (options.exclude_me && subscribes_to(topic)) {
    append_member(audience, Sign::topic_except, member());
  }
  for (const std::uint64_t session : options.exclude) append_member(audience, Sign::topic_except, decimal(session));
  if (!options.for_anonymous || (options.eligible && options.eligible->empty())) {
    append_member(audience, Sign::topic_to, "");  // nobody's
  } else if (options.eligible) {
    for (const std::uint64_t session : *options.eligible) append_member(audience, Sign::topic_to, decimal(session));
  }
  return audience;
}

void Wamp2Session::on_published(Tag tag, const Answer<Published>& answer, Host& host) {
  if ((tag & unacknowledged) != 0 || !is_current(tag)) return;
  const std::uint64_t request = tag & request_bits;
  if (const Error* bad = std::get_if<Error>(&answer)) {
    return host.send(error(Code::publish, request, uri_of(*bad), bad->message));
  }
  const Published& published = std::get<Published>(answer);
  host.send(acknowledgement(Code::published, request, publication_id(published.epoch, published.offset)));
}

// ---- what all share

const WireFormat* Wamp2Session::wire_format() const { return &event_format; }

Tag Wamp2Session::tag_of(std::uint64_t request) const { return Tag{generation_} << generation_shift | request; }

bool Wamp2Session::is_current(Tag tag) const {
  return session_id_ != 0 && (tag >> generation_shift & generation_max) == generation_;
}

std::string Wamp2Session::member() const { return decimal(session_id_); }

std::size_t Wamp2Session::held_bytes() const {
  const std::size_t waiting = waiting_ == nullptr ? 0 : sizeof(Wish) + waiting_->retained.capacity();
  return subscriptions_.capacity() * sizeof(Subscription) + waiting;
}

}  // namespace proto::wamp2
