# SPDX-License-Identifier: MIT
# libnvm for C and C++ programs: shared and static library, headers, pkg-config file, CMake package.
add_library(nvm_shared SHARED ${NVM_OBJECTS})
add_library(nvm_static STATIC ${NVM_OBJECTS})
foreach(library nvm_shared nvm_static)
  set_target_properties(${library} PROPERTIES
    OUTPUT_NAME nvm VERSION ${PROJECT_VERSION} SOVERSION 0
    ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
  target_link_libraries(${library} PUBLIC Threads::Threads)
  target_include_directories(${library} INTERFACE
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/lib/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()
add_custom_target(libnvm DEPENDS nvm_shared nvm_static)

configure_file(${CMAKE_SOURCE_DIR}/cmake/libnvm.pc.in ${CMAKE_BINARY_DIR}/libnvm.pc @ONLY)
install(TARGETS nvm_shared nvm_static EXPORT libnvm-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/lib/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")
install(FILES ${CMAKE_BINARY_DIR}/libnvm.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(EXPORT libnvm-targets NAMESPACE libnvm:: FILE libnvm-config.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/libnvm)
