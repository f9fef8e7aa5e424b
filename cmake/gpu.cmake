# RIGPILOT_GPU=cuda (preset cuda) or hip (preset hip): the compiler of the .cu files, or one sentence on what is missing.
# The .cu files are C++20 and include no libtorch header, so they compile even where libtorch has no such device. Both
# compilers are called by name (engine/kernels/cuda/CMakeLists.txt): CMake's language HIP asks for a whole ROCm, and its
# language CUDA for a CMake that is newer than the toolkit.
if(RIGPILOT_GPU STREQUAL "")
  return()
elseif(RIGPILOT_GPU STREQUAL "cuda")
  find_program(NVCC_PROGRAM nvcc HINTS $ENV{CUDA_HOME}/bin $ENV{CUDA_PATH}/bin /usr/local/cuda/bin)
  if(NOT NVCC_PROGRAM)
    message(FATAL_ERROR "Preset cuda needs nvcc: install the CUDA toolkit, or set NVCC_PROGRAM to its nvcc.")
  endif()
  set(RIGPILOT_CUDA_ARCHITECTURES 80 89 90 CACHE STRING "NVIDIA architectures, as nvcc's sm_ takes them")
elseif(RIGPILOT_GPU STREQUAL "hip")
  find_program(HIPCC_PROGRAM hipcc HINTS $ENV{ROCM_PATH}/bin /opt/rocm/bin)
  if(NOT HIPCC_PROGRAM)
    message(FATAL_ERROR "Preset hip needs hipcc: install ROCm or Debian's package hipcc, or set HIPCC_PROGRAM to it.")
  endif()
  set(RIGPILOT_HIP_ARCHITECTURES gfx1030 CACHE STRING "AMD architectures, as --offload-arch takes them")
else()
  message(FATAL_ERROR "RIGPILOT_GPU is '${RIGPILOT_GPU}': expected empty, cuda or hip.")
endif()
