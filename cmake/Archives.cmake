# Finds the archives that the static library was built with, which have no CMake package in Debian 12. Installed beside
# thoplwConfig.cmake: whoever links the static library links these too, so that a program needs no shared library but those
# of C and C++.
include_guard()

# The targets thoplw_minizip and thoplw_zlib, if both libraries are installed.
function(thoplw_archives)
  find_path(THOPLW_minizip_INCLUDE_DIR minizip/unzip.h)
  find_library(THOPLW_minizip_LIBRARY NAMES libminizip.a minizip)
  find_path(THOPLW_zlib_INCLUDE_DIR zlib.h)
  find_library(THOPLW_zlib_LIBRARY NAMES libz.a z)
  foreach(name IN ITEMS minizip zlib)
    mark_as_advanced(THOPLW_${name}_INCLUDE_DIR THOPLW_${name}_LIBRARY)
    if(NOT THOPLW_${name}_INCLUDE_DIR OR NOT THOPLW_${name}_LIBRARY)
      return()
    endif()
  endforeach()
  foreach(name IN ITEMS minizip zlib)
    add_library(thoplw_${name} INTERFACE IMPORTED GLOBAL)
    target_include_directories(thoplw_${name} SYSTEM INTERFACE ${THOPLW_${name}_INCLUDE_DIR})
    target_link_libraries(thoplw_${name} INTERFACE ${THOPLW_${name}_LIBRARY})
  endforeach()
endfunction()
