// SPDX-License-Identifier: Apache-2.0
#include "broker/net/certificate.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "broker/base/check.h"
#include "broker/base/owned_fd.h"
#include "broker/net/certificate_files.h"
#include "broker/net/digest.h"
#include "broker/net/tls_identity.h"

namespace broker::net {
namespace {

using Time = std::chrono::system_clock::time_point;

constexpr auto lifetime = std::chrono::hours(24 * 397);  // browsers take no more than 398 days
constexpr auto renewal = std::chrono::hours(24 * 30);
constexpr auto backdating = std::chrono::hours(1);  // for a client whose clock is late
constexpr const char* names[] = {"localhost", "127.0.0.1", "::1"};
constexpr const char* alternative_names = "DNS:localhost,IP:127.0.0.1,IP:::1";

constexpr std::size_t serial_bytes = 16;

void add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  KODAMA_CHECK(extension != nullptr, value);
  KODAMA_CHECK(X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

// Unpredictable, positive and new each time: a browser refuses two certificates of one issuer and serial.
void set_serial(X509* certificate) {
  std::array<std::uint8_t, serial_bytes> bytes;
  random_bytes(bytes);
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7f) | 0x40);
  BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
  KODAMA_CHECK(number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr);
  BN_free(number);
}

OpensslHandle<x509_st> make_certificate(EVP_PKEY* key, Time now) {
  OpensslHandle<x509_st> made(X509_new());
  X509* certificate = made.get();
  KODAMA_CHECK(certificate != nullptr);
  KODAMA_CHECK(X509_set_version(certificate, X509_VERSION_3) == 1);
  set_serial(certificate);
  ASN1_TIME_set(X509_getm_notBefore(certificate), std::chrono::system_clock::to_time_t(now - backdating));
  ASN1_TIME_set(X509_getm_notAfter(certificate), std::chrono::system_clock::to_time_t(now + lifetime - backdating));
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto add_name = [&](const char* field, const char* value) {
    const auto* text = reinterpret_cast<const unsigned char*>(value);
    KODAMA_CHECK(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, text, -1, -1, 0) == 1);
  };
  add_name("O", "kodama, self-signed");
  add_name("CN", "localhost");
  KODAMA_CHECK(X509_set_issuer_name(certificate, name) == 1);
  KODAMA_CHECK(X509_set_pubkey(certificate, key) == 1);
  add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE");  // Firefox serves no CA as an end entity
  add_extension(certificate, NID_key_usage, "critical,digitalSignature");
  add_extension(certificate, NID_ext_key_usage, "serverAuth");
  add_extension(certificate, NID_subject_key_identifier, "hash");
  add_extension(certificate, NID_subject_alt_name, alternative_names);
  KODAMA_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
  return made;
}

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

// The key goes first: a start that dies in between leaves a pair that does not match, and the next one replaces it.
std::string make_files(const SelfSigned& paths, Time now) {
  const OpensslHandle<evp_pkey_st> key(EVP_EC_gen("P-256"));
  KODAMA_CHECK(key != nullptr, "OpenSSL offers no P-256");
  const OpensslHandle<x509_st> certificate = make_certificate(key.get(), now);
  const OpensslHandle<bio_st> key_pem(BIO_new(BIO_s_secmem()));  // wipes what it held
  KODAMA_CHECK(PEM_write_bio_PKCS8PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  std::string key_text = text_of(key_pem.get());
  std::string error = write_file_atomically(paths.key_path, key_text, 0600);
  OPENSSL_cleanse(key_text.data(), key_text.size());
  if (!error.empty()) return absl::StrCat(paths.key_path, ": ", error);

  const OpensslHandle<bio_st> certificate_pem(BIO_new(BIO_s_mem()));
  KODAMA_CHECK(PEM_write_bio_X509(certificate_pem.get(), certificate.get()) == 1);
  error = write_file_atomically(paths.certificate_path, text_of(certificate_pem.get()), 0644);
  return error.empty() ? "" : absl::StrCat(paths.certificate_path, ": ", error);
}

bool still_good(const TlsIdentity* identity, Time now) {
  if (identity == nullptr || now < identity->valid_from() || identity->valid_until() - now < renewal) return false;
  for (const char* name : names) {
    if (!identity->covers(name)) return false;
  }
  return true;
}

std::string make_directory(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code error;
  const bool created = fs::create_directories(directory, error);
  if (error) return absl::StrCat(directory, ": cannot be made: ", error.message());
  if (created) fs::permissions(directory, fs::perms::owner_all, error);
  return "";
}

}  // namespace

SelfSigned keep_self_signed(const std::string& directory, Time now) {
  SelfSigned kept;
  kept.certificate_path = absl::StrCat(directory, "/self-signed.crt");
  kept.key_path = absl::StrCat(directory, "/self-signed.key");
  kept.error = make_directory(directory);
  if (!kept.error.empty()) return kept;
  const base::OwnedFd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock || ::flock(lock.get(), LOCK_EX) != 0) {
    kept.error = absl::StrCat(directory, ": cannot be locked: ", std::strerror(errno));
    return kept;
  }
  TlsIdentity::Loaded loaded = TlsIdentity::load(kept.certificate_path, kept.key_path, now);
  if (!still_good(loaded.identity.get(), now)) {
    kept.error = make_files(kept, now);
    if (!kept.error.empty()) return kept;
    kept.made = true;
    loaded = TlsIdentity::load(kept.certificate_path, kept.key_path, now);
    kept.error = loaded.error;
    if (!kept.error.empty()) return kept;
  }
  kept.fingerprint = loaded.identity->fingerprint();
  return kept;
}

std::string state_directory(const char* xdg_state_home, const char* home) {
  // The specification says that a relative path is to be ignored.
  if (xdg_state_home != nullptr && xdg_state_home[0] == '/') return absl::StrCat(xdg_state_home, "/kodama");
  if (home != nullptr && home[0] == '/') return absl::StrCat(home, "/.local/state/kodama");
  return "";
}

}  // namespace broker::net
