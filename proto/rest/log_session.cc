// SPDX-License-Identifier: Apache-2.0
#include "proto/rest/log_session.h"

#include "proto/rest/log_page.h"
#include "proto/rest/publish_session.h"

namespace proto::rest {
namespace {

constexpr Tag only_tag = 0;

}  // namespace

void LogSession::on_body_end(HttpHost& host) {
  if (const std::optional<Error> error = host.read_log(only_tag, topic_, start_, limit_)) respond_error(host, *error);
}

void LogSession::on_log(Tag, const Answer<LogPage>& answer, Host& host) {
  if (const Error* error = std::get_if<Error>(&answer)) return respond_error(http(host), *error);
  respond_page(http(host), std::get<LogPage>(answer));
}

}  // namespace proto::rest
