# RIGPILOT_SANITIZE=address,undefined (preset dev) or thread (preset tsan): for every target of ours.
if(RIGPILOT_SANITIZE)
  add_compile_options(-fsanitize=${RIGPILOT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${RIGPILOT_SANITIZE})
endif()
