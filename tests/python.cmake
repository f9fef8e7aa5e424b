# The tests written in Python: each FILE is a pytest module; it finds the program under test in $RIGPILOT.
find_program(RIGPILOT_PYTHON python3 HINTS ${PROJECT_SOURCE_DIR}/.venv/bin NO_DEFAULT_PATH)
function(rigpilot_python_test NAME FILE)
  cmake_parse_arguments(TEST "" "TIMEOUT" "LABELS" ${ARGN})
  if(NOT RIGPILOT_PYTHON)
    message(STATUS "${NAME}: left out, there is no .venv (scripts/setup makes it)")
    return()
  endif()
  add_test(NAME ${NAME} COMMAND ${RIGPILOT_PYTHON} -m pytest -q -p no:cacheprovider ${CMAKE_CURRENT_SOURCE_DIR}/${FILE})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 600)
  endif()
  set_tests_properties(${NAME} PROPERTIES LABELS "python;${TEST_LABELS}" TIMEOUT ${TEST_TIMEOUT}
    ENVIRONMENT "RIGPILOT=${CMAKE_BINARY_DIR}/rigpilot;RIGPILOT_BUILD=${CMAKE_BINARY_DIR};PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/support;PYTHONDONTWRITEBYTECODE=1")
endfunction()
# Added below, one line a module, beside the modules' own folders:
rigpilot_python_test(tidy tidy/tidy_test.py LABELS fast)
rigpilot_python_test(parity parity/parity_test.py LABELS weights)
rigpilot_python_test(gguf_blocks engine/weights/blocks_test.py LABELS fast)
