// SPDX-License-Identifier: Apache-2.0
// A client's side of TLS 1.3's record layer that says whatever a test wants, well formed or not. Thread: any.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/net/tls_records.h"

namespace broker::net {

struct OpenedRecord {
  TlsContentType type;
  std::string content;
  bool operator==(const OpenedRecord&) const = default;
};

class TlsRecordPeer {
 public:
  TlsRecordPeer(const TlsSuite& suite, const TrafficSecrets& secrets)
      : sealing_(suite, TlsSuite::Direction::sealing, std::span(secrets.client).first(suite.secret_bytes()), 0),
        opening_(suite, TlsSuite::Direction::opening, std::span(secrets.server).first(suite.secret_bytes()),
                 secrets.records_sealed) {}

  // One record; of any content type and with any padding.
  std::string seal(std::uint8_t type, std::string_view content, std::size_t padding_bytes = 0) {
    std::string inner(content);
    inner += static_cast<char>(type);
    return seal_inner(inner + std::string(padding_bytes, '\0'));
  }
  std::string seal(TlsContentType type, std::string_view content) {
    return seal(static_cast<std::uint8_t>(type), content);
  }
  std::string seal_inner(std::string_view inner) {
    std::vector<std::uint8_t> record(tls_header_bytes + inner.size() + TlsSuite::tag_bytes);
    std::copy(inner.begin(), inner.end(), record.begin() + tls_header_bytes);
    sealing_.seal(record);
    return {record.begin(), record.end()};
  }
  std::string update_key(bool requested) {
    std::string record = seal(TlsContentType::handshake, std::string("\x18\0\0\1", 4) + (requested ? '\1' : '\0'));
    sealing_.update();
    return record;
  }
  // What follows update_key() of a test's own making.
  void use_next_key() { sealing_.update(); }

  // All records of the server's; follows its key updates. Nothing where one does not open.
  std::optional<std::vector<OpenedRecord>> open(std::string_view ciphertext) {
    std::vector<OpenedRecord> opened;
    while (!ciphertext.empty()) {
      const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(ciphertext.at(at)); };
      const std::size_t bytes = tls_header_bytes + byte(3) * 256u + byte(4);
      if (ciphertext.size() < bytes || bytes <= tls_header_bytes + TlsSuite::tag_bytes) return std::nullopt;
      std::vector<std::uint8_t> inner(bytes - tls_header_bytes - TlsSuite::tag_bytes);
      if (!opening_.open({reinterpret_cast<const std::uint8_t*>(ciphertext.data()), bytes}, inner)) return std::nullopt;
      opened.push_back({TlsContentType{inner.back()}, std::string(inner.begin(), inner.end() - 1)});
      if (opened.back().type == TlsContentType::handshake) opening_.update();
      ciphertext.remove_prefix(bytes);
    }
    return opened;
  }

 private:
  RecordProtection sealing_;
  RecordProtection opening_;
};

}  // namespace broker::net
