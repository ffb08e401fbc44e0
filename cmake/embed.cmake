# Writes OUT: FILES of DIR, and SCRIPTS of PACKAGE/dist compressed by GZIP, as C++ string literals (see
# broker/web/web_files.h). PACKAGE is the folder of the npm package socket.io-client.
if(NOT EXISTS ${PACKAGE}/package.json)
  message(FATAL_ERROR "The Socket.IO client is not there (${PACKAGE}): setup/npm.sh broker/web/socketio fetches it.")
endif()
file(READ ${PACKAGE}/package.json about)
string(JSON version GET "${about}" version)

set(text "#include \"broker/web/web_files.h\"\n\nnamespace broker::web {\nnamespace {\n")
set(index 0)

# Appends the bytes of the file as file_<index>, and counts on. A literal takes a compiler a fraction of what an
# initializer of as many numbers does.
macro(embed file)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${hex}")
  string(APPEND text "constexpr char file_${index}[] = \"${bytes}\";\n")
  set(view "{file_${index}, sizeof file_${index} - 1}")
  math(EXPR index "${index} + 1")
endmacro()

set(table "")
foreach(file ${FILES})
  embed(${DIR}/${file})
  if(file MATCHES "\\.html$")
    set(type "text/html; charset=utf-8")
  elseif(file MATCHES "\\.css$")
    set(type "text/css; charset=utf-8")
  else()
    set(type "text/javascript; charset=utf-8")
  endif()
  set(path "/${file}")
  if(file STREQUAL "index.html")
    set(path "/")
  endif()
  string(APPEND table "    {\"${path}\", \"${type}\", ${view}},\n")
endforeach()

set(scripts "")
foreach(file ${SCRIPTS})
  set(compressed ${OUT}.${file}.gz)
  execute_process(COMMAND ${GZIP} -9 -n -c INPUT_FILE ${PACKAGE}/dist/${file} OUTPUT_FILE ${compressed}
                  COMMAND_ERROR_IS_FATAL ANY)
  embed(${compressed})
  # As Socket.IO's own server has them.
  if(file MATCHES "\\.map$")
    set(type "application/json; charset=utf-8")
  else()
    set(type "application/javascript; charset=utf-8")
  endif()
  string(APPEND scripts "    {\"${file}\", \"${type}\", ${view}},\n")
endforeach()

string(APPEND text "constinit const File table[] = {\n${table}};\n"
  "constinit const Script scripts[] = {\n${scripts}};\n"
  "}  // namespace\n\n"
  "std::span<const File> files() { return table; }\n"
  "std::span<const Script> socketio_scripts() { return scripts; }\n"
  "std::string_view socketio_version() { return \"${version}\"; }\n\n"
  "}  // namespace broker::web\n")
file(WRITE ${OUT} "${text}")
