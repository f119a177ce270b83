# Writes OUTPUT, a C++ file with the frame, the style and the scripts of the page in FOLDER: as numbers, since compilers
# limit how long a string literal may be. A character that is not ASCII would be a narrowing, so an error there.
cmake_minimum_required(VERSION 3.22)

# The text of FILES, parted by commas, as the constant thoplw::page::NAME.
function(embed name files)
  set(numbers "")
  string(REPLACE "," ";" files "${files}")
  foreach(file IN LISTS files)
    file(READ ${FOLDER}/${file} hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(APPEND numbers "${bytes}\n")
  endforeach()
  string(APPEND text "constexpr char k_${name}[] = {\n${numbers}};\n"
                     "constinit const std::string_view ${name}{k_${name}, sizeof k_${name}};\n")
  set(text "${text}" PARENT_SCOPE)
endfunction()

set(text "// Written by cmake/Embed.cmake.\n#include \"render/page/assets/assets.h\"\n\nnamespace thoplw::page {\n")
embed(frame ${FRAME})
embed(style ${STYLE})
embed(script ${SCRIPTS})
string(APPEND text "}  // namespace thoplw::page\n")
file(WRITE ${OUTPUT} "${text}")
