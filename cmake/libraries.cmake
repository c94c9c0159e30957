# The libraries of all programs, as Debian packages them (docs/decisions).
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED MODULE)
find_package(gRPC CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CURL REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost REQUIRED)
find_package(LibArchive REQUIRED)
if(MUSTER_STATIC)
  muster_prefer_archives()
endif()
# utf8proc brings no CMake package on Debian.
find_path(UTF8PROC_INCLUDE_DIR utf8proc.h REQUIRED)
find_library(UTF8PROC_LIBRARY utf8proc REQUIRED)
add_library(Utf8proc::Utf8proc UNKNOWN IMPORTED)
set_target_properties(Utf8proc::Utf8proc PROPERTIES IMPORTED_LOCATION ${UTF8PROC_LIBRARY}
                      INTERFACE_INCLUDE_DIRECTORIES ${UTF8PROC_INCLUDE_DIR})

# Nor does libseccomp.
find_path(SECCOMP_INCLUDE_DIR seccomp.h REQUIRED)
find_library(SECCOMP_LIBRARY seccomp REQUIRED)
add_library(Seccomp::Seccomp UNKNOWN IMPORTED)
set_target_properties(Seccomp::Seccomp PROPERTIES IMPORTED_LOCATION ${SECCOMP_LIBRARY}
                      INTERFACE_INCLUDE_DIRECTORIES ${SECCOMP_INCLUDE_DIR})

# prometheus-cpp's does, and asks for the web server and the HTTP client of its other parts: its core
# needs neither.
find_path(PROMETHEUS_CPP_INCLUDE_DIR prometheus/text_serializer.h REQUIRED)
find_library(PROMETHEUS_CPP_CORE_LIBRARY prometheus-cpp-core REQUIRED)
add_library(PrometheusCpp::Core UNKNOWN IMPORTED)
set_target_properties(PrometheusCpp::Core PROPERTIES IMPORTED_LOCATION ${PROMETHEUS_CPP_CORE_LIBRARY}
                      INTERFACE_INCLUDE_DIRECTORIES ${PROMETHEUS_CPP_INCLUDE_DIR})
