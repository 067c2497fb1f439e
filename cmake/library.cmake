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
set_target_properties(nvm_shared PROPERTIES EXPORT_NAME shared)
set_target_properties(nvm_static PROPERTIES EXPORT_NAME static)
add_custom_target(libnvm DEPENDS nvm_shared nvm_static)

# The way up from the pkg-config file to the prefix, which may be another one when it is installed.
file(RELATIVE_PATH NVM_PREFIX_FROM_PC
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${CMAKE_SOURCE_DIR}/cmake/libnvm.pc.in ${CMAKE_BINARY_DIR}/libnvm.pc @ONLY)
install(TARGETS nvm_shared nvm_static EXPORT libnvm-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/lib/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h")

# C++, for programs that add commands to an emulated controller: include/peernvm. Collected in the
# build folder too, where the example is compiled with nothing else.
set(NVM_EXTENSION_HEADERS
  emulator/io_command.h emulator/executor.h emulator/task.h emulator/transfer.h
  emulator/remote_memory.h emulator/store.h emulator/namespace.h emulator/interval_set.h
  emulator/timing_model.h emulator/nvm/blocks.h
  emulator/emulated_device.h emulator/subsystem.h emulator/pcie_controller.h emulator/bar.h
  emulator/domain.h emulator/runner.h
  emulator/faults/fault.h emulator/faults/fault_plan.h emulator/faults/seeded_random.h
  platform/baton.h platform/clock.h platform/status.h platform/unique_fd.h
  spec/errors.h spec/nvme.h)
set(NVM_EXTENSION_INCLUDE ${CMAKE_BINARY_DIR}/include/peernvm)
foreach(header ${NVM_EXTENSION_HEADERS})
  configure_file(${CMAKE_SOURCE_DIR}/lib/${header} ${NVM_EXTENSION_INCLUDE}/${header} COPYONLY)
endforeach()
install(DIRECTORY ${NVM_EXTENSION_INCLUDE} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

install(FILES ${CMAKE_BINARY_DIR}/libnvm.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# find_package(libnvm) gives libnvm::shared and libnvm::static.
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/libnvm-config-version.cmake
  COMPATIBILITY SameMinorVersion)
set(NVM_PACKAGE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/libnvm)
install(EXPORT libnvm-targets NAMESPACE libnvm:: DESTINATION ${NVM_PACKAGE_FOLDER})
install(FILES ${CMAKE_SOURCE_DIR}/cmake/libnvm-config.cmake
  ${CMAKE_BINARY_DIR}/libnvm-config-version.cmake DESTINATION ${NVM_PACKAGE_FOLDER})
