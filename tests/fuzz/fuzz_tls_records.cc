// SPDX-License-Identifier: Apache-2.0
// Whatever a TLS 1.3 client puts into its records, sealed well or not, and however they are cut: what was sealed as
// data arrives, in order and nothing else, until the first record that is wrong; and there it ends for good.
//
// An input is a list of steps: a content type, a length, that many bytes. Types of 200 and above are no records but
// what the wire may bring: raw bytes, or a key update.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "broker/net/tls_records.h"
#include "tls_record_peer.h"

namespace {

using namespace broker::net;

constexpr std::uint8_t raw_bytes = 200;
constexpr std::uint8_t key_update = 210;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Script {
  std::string ciphertext;
  std::string data;  // what stands in well-sealed records
  bool may_hold_more = false;
  std::size_t good = 0;  // bytes of it that come before anything that may be refused
};

Script play(std::string_view input, TlsRecordPeer& peer) {
  Script script;
  bool all_good = true;
  while (input.size() >= 2) {
    const auto type = static_cast<std::uint8_t>(input[0]);
    const std::string_view content = input.substr(2, static_cast<std::uint8_t>(input[1]));
    input.remove_prefix(2 + content.size());
    if (type >= key_update) {
      script.ciphertext += peer.update_key(type % 2 == 1);
      all_good = false;  // there may be too many
    } else if (type >= raw_bytes) {
      script.ciphertext += content;
      all_good = false;
    } else {
      script.ciphertext += peer.seal(type, content);
      const bool is_data = type == static_cast<std::uint8_t>(TlsContentType::application_data);
      if (is_data) script.data += content;
      all_good = all_good && is_data;
      if (type == 0) script.may_hold_more = true;  // all padding: the type stands where the content seemed to
    }
    if (all_good) script.good = script.data.size();
  }
  return script;
}

struct Opened {
  std::string plaintext;
  std::string output;
  TlsRecords::Result result = TlsRecords::Result::ok;
};

Opened open(const TlsSuite& suite, const TrafficSecrets& secrets, std::string_view ciphertext,
            std::size_t piece_bytes) {
  Opened opened;
  TlsRecords records(suite, secrets);
  std::vector<std::uint8_t> scratch(tls_inner_bytes_max);
  while (!ciphertext.empty()) {
    const std::string_view piece = ciphertext.substr(0, piece_bytes);
    ciphertext.remove_prefix(piece.size());
    opened.result = records.open(
        {reinterpret_cast<const std::uint8_t*>(piece.data()), piece.size()}, scratch, &opened.plaintext,
        [](void* text, std::span<std::uint8_t> bytes) {
          static_cast<std::string*>(text)->append(bytes.begin(), bytes.end());
        },
        opened.output);
  }
  return opened;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TlsSuites suites;
  const TlsSuite& suite = *suites.find(static_cast<std::uint16_t>(0x1301 + (size == 0 ? 0 : data[0] % 3)));
  const TrafficSecrets secrets;
  TlsRecordPeer peer(suite, secrets);
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Script script = play(input.substr(size == 0 ? 0 : 1), peer);

  const Opened whole = open(suite, secrets, script.ciphertext, script.ciphertext.size() + 1);
  const Opened cut = open(suite, secrets, script.ciphertext, size == 0 ? 1 : 1 + data[size - 1] % 64);
  require(whole.plaintext == cut.plaintext);
  require(whole.output == cut.output);
  require(whole.result == cut.result);
  require(script.may_hold_more || script.data.starts_with(whole.plaintext));
  require(whole.plaintext.size() >= script.good);
  const auto said = peer.open(whole.output);
  require(said.has_value());
  require(said->size() <= 1);  // an alert, if anything
  require(whole.result == TlsRecords::Result::error || said->empty());
  return 0;
}
