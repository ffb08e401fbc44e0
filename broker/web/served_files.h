// SPDX-License-Identifier: Apache-2.0
// What browsers may load: our own page and client, the Socket.IO client, and what stands in static.dir.
// Thread: main's, at the start. Borrows: the directory's bytes.
#pragma once

#include <string_view>
#include <vector>

#include "broker/web/directory.h"
#include "config/load.h"
#include "proto/files/dialect.h"

namespace broker::web {

// The files of static.dir; none where it is not set. What is wrong becomes a mistake.
[[nodiscard]] Directory read_static(config::Loaded& loaded);

// In the order in which they count: what pages expect of a broker goes before a file of the directory. The page of dev
// mode gives way to the directory. `socketio_path` is where pages look for the Socket.IO client: "/socket.io/"; `cors`
// says which may load it, instead of access.origins, and outlives the files.
[[nodiscard]] std::vector<proto::files::File> served_files(const config::Settings&, std::string_view socketio_path,
                                                           const Directory&, const proto::http::Cors* cors = nullptr);

}  // namespace broker::web
