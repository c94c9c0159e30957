# For the packaged worker: archives instead of shared libraries, so that one program runs on every
# x86-64 Linux, whatever C library it has (docs/decisions/static-worker.md).
#
# Included before the libraries are looked for; muster_prefer_archives() comes behind. Only
# muster_worker is linked so: what needs other libraries is configured and not built.

set(OPENSSL_USE_STATIC_LIBS ON)
set(Protobuf_USE_STATIC_LIBS ON)
# Files like libsqlite3.so are not found any more. Packages without an archive keep their own ways.
set(CMAKE_FIND_LIBRARY_SUFFIXES .a .so)

# Debian's CMake packages of gRPC and abseil name the shared libraries; the archives lie beside them.
macro(muster_prefer_archives)
  get_directory_property(imported IMPORTED_TARGETS)
  foreach(target IN LISTS imported)
    get_target_property(location ${target} IMPORTED_LOCATION_NONE)
    if(NOT location MATCHES "lib(grpc|gpr|upb|address_sorting|absl)[^/]*\\.so")
      continue()
    endif()
    string(REGEX REPLACE "\\.so[.0-9]*$" ".a" archive "${location}")
    if(EXISTS "${archive}")
      set_target_properties(${target} PROPERTIES IMPORTED_LOCATION_NONE "${archive}" IMPORTED_SONAME_NONE "")
    endif()
  endforeach()
  add_link_options(-static-pie -Wl,--gc-sections -s)
  # A megabyte of relocations that would be read, and so be resident, becomes some kilobytes.
  if(MOLD_PROGRAM)
    add_link_options(-Wl,--pack-dyn-relocs=relr -Wl,--icf=safe)
  else()
    add_link_options(-Wl,-z,pack-relative-relocs)
  endif()
endmacro()
