// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/configuration.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/str_format.h"
#include "broker/net/certificate.h"
#include "config/checks.h"
#include "config/keys.h"

namespace broker::shard {
namespace {

using Time = std::chrono::system_clock::time_point;

struct Certificate {
  net::TlsIdentity::Loaded loaded;
  std::string note;
};

Certificate unusable(std::string why) { return {{nullptr, std::move(why), {}}, {}}; }

Certificate open_certificate(const config::Settings& settings, Time now) {
  std::string certificate = settings.tls.certificate;
  std::string key = settings.tls.key;
  std::string note = certificate;
  if (certificate.empty()) {
    const std::string directory = net::state_directory(std::getenv("XDG_STATE_HOME"), std::getenv("HOME"));
    if (directory.empty())
      return unusable("no place to keep a self-signed certificate: set HOME, or tls.certificate and tls.key");
    const net::SelfSigned own = net::keep_self_signed(directory, now);
    if (!own.error.empty()) return unusable(own.error);
    certificate = own.certificate_path;
    key = own.key_path;
    note = absl::StrFormat("self-signed, %s in %s", own.made ? "made" : "kept", own.certificate_path);
  }
  return {net::TlsIdentity::load(certificate, key, now), std::move(note)};
}

// At the key whose file is at fault.
void refuse_certificate(config::Loaded& loaded, std::string error) {
  if (error.starts_with("key ")) return config::refuse(loaded, {"tls.key", "tls.certificate"}, std::move(error));
  config::refuse(loaded, {"tls.certificate", "tls.key"}, std::move(error));
}

}  // namespace

Opened open_configuration(config::Loaded loaded, Time now) {
  const config::Settings& settings = loaded.settings;
  config::AccessKeys keys;
  if (!settings.access.key_file.empty()) keys = config::load_keys(settings.access.key_file);
  if (!keys.mistakes.empty()) return {nullptr, std::move(keys.mistakes), false};
  Certificate certificate;
  if (settings.listen.https) {
    certificate = open_certificate(settings, now);
    if (!certificate.loaded.error.empty()) {
      refuse_certificate(loaded, std::move(certificate.loaded.error));
      return {nullptr, std::move(loaded.mistakes), true};
    }
  }
  Access access(settings, keys.keys);
  return {std::make_unique<const Configuration>(Configuration{.settings = std::move(loaded.settings),
                                                              .keys = std::move(keys.keys),
                                                              .access = std::move(access),
                                                              .identity = std::move(certificate.loaded.identity),
                                                              .certificate = std::move(certificate.note),
                                                              .warning = std::move(certificate.loaded.warning)}),
          {},
          false};
}

void check_certificate(config::Loaded& loaded, Time now) {
  const config::Settings& settings = loaded.settings;
  if (!loaded.of("tls.certificate").sound || !loaded.of("tls.key").sound) return;
  if (settings.tls.certificate.empty() || settings.tls.key.empty()) return;
  std::string error = net::TlsIdentity::load(settings.tls.certificate, settings.tls.key, now).error;
  if (!error.empty()) refuse_certificate(loaded, std::move(error));
}

}  // namespace broker::shard
