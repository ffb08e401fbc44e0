// SPDX-License-Identifier: Apache-2.0
#include "config/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "settings_file.h"

namespace config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Case {
  std::string_view name;
  std::string text;
  std::string mistakes;
};

class Checks : public testing::TestWithParam<Case> {};

TEST_P(Checks, TellWhatDoesNotGoTogether) {
  EXPECT_EQ(format(load_text(GetParam().text).mistakes), GetParam().mistakes);
}

constexpr char need_key[] =
    "is needed where dev is false: HTTP publish and the admin port want a key; name a file with a key a line (openssl "
    "rand -hex 32 > keys), or set dev: true for an open playground on this machine\n";

const Case cases[] = {
    {"DevAloneIsFine", "dev: true\n", ""},
    {"KeyFileAloneIsFine", "access: {key_file: /k}\n", ""},
    {"NothingAtAllWantsAKeyFile", "", std::string("access.key_file: ") + need_key},
    {"AnEmptyKeyFileIsNone", "access: {key_file: \"\"}\n", std::string("k.yaml:1:20: access.key_file: ") + need_key},
    {"QueueBelowMessage", "dev: true\nlimits:\n  queue_bytes: 1MiB\n",
     "k.yaml:3:16: limits.queue_bytes: limits.queue_bytes (1MiB) must be at least limits.message_bytes (1MiB) + 64KiB "
     "= "
     "1088KiB, so that one message always fits a reader's queue\n"},
    {"QueueJustAboveMessage", "dev: true\nlimits: {queue_bytes: 1088KiB}\n", ""},
    {"MessageAboveTheQueuesDefault", "dev: true\nlimits: {message_bytes: 16MiB}\n",
     "k.yaml:2:25: limits.message_bytes: limits.queue_bytes (4MiB) must be at least limits.message_bytes (16MiB) + "
     "64KiB "
     "= 16448KiB, so that one message always fits a reader's queue\n"},
    {"LogBelowMessage", "dev: true\nlimits: {message_bytes: 2MiB}\nlog: {bytes: 1MiB}\n",
     "k.yaml:3:14: log.bytes: log.bytes (1MiB) must be at least limits.message_bytes (2MiB): a message is acknowledged "
     "once it is in its topic's log\n"},
    {"CertificateWithoutKey", "dev: true\ntls: {certificate: /c}\n",
     "k.yaml:2:20: tls.certificate: needs tls.key beside it: the file of the certificate's private key\n"},
    {"KeyWithoutCertificate", "dev: true\ntls: {key: /k}\n",
     "k.yaml:2:12: tls.key: needs tls.certificate beside it: the file of the key's certificate chain\n"},
    {"HttpsWithoutCertificate", "access: {key_file: /k}\nlisten: {https: 127.0.0.1:8443}\n",
     "k.yaml:2:17: listen.https: needs tls.certificate and tls.key: only dev makes a certificate of its own; \"\" "
     "turns "
     "HTTPS off\n"},
    {"HttpsInDevNeedsNone", "dev: true\nlisten: {https: 127.0.0.1:8443}\n", ""},
    {"DevBeyondThisMachine", "dev: true\nlisten: {http: 0.0.0.0:80, admin: \"[::]:81\"}\n",
     "k.yaml:2:16: listen.http: 0.0.0.0:80 is beyond this machine, and dev lets everybody publish and read; use "
     "127.0.0.1, or set listen.allow_remote_dev: true if that is what you want\n"
     "k.yaml:2:35: listen.admin: [::]:81 is beyond this machine, and dev lets everybody publish and read; use "
     "127.0.0.1, or set listen.allow_remote_dev: true if that is what you want\n"},
    {"DevBeyondThisMachineOnPurpose", "dev: true\nlisten: {http: 0.0.0.0:80, allow_remote_dev: true}\n", ""},
    {"WithKeysAnywhere", "access: {key_file: /k}\nlisten: {http: 0.0.0.0:80}\n", ""},
    {"SameAddressTwice", "dev: true\nlisten: {http: 127.0.0.1:9000}\n",
     "k.yaml:2:16: listen.http: listen.http (127.0.0.1:9000) and listen.admin (127.0.0.1:9000) cannot share a port; "
     "give "
     "one of them another\n"},
    {"EveryAddressAndOneOfThem", "access: {key_file: /k}\nlisten: {http: 0.0.0.0:80, admin: 127.0.0.1:80}\n",
     "k.yaml:2:35: listen.admin: listen.http (0.0.0.0:80) and listen.admin (127.0.0.1:80) cannot share a port; give "
     "one "
     "of them another\n"},
    {"AnyFreePortTwice", "dev: true\nlisten: {http: 127.0.0.1:0, https: 127.0.0.1:0, admin: 127.0.0.1:0}\n", ""},
    {"BothListenersOff", "access: {key_file: /k}\nlisten: {http: \"\"}\n",
     "k.yaml:2:16: listen.http: listen.http and listen.https are both off: nobody could connect\n"},
    {"HttpOffInDevLeavesHttps", "dev: true\nlisten: {http: \"\"}\n", ""},
    {"AKeyOfTheWrongKindIsNotCheckedFurther", "dev: [true]\n", "k.yaml:1:6: dev: must be true or false, is a list\n"},
    {"AKeyWithoutAValueIsNotCheckedFurther", "dev:\n",
     "k.yaml:2:1: dev: has no value; write false, or leave the key out\n"},
    {"AnUnreadKeyIsNotCheckedFurther", "dev: perhaps\nlimits: {queue_bytes: 1}\n",
     "k.yaml:1:6: dev: must be true or false, is \"perhaps\"\n"
     "k.yaml:2:23: limits.queue_bytes: \"1\" has no unit (B, KiB, MiB, GiB, KB, MB, GB); did you mean \"1B\"?\n"},
};

INSTANTIATE_TEST_SUITE_P(BetweenKeys, Checks, testing::ValuesIn(cases),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(ChecksBetweenKeys, AreToldWhereTheLastOfThemWasWritten) {
  const Loaded loaded = load({.file_name = "k.yaml",
                              .file_text = "dev: true\nlimits: {queue_bytes: 2MiB}\n",
                              .environment = {{"KODAMA__LIMITS__MESSAGE_BYTES", "2MiB"}},
                              .flags = {{"tls.key", "/k"}}});
  ASSERT_EQ(loaded.mistakes.size(), 2U);
  EXPECT_THAT(format(loaded.mistakes), StartsWith("KODAMA__LIMITS__MESSAGE_BYTES: limits.queue_bytes (2MiB) must be"));
  EXPECT_THAT(format(loaded.mistakes), HasSubstr("\n--tls.key: needs tls.certificate"));
}

TEST(ChecksBetweenKeys, HttpsIsOnByItselfWhereTlsIsAtHand) {
  const Address local{"127.0.0.1", 8443};
  EXPECT_EQ(load_text("dev: true\n").settings.listen.https, local);
  EXPECT_EQ(load_text("tls: {certificate: /c, key: /k}\naccess: {key_file: /a}\n").settings.listen.https, local);
  EXPECT_EQ(load_text("access: {key_file: /a}\n").settings.listen.https, std::nullopt);
  EXPECT_EQ(load_text("dev: true\nlisten: {https: auto}\n").settings.listen.https, local);
  EXPECT_EQ(load_text("dev: true\nlisten: {https: \"\"}\n").settings.listen.https, std::nullopt);
  EXPECT_EQ(load_text("dev: true\nlisten: {https: \"[::1]:1\"}\n").settings.listen.https, (Address{"::1", 1}));
}

class ChecksOfFiles : public testing::Test {
 protected:
  ChecksOfFiles() : folder_(testing::TempDir() + "kodama_checks_" + std::to_string(getpid())) {
    std::filesystem::create_directory(folder_);
  }
  ~ChecksOfFiles() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
    return folder_ + "/" + name;
  }
  std::string check(const std::string& text) {
    Loaded loaded = load_text(text);
    check_files(loaded);
    return format(loaded.mistakes);
  }
  std::string folder_;
};

TEST_F(ChecksOfFiles, ThatCannotBeReadAreNamedWithTheSystemsWords) {
  EXPECT_EQ(check("tls: {certificate: /none/c.pem, key: " + folder_ + "}\naccess: {key_file: /none/keys}\n"),
            "k.yaml:1:20: tls.certificate: cannot read \"/none/c.pem\": No such file or directory\n"
            "k.yaml:1:38: tls.key: cannot read \"" +
                folder_ +
                "\": Is a directory\n"
                "k.yaml:2:20: access.key_file: cannot read \"/none/keys\": No such file or directory\n");
}

TEST_F(ChecksOfFiles, ThatCanBeReadAreFine) {
  const std::string pem = write("c.pem", "-----BEGIN");
  const std::string keys = write("keys", "0123456789abcdef\n");
  EXPECT_EQ(check("tls: {certificate: " + pem + ", key: " + pem + "}\naccess: {key_file: " + keys + "}\n"), "");
}

TEST_F(ChecksOfFiles, AWrongKeyIsToldWithItsLineButNotShown) {
  const std::string keys = write("keys", "# ours\n\n0123456789abcdef\nshort\n");
  EXPECT_EQ(check("access: {key_file: " + keys + "}\n"),
            keys + ":4: a key of 5 characters can be guessed; at least 16 are wanted (openssl rand -hex 32)\n");
}

TEST_F(ChecksOfFiles, ASecretInPlaceOfItsFilesNameIsNotShown) {
  const std::string key = "c2VjcmV0IHNlY3JldC9zZWNyZXQ+c2VjcmV0";
  for (const std::string& text :
       {"access: {key_file: " + key + "}\ndev: true\n",
        "dev: true\ntls:\n  certificate: /none/c\n  key: |\n    -----BEGIN PRIVATE KEY-----\n    " + key +
            "\n    -----END PRIVATE KEY-----\n"}) {
    EXPECT_THAT(check(text), HasSubstr("cannot be read; it must be a file's name"));
    EXPECT_THAT(check(text), testing::Not(HasSubstr(key)));
    EXPECT_THAT(check(text), testing::Not(HasSubstr("BEGIN")));
  }
}

TEST_F(ChecksOfFiles, HugeFilesAreRefused) {
  const std::string huge = write("huge", std::string((1 << 20) + 1, 'x'));
  EXPECT_THAT(check("access: {key_file: " + huge + "}\n"), HasSubstr("it is larger than 1048576 bytes"));
}

}  // namespace
}  // namespace config
