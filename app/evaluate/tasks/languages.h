// languages.h: how a program of a task is put together, built and run in each language that can be tested.
// language_called() by the task's language; program_of() its source; missing_tool() what is not installed here.
// A program has passed its tests where its last step ends with the language's `passed` code. Pure, but for a look into PATH.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/evaluate/tasks/task_file.h"

namespace app {

struct TaskLanguage {
  std::string_view key;     // first part of a task_id: "CPP"
  std::string_view name;    // for people
  std::string_view editor;  // as editors call it
  std::string_view file;    // the source's name
  std::vector<std::vector<std::string>> steps;  // the last one runs the tests
  int passed = 0;
  bool reserves_memory = false;
};

const std::vector<TaskLanguage>& task_languages();
const TaskLanguage* language_called(std::string_view key);  // null: its tests cannot be run
std::string program_of(const Task& task, const TaskLanguage& language, std::string_view code);
std::string missing_tool(const TaskLanguage& language);  // a program's name; empty: all are there

}  // namespace app
