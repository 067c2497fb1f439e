# SPDX-License-Identifier: MIT
# The Node addon: the library's objects and lib/binding, for Node-API 9.
# Wherever npm has put the headers, the files are compiled by the same command: ccache knows them.
set(node_api_include ${CMAKE_BINARY_DIR}/node_api)
file(CREATE_LINK ${CMAKE_JS_INC} ${node_api_include} SYMBOLIC)
file(GLOB binding_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lib/binding/*.cc)
add_library(peernvm SHARED ${binding_sources} ${NVM_OBJECTS} ${CMAKE_JS_SRC})
set_target_properties(peernvm PROPERTIES PREFIX "" SUFFIX ".node")
target_include_directories(peernvm PRIVATE ${node_api_include})
target_compile_definitions(peernvm PRIVATE NAPI_VERSION=9)
target_link_libraries(peernvm PRIVATE ${CMAKE_JS_LIB} Threads::Threads)
target_link_options(peernvm PRIVATE -Wl,--exclude-libs,ALL)
