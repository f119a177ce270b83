# Finds the C++ libraries that thoplw is built with, or fetches each at a pinned commit.
include_guard()
include(FetchContent)
set(FETCHCONTENT_QUIET ON)
set(debian_packages "libfmt-dev nlohmann-json3-dev libcli11-dev rapidjson-dev libprotozero-dev libtomlplusplus-dev libminizip-dev zlib1g-dev libboost-dev doctest-dev")

# thoplw_need(<package> VERSION <least> REPOSITORY <url> COMMIT <hash> [DISABLE <option>...])
# The installed package if it is new enough, else the pinned sources; DISABLE names their options to turn off.
function(thoplw_need package)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "VERSION;REPOSITORY;COMMIT" "DISABLE")
  find_package(${package} ${arg_VERSION} QUIET)
  if(${package}_FOUND)
    return()
  endif()
  string(TOUPPER ${package} upper)
  if(NOT FETCHCONTENT_SOURCE_DIR_${upper})
    find_package(Git QUIET)
    set(failed TRUE)
    if(GIT_FOUND)
      execute_process(COMMAND ${GIT_EXECUTABLE} ls-remote --quiet ${arg_REPOSITORY} HEAD TIMEOUT 60
                      RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
    endif()
    if(failed)
      message(FATAL_ERROR "${package} is neither installed nor can it be fetched from ${arg_REPOSITORY}: "
                          "apt-get install ${debian_packages}")
    endif()
  endif()
  message(STATUS "${package} ${arg_VERSION} is not installed: fetching ${arg_REPOSITORY} at ${arg_COMMIT}")
  foreach(option IN LISTS arg_DISABLE)
    set(${option} OFF CACHE BOOL "" FORCE)
  endforeach()
  FetchContent_Declare(${package} GIT_REPOSITORY ${arg_REPOSITORY} GIT_TAG ${arg_COMMIT})
  FetchContent_MakeAvailable(${package})
  # Warnings in their headers are not ours.
  foreach(target fmt-header-only nlohmann_json CLI11 doctest)
    if(TARGET ${target})
      get_target_property(headers ${target} INTERFACE_INCLUDE_DIRECTORIES)
      set_target_properties(${target} PROPERTIES INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${headers}")
    endif()
  endforeach()
endfunction()

# The least versions are those of Debian 12; the commits are releases 10.2.1, 3.11.3, 2.5.0 and 2.4.12.
thoplw_need(fmt VERSION 9.1 REPOSITORY https://github.com/fmtlib/fmt
            COMMIT e69e5f977d458f2650bb346dadf2ad30c5320281 DISABLE FMT_INSTALL)
thoplw_need(nlohmann_json VERSION 3.11 REPOSITORY https://github.com/nlohmann/json
            COMMIT 9cca280a4d0ccf0c08f47a99aa71d1b0e52f8d03 DISABLE JSON_BuildTests JSON_Install)
thoplw_need(CLI11 VERSION 2.1 REPOSITORY https://github.com/CLIUtils/CLI11
            COMMIT 4160d259d961cd393fd8d67590a8c7d210207348 DISABLE CLI11_INSTALL)
if(THOPLW_TESTS)
  thoplw_need(doctest VERSION 2.4 REPOSITORY https://github.com/doctest/doctest
              COMMIT 1da23a3e8119ec5cce4f9388e91b065e20bf06f5 DISABLE DOCTEST_WITH_TESTS DOCTEST_WITH_MAIN_IN_STATIC_LIB)
  set(DOCTEST_NO_INSTALL ON CACHE BOOL "" FORCE)
endif()

set(THOPLW_DEBIAN_PACKAGES "${debian_packages}")
include(${CMAKE_CURRENT_LIST_DIR}/Archives.cmake)
thoplw_library(rapidjson rapidjson/document.h)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_definitions(thoplw_rapidjson INTERFACE RAPIDJSON_SSE2)  # blanks and strings by 16 bytes: a third less time
endif()
thoplw_library(protozero protozero/pbf_reader.hpp)
thoplw_library(boost boost/multiprecision/cpp_int.hpp)
# Boost 1.74 derives from what C++17 took out of the standard, and libc++ in fact.
target_compile_definitions(thoplw_boost INTERFACE _LIBCPP_ENABLE_CXX17_REMOVED_UNARY_BINARY_FUNCTION)
thoplw_library(toml toml++/toml.h)  # Debian's CMake package links a shared library, which the headers do not need
