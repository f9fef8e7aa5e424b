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

# -DRIGPILOT_UNITY=ON compiles some files of a target as one, for builds from nothing (scripts/test does, with sanitizers): what CLI11 is made
# of is compiled once for ten commands. rigpilot_unity(TARGET [APART files...]): no two files of it use a name alike but these.
option(RIGPILOT_UNITY "Compile some files together: for builds from nothing" OFF)
function(rigpilot_unity TARGET)
  cmake_parse_arguments(UNITY "" "" "APART" ${ARGN})
  if(RIGPILOT_UNITY)
    set_target_properties(${TARGET} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 10)
    set_source_files_properties(${UNITY_APART} TARGET_DIRECTORY ${TARGET} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()
