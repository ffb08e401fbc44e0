# broker/web: what is served to browsers. The pages and scripts of the folder, and the scripts of the npm package
# socket.io-client (setup/npm.sh has fetched them), embedded in the binary as a generated table.
set(web_files index.html style.css page.js kodama.js)
set(web_scripts socket.io.js socket.io.js.map socket.io.min.js socket.io.min.js.map socket.io.esm.min.js
  socket.io.esm.min.js.map)
set(web_package ${CMAKE_SOURCE_DIR}/broker/web/socketio/node_modules/socket.io-client)
set(web_table ${CMAKE_BINARY_DIR}/generated/web_files.cc)
find_program(GZIP gzip REQUIRED)
# The package is as its lock file says, so that its files need not be looked at one by one; were they named here, their
# absence would be ninja's to tell, which knows no remedy.
set(web_inputs ${CMAKE_SOURCE_DIR}/broker/web/socketio/package-lock.json)
foreach(file ${web_files})
  list(APPEND web_inputs ${CMAKE_SOURCE_DIR}/broker/web/${file})
endforeach()
add_custom_command(OUTPUT ${web_table}
  COMMAND ${CMAKE_COMMAND} -DOUT=${web_table} -DDIR=${CMAKE_SOURCE_DIR}/broker/web "-DFILES=${web_files}"
          -DPACKAGE=${web_package} "-DSCRIPTS=${web_scripts}" -DGZIP=${GZIP} -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${web_inputs} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
kodama_library(broker/web broker_base config proto_files)
target_sources(broker_web PRIVATE ${web_table})
