// SPDX-License-Identifier: Apache-2.0
// What is spoken. A new dialect is a folder in proto/ and one line here; its place is its number in the metrics.
// Thread: any; constant once made. Owns: the dialects. Borrows: files and rules.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "config/limits.h"
#include "config/settings.h"
#include "proto/files/dialect.h"
#include "proto/native/dialect.h"
#include "proto/raw/dialect.h"
#include "proto/rest/dialect.h"
#include "proto/socketio/dialect.h"
#include "proto/sse/dialect.h"
#include "proto/wamp1/dialect.h"
#include "proto/wamp2/dialect.h"

namespace broker {

class Dialects {
 public:
  Dialects(std::vector<proto::files::File> files, const proto::socketio::Rules& rules,
           std::vector<proto::wamp2::Realm> realms, const config::Settings& settings) {
    add<proto::rest::RestDialect>();
    add<proto::raw::RawDialect>();
    add<proto::native::NativeDialect>();
    add<proto::wamp2::Wamp2Dialect>(std::move(realms));
    add<proto::wamp1::Wamp1Dialect>();
    add<proto::sse::SseDialect>();
    add<proto::socketio::SocketioDialect>(
        rules, proto::socketio::SessionLimits{.namespaces_max = config::limits::namespaces_max,
                                              .rooms_max = config::limits::rooms_max,
                                              .data_bytes_max = config::limits::socket_data_bytes_max,
                                              .message_bytes_max = settings.limits.message_bytes});
    add<proto::files::FilesDialect>(std::move(files));
  }
  [[nodiscard]] std::span<const proto::Dialect* const> list() const { return list_; }

 private:
  template <class Dialect, class... Arguments>
  void add(Arguments&&... arguments) {
    owned_.push_back(std::make_unique<Dialect>(std::forward<Arguments>(arguments)...));
    list_.push_back(owned_.back().get());
  }
  std::vector<std::unique_ptr<const proto::Dialect>> owned_;
  std::vector<const proto::Dialect*> list_;
};

}  // namespace broker
