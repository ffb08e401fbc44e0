// SPDX-License-Identifier: Apache-2.0
#include "broker/shard/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "config/reload.h"
#include "tls_client.h"

namespace broker::shard {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class OpensConfiguration : public testing::Test {
 protected:
  [[nodiscard]] config::Loaded load(const std::string& certificate, const std::string& key) const {
    config::Sources sources;
    sources.flags = {{"access.key_file", keys_}, {"tls.certificate", certificate}, {"tls.key", key}};
    return config::read(sources);
  }
  void write_keys(std::string_view text) const { std::ofstream(keys_) << text; }
  static Opened open(config::Loaded loaded) {
    return open_configuration(std::move(loaded), std::chrono::system_clock::now());
  }

  net::TemporaryDirectory directory_;
  net::TemporaryDirectory other_directory_;
  net::CertificateFiles one_ = net::write_certificate(directory_, "one", "DNS:one.example");
  net::CertificateFiles other_ = net::write_certificate(other_directory_, "other", "DNS:other.example");
  std::string keys_ = one_.certificate + ".keys";
};

TEST_F(OpensConfiguration, WithAllThatItsFilesHold) {
  write_keys("0123456789abcdef\n");
  config::Loaded loaded = load(one_.certificate, one_.key);
  ASSERT_EQ(config::format(loaded.mistakes), "");
  check_certificate(loaded, std::chrono::system_clock::now());
  EXPECT_EQ(config::format(loaded.mistakes), "");
  const Opened opened = open(std::move(loaded));
  ASSERT_NE(opened.configuration, nullptr) << config::format(opened.mistakes);
  ASSERT_NE(opened.configuration->identity, nullptr);
  EXPECT_TRUE(opened.configuration->identity->covers("one.example"));
  EXPECT_TRUE(opened.configuration->access.backend_allowed("Bearer 0123456789abcdef"));
  EXPECT_EQ(opened.configuration->keys.size(), 1u);
}

TEST_F(OpensConfiguration, NotAtAllWhereCertificateAndKeyAreOfDifferentPairs) {
  write_keys("0123456789abcdef\n");
  config::Loaded loaded = load(one_.certificate, other_.key);
  const Opened opened = open(loaded);
  EXPECT_EQ(opened.configuration, nullptr);
  EXPECT_TRUE(opened.files_at_fault);
  EXPECT_EQ(config::format(opened.mistakes),
            "--tls.key: key " + other_.key + " does not belong to certificate " + one_.certificate + "\n");
  check_certificate(loaded, std::chrono::system_clock::now());
  EXPECT_EQ(config::format(loaded.mistakes), config::format(opened.mistakes)) << "check-config says the same";
}

TEST_F(OpensConfiguration, NotAtAllWhereAKeyHasBecomeWrong) {
  write_keys("0123456789abcdef\n");
  config::Loaded loaded = load(one_.certificate, one_.key);
  write_keys("0123456789abcdef\nshort\n");
  const Opened opened = open(std::move(loaded));
  EXPECT_EQ(opened.configuration, nullptr);
  EXPECT_FALSE(opened.files_at_fault);
  EXPECT_THAT(config::format(opened.mistakes), StartsWith(keys_ + ":2: a key of 5 characters"));
}

}  // namespace
}  // namespace broker::shard
