# Each C++ library that thoplw is built with: the one that is installed, or else pinned sources, which are fetched.
include_guard()
include(FetchContent)
set(FETCHCONTENT_QUIET ON)
option(THOPLW_BUNDLED "build with the pinned sources of all libraries, whatever is installed" OFF)
set(debian_packages "libfmt-dev nlohmann-json3-dev libcli11-dev rapidjson-dev libprotozero-dev libtomlplusplus-dev libminizip-dev zlib1g-dev libboost-dev doctest-dev")
set(THOPLW_GITHUB https://github.com CACHE STRING "where the pinned sources are fetched from: GitHub, or a mirror with its paths")

# thoplw_fetch(<name> <url> <sha256>): the folder of the unpacked sources, as <name>_SOURCE_DIR. Of them only headers and
# the files named below are used, never their own build.
function(thoplw_fetch name url sha256)
  string(TOUPPER ${name} upper)
  if(NOT FETCHCONTENT_SOURCE_DIR_${upper})
    set(archive ${FETCHCONTENT_BASE_DIR}/${name}.tar.gz)
    message(STATUS "${name} from ${url}")
    file(DOWNLOAD ${url} ${archive} EXPECTED_HASH SHA256=${sha256} STATUS status INACTIVITY_TIMEOUT 60)
    if(NOT status MATCHES "^0;")
      file(REMOVE ${archive})
      message(FATAL_ERROR "${name} is neither installed nor can it be fetched from ${url} (${status}). On Debian: "
                          "apt-get install ${debian_packages}. Elsewhere unpack that archive, and say where: "
                          "-DFETCHCONTENT_SOURCE_DIR_${upper}=FOLDER")
    endif()
    set(url ${archive})
  endif()
  if(POLICY CMP0135)
    cmake_policy(SET CMP0135 NEW)
  endif()
  FetchContent_Declare(${name} URL ${url} URL_HASH SHA256=${sha256} SOURCE_SUBDIR none)
  FetchContent_MakeAvailable(${name})
  set(${name}_SOURCE_DIR ${${name}_SOURCE_DIR} PARENT_SCOPE)
endfunction()

# thoplw_headers(<name> <header> <url> <sha256> [INSTALLED <package> <least version> <target>] [DEFINE <definition>...])
# The target thoplw_<name>: a library of headers alone. Warnings in them are not ours.
function(thoplw_headers name header url sha256)
  cmake_parse_arguments(PARSE_ARGV 4 arg "" "" "INSTALLED;DEFINE")
  add_library(thoplw_${name} INTERFACE IMPORTED GLOBAL)
  target_compile_definitions(thoplw_${name} INTERFACE ${arg_DEFINE})
  set(folder "")
  if(arg_INSTALLED AND NOT THOPLW_BUNDLED)
    list(GET arg_INSTALLED 0 package)
    list(GET arg_INSTALLED 1 least)
    list(GET arg_INSTALLED 2 target)
    find_package(${package} ${least} QUIET)
    if(${package}_FOUND)
      target_link_libraries(thoplw_${name} INTERFACE ${target})
      return()
    endif()
  elseif(NOT THOPLW_BUNDLED)
    find_path(THOPLW_${name}_INCLUDE_DIR ${header})
    mark_as_advanced(THOPLW_${name}_INCLUDE_DIR)
    set(folder ${THOPLW_${name}_INCLUDE_DIR})
  endif()
  if(NOT folder)
    thoplw_fetch(${name} ${url} ${sha256})
    set(${name}_SOURCE_DIR ${${name}_SOURCE_DIR} PARENT_SCOPE)
    set(folder ${${name}_SOURCE_DIR})
    if(NOT EXISTS ${folder}/${header})
      set(folder ${folder}/include)
    endif()
    if(NOT EXISTS ${folder}/${header})
      message(FATAL_ERROR "${name}: ${header} is not in ${${name}_SOURCE_DIR}, where it should be, nor in its include/")
    endif()
  endif()
  target_include_directories(thoplw_${name} SYSTEM INTERFACE ${folder})
endfunction()

# The least versions are those of Debian 12, the pinned ones those of Debian 13, but for RapidJSON: its last release is of
# 2016, and no compiler of today takes all of it.
thoplw_headers(fmt fmt/format.h ${THOPLW_GITHUB}/fmtlib/fmt/archive/refs/tags/10.1.1.tar.gz
               78b8c0a72b1c35e4443a7e308df52498252d1cefc2b08c9a97bc9ee6cfe61f8b
               INSTALLED fmt 9.1 fmt::fmt-header-only DEFINE FMT_HEADER_ONLY=1)
if(fmt_SOURCE_DIR)
  target_compile_definitions(thoplw_fmt INTERFACE FMT_CONSTEVAL=)  # clang 22 rejects how it checks formats while compiling
endif()
thoplw_headers(json nlohmann/json.hpp ${THOPLW_GITHUB}/nlohmann/json/archive/refs/tags/v3.11.3.tar.gz
               0d8ef5af7f9794e3263480193c491549b2ba6cc74bb018906202ada498a79406
               INSTALLED nlohmann_json 3.11 nlohmann_json::nlohmann_json)
thoplw_headers(cli11 CLI/CLI.hpp ${THOPLW_GITHUB}/CLIUtils/CLI11/archive/refs/tags/v2.4.1.tar.gz
               73b7ec52261ce8fe980a29df6b4ceb66243bb0b779451dbd3d014cfec9fdbb58 INSTALLED CLI11 2.1 CLI11::CLI11)
thoplw_headers(rapidjson rapidjson/document.h
               ${THOPLW_GITHUB}/Tencent/rapidjson/archive/24b5e7a8b27f42fa16b96fc70aade9106cf7102f.tar.gz
               2d2601a82d2d3b7e143a3c8d43ef616671391034bc46891a9816b79cf2d3e7a8)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_definitions(thoplw_rapidjson INTERFACE RAPIDJSON_SSE2)  # blanks and strings by 16 bytes: a third less time
endif()
thoplw_headers(protozero protozero/pbf_reader.hpp ${THOPLW_GITHUB}/mapbox/protozero/archive/refs/tags/v1.8.1.tar.gz
               6c7a896f1dc08435e8cd4f3780ff688cd0bfce6890599b755f6f3cb36398dc25)
# Debian's CMake package links a shared library, which the headers do not need.
thoplw_headers(toml toml++/toml.h ${THOPLW_GITHUB}/marzer/tomlplusplus/archive/refs/tags/v3.4.0.tar.gz
               8517f65938a4faae9ccf8ebb36631a38c1cadfb5efa85d9a72e15b9e97d25155)
# Boost 1.74 derives from what C++17 took out of the standard, and libc++ in fact. The pinned sources, told that they stand
# alone, need nothing else of Boost but its Config.
thoplw_headers(boost boost/multiprecision/cpp_int.hpp
               ${THOPLW_GITHUB}/boostorg/multiprecision/archive/refs/tags/boost-1.83.0.tar.gz
               ac9814552665051fa528206d8d3f8415015e2ab73220e1d7c0277bab03bd6d3e
               DEFINE _LIBCPP_ENABLE_CXX17_REMOVED_UNARY_BINARY_FUNCTION)
thoplw_headers(boost_config boost/config.hpp ${THOPLW_GITHUB}/boostorg/config/archive/refs/tags/boost-1.83.0.tar.gz
               b927c5e02c41aa833b7d5c4f9c09dd7668e7aff1086a5e3b6257d4e4825601b0)
target_link_libraries(thoplw_boost INTERFACE thoplw_boost_config)
if(boost_SOURCE_DIR)
  target_compile_definitions(thoplw_boost INTERFACE BOOST_MP_STANDALONE)
endif()
if(THOPLW_TESTS)
  thoplw_headers(doctest doctest/doctest.h ${THOPLW_GITHUB}/doctest/doctest/archive/refs/tags/v2.4.11.tar.gz
                 632ed2c05a7f53fa961381497bf8069093f0d6628c5f26286161fbd32a560186 INSTALLED doctest 2.4 doctest::doctest)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 22)
    target_compile_options(thoplw_doctest INTERFACE -Wno-c2y-extensions)  # __COUNTER__, in what its macros become
  endif()
endif()

include(${CMAKE_CURRENT_LIST_DIR}/Archives.cmake)
if(NOT THOPLW_BUNDLED)
  thoplw_archives()
endif()
set(thoplw_archives thoplw_minizip thoplw_zlib)
set(THOPLW_ZLIB_INSIDE FALSE)
if(NOT TARGET thoplw_zlib)
  # What unpacks, and for the tests what packs. It becomes part of libthoplw.a, which then needs no other archive.
  set(THOPLW_ZLIB_INSIDE TRUE)
  enable_language(C)
  thoplw_fetch(zlib ${THOPLW_GITHUB}/madler/zlib/releases/download/v1.3.1/zlib-1.3.1.tar.gz
               9a93b2b7dfdac77ceba5a558a580e74667dd6fede4585b91eefb60f03b72df23)
  set(parts adler32 compress crc32 deflate inffast inflate inftrees trees zutil contrib/minizip/ioapi contrib/minizip/unzip)
  list(TRANSFORM parts REPLACE "(.+)" "${zlib_SOURCE_DIR}/\\1.c" OUTPUT_VARIABLE zlib_sources)
  add_library(thoplw_zlib_objects OBJECT ${zlib_sources})
  set_target_properties(thoplw_zlib_objects PROPERTIES C_VISIBILITY_PRESET hidden)
  target_include_directories(thoplw_zlib_objects PRIVATE ${zlib_SOURCE_DIR})
  target_compile_definitions(thoplw_zlib_objects PRIVATE NOUNCRYPT)
  add_library(thoplw_zlib INTERFACE IMPORTED GLOBAL)
  target_include_directories(thoplw_zlib SYSTEM INTERFACE ${zlib_SOURCE_DIR} ${zlib_SOURCE_DIR}/contrib)
  set(thoplw_archives $<BUILD_INTERFACE:thoplw_zlib>)
endif()
