// SPDX-License-Identifier: Apache-2.0
#include "config/checks.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <variant>

#include "absl/strings/str_format.h"
#include "config/file.h"
#include "config/keys.h"
#include "config/limits.h"
#include "config/table.h"
#include "config/values.h"

namespace config {
namespace {

bool sound(const Loaded& loaded, Keys keys) {
  return std::all_of(keys.begin(), keys.end(), [&](std::string_view key) { return loaded.of(key).sound; });
}

void check_limits(Loaded& loaded) {
  const Settings& settings = loaded.settings;
  const std::uint64_t least = settings.limits.message_bytes + limits::queue_headroom_bytes;
  if (sound(loaded, {"limits.queue_bytes", "limits.message_bytes"}) && settings.limits.queue_bytes < least) {
    refuse(loaded, {"limits.queue_bytes", "limits.message_bytes"},
           absl::StrFormat("limits.queue_bytes (%s) must be at least limits.message_bytes (%s) + %s = %s, so that one "
                           "message always fits a reader's queue",
                           format_bytes(settings.limits.queue_bytes), format_bytes(settings.limits.message_bytes),
                           format_bytes(limits::queue_headroom_bytes), format_bytes(least)));
  }
  if (sound(loaded, {"limits.memory"}) && settings.limits.memory > 0 &&
      settings.limits.memory < limits::memory_bytes_least) {
    refuse(loaded, {"limits.memory"},
           absl::StrFormat("must be at least %s; 0 takes half of what the machine has, is %s",
                           format_bytes(limits::memory_bytes_least), format_bytes(settings.limits.memory)));
  }
  if (sound(loaded, {"log.bytes", "limits.message_bytes"}) && settings.log.bytes < settings.limits.message_bytes) {
    refuse(
        loaded, {"log.bytes", "limits.message_bytes"},
        absl::StrFormat("log.bytes (%s) must be at least limits.message_bytes (%s): a message is acknowledged once it "
                        "is in its topic's log",
                        format_bytes(settings.log.bytes), format_bytes(settings.limits.message_bytes)));
  }
}

void check_tls(Loaded& loaded) {
  const Tls& tls = loaded.settings.tls;
  if (!sound(loaded, {"tls.certificate", "tls.key"})) return;
  if (!tls.certificate.empty() && tls.key.empty()) {
    refuse(loaded, {"tls.certificate"}, "needs tls.key beside it: the file of the certificate's private key");
  }
  if (tls.certificate.empty() && !tls.key.empty()) {
    refuse(loaded, {"tls.key"}, "needs tls.certificate beside it: the file of the key's certificate chain");
  }
  if (!sound(loaded, {"listen.https", "dev"})) return;
  if (loaded.settings.listen.https && tls.certificate.empty() && tls.key.empty() && !loaded.settings.dev) {
    refuse(loaded, {"listen.https"},
           "needs tls.certificate and tls.key: only dev makes a certificate of its own; \"\" turns HTTPS off");
  }
}

struct Listener {
  std::string_view key;
  const std::optional<Address>& address;
};

void check_listeners(Loaded& loaded) {
  const Listen& listen = loaded.settings.listen;
  const std::array<Listener, 3> listeners = {
      {{"listen.http", listen.http}, {"listen.https", listen.https}, {"listen.admin", listen.admin}}};
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Listener& one = listeners[i];
      const Listener& other = listeners[j];
      if (!sound(loaded, {one.key, other.key}) || !one.address || !other.address) continue;
      if (!collide(*one.address, *other.address)) continue;
      refuse(loaded, {one.key, other.key},
             absl::StrFormat("%s (%s) and %s (%s) cannot share a port; give one of them another", other.key,
                             format(*other.address), one.key, format(*one.address)));
    }
  }
  if (sound(loaded, {"listen.http", "listen.https"}) && !listen.http && !listen.https) {
    refuse(loaded, {"listen.http", "listen.https"}, "listen.http and listen.https are both off: nobody could connect");
  }
  if (!sound(loaded, {"dev", "listen.allow_remote_dev"}) || !loaded.settings.dev || listen.allow_remote_dev) return;
  for (const Listener& listener : listeners) {
    if (!sound(loaded, {listener.key}) || !listener.address || listener.address->loopback()) continue;
    refuse(loaded, {listener.key},
           absl::StrFormat("%s is beyond this machine, and dev lets everybody publish and read; use 127.0.0.1, or set "
                           "listen.allow_remote_dev: true if that is what you want",
                           format(*listener.address)));
  }
}

void check_access(Loaded& loaded) {
  const Settings& settings = loaded.settings;
  if (!sound(loaded, {"dev", "access.key_file"}) || settings.dev || !settings.access.key_file.empty()) return;
  refuse(loaded, {"access.key_file"},
         "is needed where dev is false: HTTP publish and the admin port want a key; name a file with a key a line "
         "(openssl rand -hex 32 > keys), or set dev: true for an open playground on this machine");
}

// Whether a secret may stand where the name of its file belongs: a PEM block, or a long word that is no path.
bool may_be_secret(std::string_view name) {
  if (name.find('\n') != std::string_view::npos || name.find("-----BEGIN") != std::string_view::npos) return true;
  return name.size() >= 2 * limits::access_key_bytes_min && !name.starts_with('/') &&
         name.find('.') == std::string_view::npos;
}

// The contents, or nothing when there is no such file: then it is told.
std::optional<std::string> check_file(Loaded& loaded, std::string_view key, const std::string& path) {
  if (path.empty() || !sound(loaded, {key})) return std::nullopt;
  auto contents = read_file(path);
  if (auto* wrong = std::get_if<Unreadable>(&contents)) {
    refuse(loaded, {key},
           may_be_secret(path) ? "cannot be read; it must be a file's name, and is not shown as it may be the secret "
                                 "itself: write that into a file"
                               : std::move(wrong->why));
    return std::nullopt;
  }
  return std::get<std::string>(std::move(contents));
}

}  // namespace

void refuse(Loaded& loaded, Keys keys, std::string what) {
  const std::string_view* at = std::max_element(keys.begin(), keys.end(), [&](std::string_view a, std::string_view b) {
    return loaded.of(a).from < loaded.of(b).from;
  });
  const Chosen& chosen = loaded.of(*at);
  const bool named = chosen.from == Chosen::From::environment || chosen.from == Chosen::From::flag;
  loaded.mistakes.push_back({chosen.where, named ? "" : std::string(*at), std::move(what)});
}

void check_between_keys(Loaded& loaded) {
  check_limits(loaded);
  check_tls(loaded);
  check_listeners(loaded);
  check_access(loaded);
}

void check_files(Loaded& loaded) {
  const Settings& settings = loaded.settings;
  check_file(loaded, "tls.certificate", settings.tls.certificate);
  check_file(loaded, "tls.key", settings.tls.key);
  const auto keys = check_file(loaded, "access.key_file", settings.access.key_file);
  if (!keys) return;
  for (Mistake& mistake : parse_keys(settings.access.key_file, *keys).mistakes) {
    loaded.mistakes.push_back(std::move(mistake));
  }
}

}  // namespace config
