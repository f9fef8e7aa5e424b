# Fuzz targets: fuzz/NAME.cpp defines LLVMFuzzerTestOneInput over one parser of outside bytes; seeds in fuzz/seeds/NAME/.
# With clang and RIGPILOT_SANITIZE they link libFuzzer; everywhere ctest replays the seeds and mutates them for two seconds.
