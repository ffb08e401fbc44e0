// SPDX-License-Identifier: Apache-2.0
// Publishing and reading over plain HTTP: POST and GET on /topics/{topic}, and POST /publish for a stream of messages.
// Thread: any; constant.
// Errors: what the head alone shows to be wrong is refused before the body is read.
#pragma once

#include "proto/dialect.h"

namespace proto::rest {

class RestDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "http"; }
  [[nodiscard]] std::span<const Route> routes() const override;
  [[nodiscard]] Opened<HttpSession> open_http(const http::Request&, const SessionOptions&) const override;
};

}  // namespace proto::rest
