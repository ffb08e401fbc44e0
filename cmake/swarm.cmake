# The swarm (tests/e2e/swarm) is a client of the real binary and shares no code with it. Built when it is asked for by name.
file(GLOB swarm_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/e2e/swarm/*.cc)
add_executable(swarm EXCLUDE_FROM_ALL ${swarm_sources})
target_include_directories(swarm PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(swarm PRIVATE kodama_flags OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
