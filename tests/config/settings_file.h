// SPDX-License-Identifier: Apache-2.0
// A settings' file of a test's own, gone when the test is over.
// Thread: one.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "config/load.h"

namespace config {

class SettingsFile : public testing::Test {
 protected:
  SettingsFile() : path_(testing::TempDir() + "kodama_settings_" + std::to_string(getpid()) + ".yaml") {}
  ~SettingsFile() override { std::filesystem::remove(path_); }
  void write(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }
  const std::string path_;
};

// What such a text becomes, under these flags; no file is made.
inline Loaded load_text(std::string text, std::vector<Flag> flags = {}) {
  return load({.file_name = "k.yaml", .file_text = std::move(text), .environment = {}, .flags = std::move(flags)});
}

}  // namespace config
