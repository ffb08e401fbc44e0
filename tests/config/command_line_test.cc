// SPDX-License-Identifier: Apache-2.0
#include "config/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/documents.h"
#include "settings_file.h"

namespace config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Command run(const std::vector<const char*>& arguments, const std::vector<const char*>& environment = {}) {
  return parse_command_line(arguments, environment, "1.2.3");
}

// The text of a refusal; fails the test when there is none.
std::string refusal(const std::vector<const char*>& arguments, const std::vector<const char*>& environment = {}) {
  const Command command = run(arguments, environment);
  EXPECT_EQ(command.action, Command::Action::print);
  EXPECT_EQ(command.exit_code, exit_usage);
  return command.text;
}

TEST(CommandLine, ServesWithFlagsInEveryForm) {
  const Command command =
      run({"serve", "--dev", "--listen.http", "127.0.0.1:1", "--listen.https=", "--listen.admin=", "--shards=2",
           "--access.client_publish=-x,a=b", "--log.age", "1s"});
  ASSERT_EQ(command.action, Command::Action::serve) << command.text;
  const Settings& settings = command.loaded.settings;
  EXPECT_TRUE(settings.dev);
  EXPECT_EQ(settings.listen.http, (Address{"127.0.0.1", 1}));
  EXPECT_EQ(settings.listen.https, std::nullopt);
  EXPECT_EQ(settings.listen.admin, std::nullopt);
  EXPECT_EQ(settings.shards, 2U);
  ASSERT_EQ(settings.access.client_publish.size(), 2U);
  EXPECT_EQ(settings.access.client_publish[0].text(), "-x");
  EXPECT_EQ(settings.access.client_publish[1].text(), "a=b");
  EXPECT_EQ(settings.log.age, std::chrono::seconds(1));
}

TEST(CommandLine, TakesTruthInThreeForms) {
  EXPECT_EQ(run({"serve", "--dev"}).action, Command::Action::serve);
  EXPECT_EQ(run({"serve", "--dev", "true"}).action, Command::Action::serve);
  EXPECT_EQ(run({"serve", "--dev=true"}).action, Command::Action::serve);
  EXPECT_EQ(run({"serve", "--dev", "--shards", "1"}).loaded.settings.shards, 1U);
  EXPECT_THAT(refusal({"serve", "--dev", "false"}), StartsWith("access.key_file: is needed where dev is false"));
  EXPECT_EQ(refusal({"serve", "--dev", "maybe"}), "--dev: must be true or false, is \"maybe\"\n");
}

TEST(CommandLine, ReadsTheEnvironment) {
  const Command command = run({"serve"}, {"HOME=/root", "KODAMA__DEV=true", "KODAMA__LISTEN__HTTP=127.0.0.1:0", "odd"});
  ASSERT_EQ(command.action, Command::Action::serve) << command.text;
  EXPECT_EQ(command.loaded.settings.listen.http, (Address{"127.0.0.1", 0}));
}

TEST(CommandLine, TellsAllMistakesAtOnce) {
  EXPECT_EQ(refusal({"serve", "--dev", "--lisen.http", "127.0.0.1:1", "--log.age=5", "-shards", "3", "--config",
                     "/none/k", "--listen.http", "--nonsense"},
                    {"KODAMA__DEVV=1"}),
            "kodama serve: unexpected argument \"-shards\"; did you mean \"--shards\"?\n"
            "kodama serve: unexpected argument \"3\"\n"
            "--config: cannot read \"/none/k\": No such file or directory\n"
            "KODAMA__DEVV: unknown key; did you mean \"KODAMA__DEV\"?\n"
            "--lisen.http: unknown flag; did you mean \"--listen.http\"?\n"
            "--log.age: \"5\" has no unit (ms, s, m, h); did you mean \"5s\"?\n"
            "--listen.http: has no value; write --listen.http=VALUE (address:port)\n"
            "--nonsense: unknown flag\n");
}

TEST(CommandLine, TakesOneConfigFile) {
  EXPECT_EQ(refusal({"serve", "--dev", "--config"}), "--config: has no value; write --config FILE\n");
  EXPECT_EQ(refusal({"serve", "--dev", "--config="}), "--config: has no value; write --config FILE\n");
  EXPECT_EQ(refusal({"serve", "--dev", "--config=/none/a", "--config", "/none/b"}),
            "--config: is given twice\n--config: cannot read \"/none/a\": No such file or directory\n");
  EXPECT_EQ(refusal({"serve", "--dev", "--config", "/"}), "--config: cannot read \"/\": Is a directory\n");
}

TEST(CommandLine, UnknownCommandsAreTold) {
  EXPECT_EQ(refusal({"serv"}),
            "kodama: unknown command \"serv\"; did you mean \"serve\"?\n`kodama help` lists commands and keys.\n");
  EXPECT_EQ(refusal({"--dev"}),
            "kodama: the command is missing; did you mean \"kodama serve --dev\"?\n"
            "`kodama help` lists commands and keys.\n");
  EXPECT_EQ(refusal({}), help_text());
  EXPECT_EQ(refusal({"default-config", "x"}),
            "kodama default-config takes no arguments\n`kodama help` lists commands and keys.\n");
}

TEST(CommandLine, HelpVersionAndDefaultConfigEndWell) {
  for (const std::vector<const char*>& arguments :
       {std::vector<const char*>{"--help"}, {"-h"}, {"help"}, {"serve", "--help"}, {"check-config", "-h"}}) {
    const Command command = run(arguments);
    EXPECT_EQ(command.exit_code, exit_ok);
    EXPECT_EQ(command.text, help_text());
  }
  EXPECT_EQ(run({"--version"}).text, "kodama 1.2.3\n");
  EXPECT_EQ(run({"default-config"}).text, default_config_yaml());
  EXPECT_EQ(run({"default-config"}).exit_code, exit_ok);
}

TEST(CommandLine, MainsOwnArgumentsBeginWithTheProgramsName) {
  const char* const argv[] = {"kodama", "--version", nullptr};
  const char* const envp[] = {"KODAMA__DEV=true", nullptr};
  EXPECT_EQ(parse_command_line(2, argv, envp, "1.2.3").text, "kodama 1.2.3\n");
  EXPECT_EQ(parse_command_line(0, argv, envp, "1.2.3").exit_code, exit_usage);
}

using CommandLineFiles = SettingsFile;

TEST_F(CommandLineFiles, AreReadUnderEnvironmentAndFlags) {
  write("dev: true\nshards: 1\nlog: {messages: 1, age: 1s}\n");
  const Command command =
      run({"serve", "--config", path_.c_str(), "--shards", "3"}, {"KODAMA__SHARDS=2", "KODAMA__LOG__MESSAGES=2"});
  ASSERT_EQ(command.action, Command::Action::serve) << command.text;
  EXPECT_EQ(command.loaded.settings.shards, 3U);
  EXPECT_EQ(command.loaded.settings.log.messages, 2U);
  EXPECT_EQ(command.loaded.settings.log.age, std::chrono::seconds(1));
  EXPECT_THAT(command.loaded.mistakes, IsEmpty());
}

TEST_F(CommandLineFiles, ConfigShowsWhatIsInForce) {
  write("dev: true\nlog:\n  messages: 7\n");
  const Command command = run({"config", "--config", path_.c_str(), "--log.age=3s"}, {"KODAMA__LOG__BYTES=5MiB"});
  EXPECT_EQ(command.action, Command::Action::print);
  EXPECT_EQ(command.exit_code, exit_ok);
  EXPECT_EQ(command.text, in_force_yaml(load({.file_name = path_,
                                              .file_text = "dev: true\nlog:\n  messages: 7\n",
                                              .environment = {{"KODAMA__LOG__BYTES", "5MiB"}},
                                              .flags = {{"log.age", "3s"}}})));
  EXPECT_THAT(command.text, HasSubstr("# " + path_ + ":3:13\n"));
  EXPECT_EQ(refusal({"config", "--config", path_.c_str(), "--shrads=2", "x"}),
            "kodama config: unexpected argument \"x\"\n--shrads: unknown flag; did you mean \"--shards\"?\n");
}

TEST_F(CommandLineFiles, NeverShowTheKeysOfAKeyFile) {
  write("0123456789abcdef0123456789abcdef\n");
  const Command command = run({"config", "--access.key_file", path_.c_str()});
  EXPECT_EQ(command.exit_code, exit_ok) << command.text;
  EXPECT_THAT(command.text, HasSubstr("key_file: " + path_));
  EXPECT_THAT(command.text, testing::Not(HasSubstr("0123456789abcdef")));
}

TEST_F(CommandLineFiles, CheckConfigTellsWhatServeWould) {
  write("dev: true\n");
  const Command good = run({"check-config", path_.c_str()});
  EXPECT_EQ(good.action, Command::Action::check);
  EXPECT_EQ(good.text, path_ + ": no mistakes\n");
  EXPECT_THAT(good.loaded.mistakes, IsEmpty());
  write("dev: true\nshrads: 1\n");
  EXPECT_EQ(format(run({"check-config", path_.c_str()}).loaded.mistakes),
            path_ + ":2:1: shrads: unknown key; did you mean \"shards\"?\n");
  EXPECT_THAT(refusal({"check-config"}), HasSubstr("name one file"));
  EXPECT_THAT(refusal({"check-config", "a", "b"}), HasSubstr("name one file"));
  EXPECT_EQ(refusal({"check-config", "/none/k"}), "kodama: cannot read \"/none/k\": No such file or directory\n");
}

}  // namespace
}  // namespace config
