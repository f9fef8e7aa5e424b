# rigpilot_library(NAME [TORCH] DEPENDS libs... SOURCES files...): a static library of one folder of the house.
# rigpilot_sources(OUT dir...): every .cpp in these folders (not below), looked up again when files come and go.
function(rigpilot_sources OUT)
  set(found)
  foreach(dir ${ARGN})
    file(GLOB here CONFIGURE_DEPENDS ${dir}/*.cpp)
    list(APPEND found ${here})
  endforeach()
  set(${OUT} ${found} PARENT_SCOPE)
endfunction()

function(rigpilot_library NAME)
  cmake_parse_arguments(LIB "" "" "DEPENDS;SOURCES" ${ARGN})
  add_library(${NAME} STATIC ${LIB_SOURCES})
  target_include_directories(${NAME} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${NAME} PUBLIC ${LIB_DEPENDS} PRIVATE rigpilot_warnings)
endfunction()
