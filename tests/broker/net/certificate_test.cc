// SPDX-License-Identifier: Apache-2.0
#include "broker/net/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "broker/net/certificate_files.h"
#include "broker/net/tls.h"
#include "tls_client.h"

namespace broker::net {
namespace {

using std::chrono::hours;
using testing::HasSubstr;
using testing::MatchesRegex;

using Time = std::chrono::system_clock::time_point;
Time now() { return std::chrono::system_clock::now(); }
std::string text_of(const std::string& path) { return read_small_file(path).text; }
mode_t mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

TEST(SelfSigned, IsMadeOnceAndKept) {
  TemporaryDirectory temporary;
  const std::string directory = temporary.path() + "/deep/er";
  const SelfSigned first = keep_self_signed(directory, now());
  ASSERT_EQ(first.error, "");
  EXPECT_TRUE(first.made);
  EXPECT_THAT(first.fingerprint, MatchesRegex("([0-9A-F][0-9A-F]:){31}[0-9A-F][0-9A-F]"));
  EXPECT_EQ(mode_of(first.key_path), 0600u);
  EXPECT_EQ(mode_of(first.certificate_path), 0644u);
  EXPECT_EQ(mode_of(directory), 0700u);
  const SelfSigned second = keep_self_signed(directory, now() + hours(24 * 300));
  EXPECT_EQ(second.error, "");
  EXPECT_FALSE(second.made);
  EXPECT_EQ(second.fingerprint, first.fingerprint);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory), {}), 2) << "no temporary file is left";
}

TEST(SelfSigned, IsRenewedBeforeItExpires) {
  TemporaryDirectory directory;
  const SelfSigned first = keep_self_signed(directory.path(), now());
  const SelfSigned renewed = keep_self_signed(directory.path(), now() + hours(24 * 368));
  EXPECT_EQ(renewed.error, "");
  EXPECT_TRUE(renewed.made);
  EXPECT_NE(renewed.fingerprint, first.fingerprint);
  EXPECT_TRUE(keep_self_signed(directory.path(), now()).made) << "that one is not valid yet";
}

TEST(SelfSigned, IsReplacedWhenItsFilesAreOfNoUse) {
  struct Case {
    const char* name;
    void (*spoil)(const SelfSigned&);
  };
  for (const Case& c :
       {Case{"another key",
             [](const SelfSigned& kept) {
               TemporaryDirectory other;
               const SelfSigned stranger = keep_self_signed(other.path(), now());
               std::filesystem::copy_file(stranger.key_path, kept.key_path,
                                          std::filesystem::copy_options::overwrite_existing);
             }},
        Case{"no key", [](const SelfSigned& kept) { std::filesystem::remove(kept.key_path); }},
        Case{"empty file", [](const SelfSigned& kept) { ::truncate(kept.certificate_path.c_str(), 0); }},
        Case{"half a key", [](const SelfSigned& kept) { ::truncate(kept.key_path.c_str(), 100); }}}) {
    TemporaryDirectory directory;
    const SelfSigned first = keep_self_signed(directory.path(), now());
    c.spoil(first);
    const SelfSigned again = keep_self_signed(directory.path(), now());
    EXPECT_EQ(again.error, "") << c.name;
    EXPECT_TRUE(again.made) << c.name;
    EXPECT_EQ(mode_of(again.key_path), 0600u);
    EXPECT_FALSE(keep_self_signed(directory.path(), now()).made);
  }
}

TEST(SelfSigned, ProcessesThatStartAtOnceAgree) {
  TemporaryDirectory directory;
  std::vector<SelfSigned> kept(4);
  std::vector<std::thread> threads;
  for (SelfSigned& mine : kept) threads.emplace_back([&] { mine = keep_self_signed(directory.path(), now()); });
  for (std::thread& thread : threads) thread.join();
  int made = 0;
  for (const SelfSigned& mine : kept) {
    EXPECT_EQ(mine.error, "");
    EXPECT_EQ(mine.fingerprint, kept[0].fingerprint);
    made += mine.made ? 1 : 0;
  }
  EXPECT_EQ(made, 1);
}

TEST(SelfSigned, IsAcceptedByAClientThatTrustsIt) {
  TemporaryDirectory directory;
  const SelfSigned kept = keep_self_signed(directory.path(), now());
  const auto identity = make_identity(directory);
  const TlsIdentity* only = identity.get();
  TlsContext context({&only, 1}, TicketKeys(TicketKeys::Clock::now()));
  for (const char* name : {"localhost", "127.0.0.1", "::1", "example.org"}) {
    TlsClientOptions options;
    options.trusted_file = kept.certificate_path;
    options.verified_name = name;
    TlsClient client(options);
    Tls tls(context);
    ASSERT_EQ(client.shake_hands(), "");
    const std::string hello = client.take_sent();
    tls.feed({reinterpret_cast<const std::uint8_t*>(hello.data()), hello.size()}, nullptr, nullptr);
    client.receive(tls.output());
    EXPECT_EQ(client.shake_hands(), name == std::string("example.org") ? "certificate verify failed" : "") << name;
  }
}

TEST(SelfSigned, ADirectoryThatCannotBeMadeIsNamed) {
  TemporaryDirectory directory;
  std::ofstream(directory.path() + "/file").flush();
  const SelfSigned kept = keep_self_signed(directory.path() + "/file/below", now());
  EXPECT_THAT(kept.error, HasSubstr(directory.path() + "/file/below: cannot be made: Not a directory"));
}

TEST(StateDirectory, FollowsXdg) {
  EXPECT_EQ(state_directory("/state", "/home/me"), "/state/kodama");
  EXPECT_EQ(state_directory(nullptr, "/home/me"), "/home/me/.local/state/kodama");
  EXPECT_EQ(state_directory("", "/home/me"), "/home/me/.local/state/kodama");
  EXPECT_EQ(state_directory("relative", "/home/me"), "/home/me/.local/state/kodama");
  EXPECT_EQ(state_directory(nullptr, nullptr), "");
}

// What an operator can hand to tls.certificate and tls.key, and what is answered.
class TlsIdentityTest : public testing::Test {
 protected:
  std::string write(const char* name, std::string_view text) {
    std::string path = directory.path() + "/" + name;
    EXPECT_EQ(write_file_atomically(path, text, 0600), "");
    return path;
  }
  std::string error(const std::string& certificate, const std::string& key) {
    const TlsIdentity::Loaded loaded = TlsIdentity::load(certificate, key, now());
    EXPECT_EQ(loaded.identity == nullptr, !loaded.error.empty());
    return loaded.error;
  }
  TemporaryDirectory directory;
  SelfSigned good = keep_self_signed(directory.path(), now());
};

TEST_F(TlsIdentityTest, LoadsWhatBelongsTogether) {
  const auto loaded = TlsIdentity::load(good.certificate_path, good.key_path, now());
  ASSERT_NE(loaded.identity, nullptr) << loaded.error;
  EXPECT_EQ(loaded.warning, "");
  EXPECT_EQ(loaded.identity->fingerprint(), good.fingerprint);
  EXPECT_TRUE(loaded.identity->covers("localhost"));
  EXPECT_TRUE(loaded.identity->covers("::1"));
  EXPECT_FALSE(loaded.identity->covers("example.org"));
  const auto lifetime = loaded.identity->valid_until() - loaded.identity->valid_from();
  EXPECT_EQ(lifetime, hours(24 * 397));
}

TEST_F(TlsIdentityTest, TakesBothOutOfOneFileWithTextAroundThem) {
  const std::string text = "me:\n" + text_of(good.key_path) + "\n" + text_of(good.certificate_path) + "end\n";
  const std::string both = write("both", text);
  EXPECT_EQ(error(both, both), "");
  const std::string chain = write("chain", text_of(good.certificate_path) + text_of(good.certificate_path));
  EXPECT_EQ(error(chain, good.key_path), "");
}

TEST_F(TlsIdentityTest, NamesTheCauseOfEachMistake) {
  TemporaryDirectory other;
  const SelfSigned stranger = keep_self_signed(other.path(), now());
  const std::string certificate = text_of(good.certificate_path);
  const std::string missing = directory.path() + "/missing.pem";
  EXPECT_EQ(error(missing, good.key_path), "certificate " + missing + ": cannot be read: No such file or directory");
  EXPECT_EQ(error(good.certificate_path, missing), "key " + missing + ": cannot be read: No such file or directory");
  EXPECT_THAT(error(directory.path(), good.key_path), HasSubstr("cannot be read: Is a directory"));
  EXPECT_EQ(error(good.certificate_path, stranger.key_path),
            "key " + stranger.key_path + " does not belong to certificate " + good.certificate_path);
  const std::string der("\x30\x82\x01\x00", 4);
  EXPECT_THAT(error(write("der", der), good.key_path), HasSubstr("openssl x509 -inform der"));
  EXPECT_THAT(error(write("empty", ""), good.key_path), HasSubstr("no \"-----BEGIN CERTIFICATE-----\""));
  EXPECT_THAT(error(good.key_path, good.key_path), HasSubstr("no \"-----BEGIN CERTIFICATE-----\""));
  EXPECT_THAT(error(good.certificate_path, good.certificate_path), HasSubstr("no \"-----BEGIN PRIVATE KEY-----\""));
  EXPECT_THAT(error(write("cut", certificate.substr(0, 300)), good.key_path), HasSubstr("its PEM is damaged"));
  EXPECT_THAT(error(write("cut2", certificate + certificate.substr(0, 300)), good.key_path),
              HasSubstr("the PEM of its intermediates is damaged"));
  EXPECT_THAT(error(write("large", std::string((1 << 20) + 1, '-')), good.key_path), HasSubstr("larger than 1 MiB"));
}

TEST_F(TlsIdentityTest, AKeyUnderAPassphraseIsNotAskedFor) {
  const std::string locked = directory.path() + "/locked.key";
  const std::string open_key = text_of(good.key_path);
  BIO* in = BIO_new_mem_buf(open_key.data(), static_cast<int>(open_key.size()));
  BIO* out = BIO_new_file(locked.c_str(), "w");
  EVP_PKEY* key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(out, key, EVP_aes_128_cbc(), "secret", 6, nullptr, nullptr), 1);
  EVP_PKEY_free(key);
  BIO_free(out);
  BIO_free(in);
  EXPECT_THAT(error(good.certificate_path, locked), HasSubstr("is under a passphrase"));
}

TEST_F(TlsIdentityTest, AFileWithoutPermissionIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  ::chmod(good.key_path.c_str(), 0);
  EXPECT_THAT(error(good.certificate_path, good.key_path), HasSubstr("Permission denied"));
}

TEST_F(TlsIdentityTest, WarnsOfACertificateThatIsNotValidNow) {
  const auto late = TlsIdentity::load(good.certificate_path, good.key_path, now() + hours(24 * 400));
  EXPECT_NE(late.identity, nullptr);
  EXPECT_THAT(late.warning, HasSubstr(good.certificate_path + " expired on 20"));
  const auto early = TlsIdentity::load(good.certificate_path, good.key_path, now() - hours(24));
  EXPECT_NE(early.identity, nullptr);
  EXPECT_THAT(early.warning, HasSubstr("is valid only from 20"));
}

}  // namespace
}  // namespace broker::net
