# The toolchain of `cmake --preset windows`: deploy/windows/mingw64.cmake, and where deploy/windows/prefix has built the libraries.
if(NOT MUSTER_WINDOWS_PREFIX)
  execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/../deploy/windows/prefix --is-there
                  OUTPUT_VARIABLE MUSTER_WINDOWS_PREFIX OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE missing)
  if(missing)
    message(FATAL_ERROR "The libraries for Windows are not built here: run deploy/windows/build (or deploy/windows/prefix) once")
  endif()
endif()
include(${CMAKE_CURRENT_LIST_DIR}/../deploy/windows/mingw64.cmake)
