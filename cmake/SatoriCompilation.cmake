# SPDX-License-Identifier: BSD-2-Clause
# How everything of ours is compiled: warnings, sanitizers, ccache, include paths from the root.

find_program(SATORI_CCACHE ccache)
if(SATORI_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${SATORI_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SATORI_CCACHE})
endif()

if(SATORI_SANITIZERS)
  add_compile_options(-fsanitize=${SATORI_SANITIZERS} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SATORI_SANITIZERS})
endif()
if(SATORI_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

add_library(satori_warnings INTERFACE)
target_compile_options(satori_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -Wold-style-cast -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # TRY is a GNU statement expression behind __extension__; clang says so all the same.
  target_compile_options(satori_warnings INTERFACE -Wno-gnu-statement-expression)
endif()
target_include_directories(satori_warnings INTERFACE ${CMAKE_SOURCE_DIR})
