# Finds libraries that have no CMake package in Debian 12. Installed beside thoplwConfig.cmake: whoever links the static
# library links these archives too, so that a program needs no shared library but those of C and C++.
include_guard()

# thoplw_library(<name> <header> [<archive>...]): the target thoplw_<name>.
function(thoplw_library name header)
  find_path(THOPLW_${name}_INCLUDE_DIR ${header})
  if(ARGN)
    find_library(THOPLW_${name}_LIBRARY NAMES ${ARGN})
    mark_as_advanced(THOPLW_${name}_LIBRARY)
  endif()
  mark_as_advanced(THOPLW_${name}_INCLUDE_DIR)
  if(NOT THOPLW_${name}_INCLUDE_DIR OR (ARGN AND NOT THOPLW_${name}_LIBRARY))
    message(FATAL_ERROR "${name} is not installed: apt-get install ${THOPLW_DEBIAN_PACKAGES}")
  endif()
  add_library(thoplw_${name} INTERFACE IMPORTED GLOBAL)
  target_include_directories(thoplw_${name} SYSTEM INTERFACE ${THOPLW_${name}_INCLUDE_DIR})
  if(ARGN)
    target_link_libraries(thoplw_${name} INTERFACE ${THOPLW_${name}_LIBRARY})
  endif()
endfunction()

if(NOT THOPLW_DEBIAN_PACKAGES)
  set(THOPLW_DEBIAN_PACKAGES "libminizip-dev zlib1g-dev")
endif()
thoplw_library(minizip minizip/unzip.h libminizip.a minizip)
thoplw_library(zlib zlib.h libz.a z)
