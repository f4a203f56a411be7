# Runs the programs FIRST and SECOND; fails unless both succeed and print the same.
foreach(program FIRST SECOND)
  execute_process(COMMAND ${${program}} OUTPUT_VARIABLE ${program}_output COMMAND_ERROR_IS_FATAL ANY)
  message("${${program}}\n${${program}_output}")
endforeach()
if(FIRST_output STREQUAL "" OR NOT FIRST_output STREQUAL SECOND_output)
  message(FATAL_ERROR "The outputs differ.")
endif()
