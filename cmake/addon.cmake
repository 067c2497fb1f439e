# SPDX-License-Identifier: MIT
# The Node addon: the library's objects and lib/binding, for Node-API 9.
file(GLOB binding_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lib/binding/*.cc)
add_library(peernvm SHARED ${binding_sources} ${NVM_OBJECTS} ${CMAKE_JS_SRC})
set_target_properties(peernvm PROPERTIES PREFIX "" SUFFIX ".node")
target_include_directories(peernvm PRIVATE ${CMAKE_JS_INC})
target_compile_definitions(peernvm PRIVATE NAPI_VERSION=9)
target_link_libraries(peernvm PRIVATE ${CMAKE_JS_LIB} Threads::Threads)
target_link_options(peernvm PRIVATE -Wl,--exclude-libs,ALL)
