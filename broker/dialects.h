// SPDX-License-Identifier: Apache-2.0
// What is spoken. A new dialect is a folder in proto/ and one line here; its place is its number in the metrics.
// Thread: any; constant once made. Owns: the dialects. Borrows: the files' bytes.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "proto/files/dialect.h"
#include "proto/native/dialect.h"
#include "proto/raw/dialect.h"
#include "proto/rest/dialect.h"

namespace broker {

class Dialects {
 public:
  explicit Dialects(std::vector<proto::files::File> files) {
    add<proto::rest::RestDialect>();
    add<proto::raw::RawDialect>();
    add<proto::native::NativeDialect>();
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
