# broker/web: the pages and scripts embedded in the binary. A generated table, path -> {content type, bytes}.
set(web_files index.html style.css page.js kodama.js)
set(web_table ${CMAKE_BINARY_DIR}/generated/web_files.cc)
set(web_inputs)
foreach(file ${web_files})
  list(APPEND web_inputs ${CMAKE_SOURCE_DIR}/broker/web/${file})
endforeach()
add_custom_command(OUTPUT ${web_table}
  COMMAND ${CMAKE_COMMAND} -DOUT=${web_table} -DDIR=${CMAKE_SOURCE_DIR}/broker/web "-DFILES=${web_files}"
          -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${web_inputs} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
add_library(broker_web STATIC ${web_table})
set(web_root ${CMAKE_BINARY_DIR}/include/broker_web)
file(MAKE_DIRECTORY ${web_root}/broker/web)
file(CREATE_LINK ${CMAKE_SOURCE_DIR}/broker/web/web_files.h ${web_root}/broker/web/web_files.h SYMBOLIC)
target_include_directories(broker_web PUBLIC ${web_root})
target_link_libraries(broker_web PRIVATE kodama_flags)
