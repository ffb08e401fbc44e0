// SPDX-License-Identifier: Apache-2.0
// The files of this folder, and the Socket.IO client's scripts, as they stand in the binary. The tables are generated
// by cmake/embed.cmake. Thread: any; everything is constant and lives as long as the program.
#pragma once

#include <span>
#include <string_view>

namespace broker::web {

struct File {
  std::string_view path;  // of the URL: "/" or "/kodama.js"
  std::string_view content_type;
  std::string_view bytes;
};

[[nodiscard]] std::span<const File> files();

struct Script {
  std::string_view name;  // "socket.io.js"
  std::string_view content_type;
  std::string_view gzip;  // its bytes, compressed (RFC 1952): a quarter of the size
};

[[nodiscard]] std::span<const Script> socketio_scripts();
[[nodiscard]] std::string_view socketio_version();  // of the package they are from: "4.8.1"

}  // namespace broker::web
