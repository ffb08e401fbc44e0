// SPDX-License-Identifier: Apache-2.0
// The certificate that a broker without configuration serves https with: made on the first start and kept, so that a
// browser asks about it once.
// Thread: any; blocks on the disk. Two processes that start at once are put in order by a lock on the directory.
// Errors: a sentence with path and cause.
#pragma once

#include <chrono>
#include <string>

namespace broker::net {

struct SelfSigned {
  std::string certificate_path;
  std::string key_path;     // mode 0600
  std::string fingerprint;  // SHA-256, as browsers show it
  bool made = false;        // now; false: found and still good
  std::string error;        // empty: all is well
};

// ECDSA P-256 for localhost, 127.0.0.1 and ::1, valid for 397 days. What is in the directory is used again if
// certificate and key belong together, cover those names and stay valid for a month more; otherwise it is replaced.
[[nodiscard]] SelfSigned keep_self_signed(const std::string& directory, std::chrono::system_clock::time_point now);

// Where such things belong: $XDG_STATE_HOME/kodama, or ~/.local/state/kodama. Takes the two variables, null if not set;
// empty when neither helps.
[[nodiscard]] std::string state_directory(const char* xdg_state_home, const char* home);

}  // namespace broker::net
