// SPDX-License-Identifier: Apache-2.0
// What is in force: the settings and what stands in the files that they name. Opened as a whole or not at all, at the
// start and at each reload, and then handed to the shards, which copy what they use.
// Thread: opened on main's, where it blocks on the disk; then immutable, any. Owns: all of it.
// Errors: mistakes, told as check-config tells them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/net/tls_identity.h"
#include "broker/shard/access.h"
#include "config/load.h"

namespace broker::shard {

struct Configuration {
  config::Settings settings;
  std::vector<std::string> keys;  // of access.key_file
  Access access;
  std::unique_ptr<const net::TlsIdentity> identity;  // null where listen.https is off
  std::string certificate;                           // for the operator: where it is, or that it is self-signed
  std::string warning;                               // a certificate that is not valid now; or empty
};

struct Opened {
  std::unique_ptr<const Configuration> configuration;  // null where there are mistakes
  config::Mistakes mistakes;
  bool files_at_fault = false;  // the settings are right; what they name cannot be used
};

// Requires: `loaded` has no mistakes. In dev without tls.certificate, makes a certificate or finds the one it made.
[[nodiscard]] Opened open_configuration(config::Loaded loaded, std::chrono::system_clock::time_point now);

// Adds what is wrong with certificate and key to the mistakes, as far as they can be read. Makes none.
void check_certificate(config::Loaded& loaded, std::chrono::system_clock::time_point now);

}  // namespace broker::shard
