// SPDX-License-Identifier: Apache-2.0
#include "broker/admin/pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace broker::admin {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class PagesTest : public testing::Test {
 protected:
  Answer get(std::string_view path, std::string_view authorization = "") {
    return pages_.answer({"GET", path, authorization}, now_);
  }
  base::ShardMetrics metrics_[3];
  const base::ShardMetrics* const shards_[3] = {&metrics_[0], &metrics_[1], &metrics_[2]};
  std::atomic<Readiness> readiness_{Readiness::starting};
  base::ReloadMetrics reloads_;
  const Subject subject_{shards_, readiness_, [](std::size_t) {}, reloads_};
  Pages pages_{subject_, {{"raw"}, {"peer_closed"}}, "1.2.3", {}};
  Pages locked_{subject_, {{"raw"}, {"peer_closed"}}, "1.2.3", {"the-key"}};
  Health::Clock::time_point now_{1000s};
};

TEST_F(PagesTest, ShowsTheMetrics) {
  const Answer answer = get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(answer.body, HasSubstr("kodama_build_info{version=\"1.2.3\"} 1\n"));
}

TEST_F(PagesTest, ShowsHowReloadsWent) {
  EXPECT_THAT(get("/metrics").body, HasSubstr("kodama_config_reloads_total{result=\"failed\"} 0\n"));
  reloads_.ok.add(2);
  reloads_.failed.add(3);
  reloads_.last_ok.set(1);
  reloads_.last_ok_time_s.set(1'700'000'000);
  const std::string body = get("/metrics").body;
  EXPECT_THAT(body, HasSubstr("kodama_config_reloads_total{result=\"ok\"} 2\n"));
  EXPECT_THAT(body, HasSubstr("kodama_config_reloads_total{result=\"failed\"} 3\n"));
  EXPECT_THAT(body, HasSubstr("kodama_config_last_reload_successful 1\n"));
  EXPECT_THAT(body, HasSubstr("kodama_config_last_reload_success_timestamp_seconds 1700000000\n"));
}

TEST_F(PagesTest, TakesNewKeys) {
  const auto status = [this](std::string_view key) { return locked_.answer({"GET", "/metrics", key}, now_).status; };
  EXPECT_EQ(status("Bearer the-key"), 200);
  locked_.set_keys({"another"});
  EXPECT_EQ(status("Bearer the-key"), 401);
  EXPECT_EQ(status("Bearer another"), 200);
}

TEST_F(PagesTest, FollowsReadiness) {
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/readyz").body, "{\"status\":\"starting\"}\n");
  readiness_ = Readiness::ready;
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(get("/readyz").body, "{\"status\":\"ready\"}\n");
  readiness_ = Readiness::draining;
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/readyz").body, "{\"status\":\"draining\"}\n");
}

TEST_F(PagesTest, NamesTheShardsThatAreStuckAndStillShowsMetrics) {
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/healthz").body, "{\"status\":\"ok\",\"shards\":3}\n");
  metrics_[1].shard_turns.add();
  now_ += 10s;
  const Answer answer = get("/healthz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "{\"status\":\"stuck\",\"shards\":3,\"stuck_shards\":[0,2]}\n");
  EXPECT_EQ(get("/metrics").status, 200);
}

TEST_F(PagesTest, ListsItself) {
  const Answer answer = get("/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  for (const char* path : {"\"/\":", "\"/metrics\":", "\"/healthz\":", "\"/readyz\":", "\"/socketio/sockets\":"})
    EXPECT_THAT(answer.body, HasSubstr(path));
}

TEST_F(PagesTest, RefusesOtherPathsAndMethods) {
  for (const char* path : {"/other", "/metrics/", "//metrics", "", "/Metrics", "/metrics/../healthz"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
  EXPECT_EQ(get("/other").body,
            "{\"error\":{\"code\":404,\"message\":\"there is no such page; / lists what there is\"}}\n");
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", ""}) {
    const Answer answer = pages_.answer({method, "/metrics", ""}, now_);
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.extra_header_name, "Allow");
    EXPECT_EQ(answer.extra_header_value, "GET, HEAD");
  }
  EXPECT_EQ(pages_.answer({"HEAD", "/metrics", ""}, now_).status, 200);
}

TEST_F(PagesTest, WantsAKeyForMetricsOnlyWhenThereAreKeys) {
  EXPECT_EQ(get("/metrics").status, 200);
  const auto locked = [&](std::string_view path, std::string_view authorization) {
    return locked_.answer({"GET", path, authorization}, now_);
  };
  EXPECT_EQ(locked("/metrics", "Bearer the-key").status, 200);
  for (const char* wrong : {"", "Bearer", "Bearer other", "Basic the-key"}) {
    const Answer answer = locked("/metrics", wrong);
    EXPECT_EQ(answer.status, 401) << wrong;
    EXPECT_EQ(answer.extra_header_name, "WWW-Authenticate");
    EXPECT_EQ(answer.extra_header_value, "Bearer");
    EXPECT_THAT(answer.body, Not(HasSubstr("kodama_")));
  }
  for (const char* path : {"/socketio/sockets", "/socketio/namespaces", "/socketio/", "/socketio/sockets/x"}) {
    EXPECT_EQ(locked(path, "").status, 401) << path;
    EXPECT_EQ(locked(path, "Bearer the-key").status, 404) << path << ": nobody tells of sockets";
  }
  EXPECT_EQ(locked("/healthz", "").status, 200);
  EXPECT_EQ(locked("/readyz", "").status, 503);
  EXPECT_EQ(locked("/", "").status, 200);
}

}  // namespace
}  // namespace broker::admin
