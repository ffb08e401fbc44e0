// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/endpoint_rules.h"

#include <algorithm>

#include "proto/socketio/fill.h"
#include "proto/socketio/namespace_topics.h"
#include "proto/socketio/run_rules.h"

namespace proto::socketio {
namespace {

// with_template(const Template&) for each in a rule, those inside of others too.
template <class F>
void each_template(const Template& value, F&& with_template) {
  with_template(value);
  for (const Template& item : value.items) each_template(item, with_template);
}
template <class F>
void each_template(const std::vector<Template>& values, F&& with_template) {
  for (const Template& value : values) each_template(value, with_template);
}
template <class F>
void each_template(const Guard& guard, F&& with_template) {
  for (const auto* conditions : {&guard.when, &guard.unless}) {
    for (const Condition& condition : *conditions) each_template(condition.subject, with_template);
  }
}
template <class F>
void each_template(const std::vector<Action>& actions, F&& with_template) {
  for (const Action& action : actions) {
    each_template(action.guard, with_template);
    if (action.event) each_template(*action.event, with_template);
    for (const auto* list : {&action.args, &action.to, &action.except}) each_template(*list, with_template);
    each_template(action.value, with_template);
    for (const auto& [name, value] : action.data) each_template(value, with_template);
    each_template(action.then, with_template);
  }
}
// What is looked at after the answer to the CONNECT.
template <class F>
void each_later_template(const NamespaceRules& nsp, F&& with_template) {
  for (const EventRule& rule : nsp.events) {
    each_template(rule.actions, with_template);
    if (rule.dedupe) each_template(rule.dedupe->by, with_template);
    if (rule.ack) each_template(*rule.ack, with_template);
  }
  for (const Action& action : nsp.on_connect) each_template(action.then, with_template);
  each_template(nsp.on_disconnect, with_template);
}
template <class F>
void each_template(const NamespaceRules& nsp, F&& with_template) {
  for (const ConnectRefusal& refusal : nsp.refuse) {
    each_template(refusal.guard, with_template);
    if (refusal.data) each_template(*refusal.data, with_template);
  }
  each_template(nsp.on_connect, with_template);
  each_later_template(nsp, with_template);
}

bool keeps_auth(const NamespaceRules& nsp) {
  bool found = false;
  each_later_template(nsp, [&](const Template& value) { found |= value.kind == Template::Kind::auth; });
  return found;
}

// Collects what of a request the rules name.
class RequestNames {
 public:
  RequestNames(std::vector<std::string>& query, std::vector<std::string>& headers) : query_(query), headers_(headers) {}

  void operator()(const Template& value) {
    if (value.kind == Template::Kind::query) note(query_, value.text);
    if (value.kind == Template::Kind::header) note(headers_, value.text);
  }

 private:
  static void note(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }

  std::vector<std::string>& query_;
  std::vector<std::string>& headers_;
};

}  // namespace

ServedNamespace::ServedNamespace(const NamespaceRules& of)
    : rules(of),
      stream(stream_of(of.name)),
      keeps_auth(socketio::keeps_auth(of)),
      formats{{of, Framing::websocket}, {of, Framing::websocket_base64}, {of, Framing::polling}} {}

EndpointRules::EndpointRules(const Rules& rules, const SessionLimits& limits)
    : path_(rules.path), options_(rules.options), limits_(limits) {
  RequestNames names(query_names_, header_names_);
  for (const Guard& guard : options_.refuse) each_template(guard, names);
  for (const NamespaceRules& nsp : rules.namespaces) {
    each_template(nsp, names);
    namespaces_.push_back(std::make_unique<const ServedNamespace>(nsp));
  }
}

EndpointRules::EndpointRules(const EngineEndpoint& endpoint, const SessionLimits& limits)
    : path_(endpoint.path), options_(endpoint.options), limits_(limits), plain_(&endpoint) {
  RequestNames names(query_names_, header_names_);
  for (const Guard& guard : options_.refuse) each_template(guard, names);
  each_template(endpoint.on_connect, names);
  for (const MessageRule& rule : endpoint.messages) each_template(rule.actions, names);
}

const ServedNamespace* EndpointRules::find(std::string_view nsp) const {
  const auto found = std::find_if(namespaces_.begin(), namespaces_.end(),
                                  [nsp](const auto& served) { return served->rules.name == nsp; });
  return found == namespaces_.end() ? nullptr : found->get();
}

OpeningRequest EndpointRules::opening(const http::Request& request) const {
  OpeningRequest kept;
  for (const std::string& name : query_names_) {
    if (const auto value = request.parameter(name)) kept.query.emplace_back(name, *value);
  }
  for (const std::string& name : header_names_) {
    const bool given = std::any_of(request.headers.begin(), request.headers.end(),
                                   [&](const auto& header) { return header.first == name; });
    if (given) kept.headers.emplace_back(name, request.header(name));
  }
  return kept;
}

bool EndpointRules::refuses(const OpeningRequest& opening, std::int64_t time_us) const {
  return socketio::refuses(options_, {.query = opening.query, .headers = opening.headers, .time_us = time_us});
}

std::vector<std::unique_ptr<const EndpointRules>> endpoint_rules(const Rules& rules, const SessionLimits& limits) {
  std::vector<std::unique_ptr<const EndpointRules>> made;
  made.push_back(std::make_unique<const EndpointRules>(rules, limits));
  for (const EngineEndpoint& endpoint : rules.endpoints) {
    made.push_back(std::make_unique<const EndpointRules>(endpoint, limits));
  }
  return made;
}

}  // namespace proto::socketio
