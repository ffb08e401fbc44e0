# The benchmark (bench/): the load generator, the floors and the micro-benchmarks. Built when they are asked for by name;
# the floors and the generator share no code with the product, the micro-benchmarks measure its own functions.
file(GLOB load_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/load/*.cc)
add_executable(bench_load EXCLUDE_FROM_ALL ${load_sources})
target_include_directories(bench_load PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(bench_load PRIVATE kodama_flags PkgConfig::uring OpenSSL::SSL ZLIB::ZLIB absl::flags absl::flags_parse
  absl::flags_usage absl::strings absl::str_format)

file(GLOB floor_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/floor/*.cc)
add_executable(bench_floor EXCLUDE_FROM_ALL ${floor_sources})
target_include_directories(bench_floor PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(bench_floor PRIVATE kodama_flags PkgConfig::uring OpenSSL::SSL)

# Not looked for: whoever only builds the binary need not have Google Benchmark.
file(GLOB micro_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/micro/*.cc)
add_executable(bench_micro EXCLUDE_FROM_ALL ${micro_sources})
target_link_libraries(bench_micro PRIVATE kodama_flags broker_shard ${dialect_targets} benchmark_main benchmark Threads::Threads)
