# SPDX-License-Identifier: MIT
# nvm_precompile(TARGET GROUP HEADER…): the headers are compiled once, for the first target of the
# group, and included first in every file of all. Only under sanitizers, where everything is
# compiled once; elsewhere a file that lacks an #include has to fail, and ccache has to find what it
# knows.
function(nvm_precompile target group)
  if(NOT NVM_SANITIZE)
    return()
  endif()
  get_property(owner GLOBAL PROPERTY nvm_precompiled_${group})
  if(owner)
    target_precompile_headers(${target} REUSE_FROM ${owner})
  else()
    target_precompile_headers(${target} PRIVATE ${ARGN})
    set_property(GLOBAL PROPERTY nvm_precompiled_${group} ${target})
  endif()
endfunction()
