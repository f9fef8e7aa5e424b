# RIGPILOT_SANITIZE=address,undefined (preset dev) or thread (preset tsan): for every target of ours.
if(RIGPILOT_SANITIZE)
  add_compile_options(-fsanitize=${RIGPILOT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${RIGPILOT_SANITIZE})
endif()

# rigpilot_lightly_sanitized(TARGET [FLAGS...]): without the checks that stand at every pointer (a null one is found by its address), for
# code that is about commands and messages: a third of its compile time is theirs. FLAGS: -O0 where no loop is worth optimising.
function(rigpilot_lightly_sanitized TARGET)
  if(RIGPILOT_SANITIZE)
    target_compile_options(${TARGET} PRIVATE -fno-sanitize=null,alignment,object-size,vptr,pointer-overflow ${ARGN})
  endif()
endfunction()
