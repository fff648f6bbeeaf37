# The CUDA library beside the addon, where nvcc is found; without it the build is the same, and silent.
find_program(PALATE_NVCC nvcc HINTS ENV CUDA_HOME ENV CUDA_PATH PATH_SUFFIXES bin)
mark_as_advanced(PALATE_NVCC)
if(NOT PALATE_NVCC OR NOT CMAKE_SYSTEM_NAME STREQUAL Linux)
  return()
endif()
set(CMAKE_CUDA_COMPILER ${PALATE_NVCC})
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  # Code for Turing, Ampere (Ada runs it too) and Hopper, and PTX that later GPUs translate when they load it.
  set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 90-real 90-virtual)
endif()
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know that nvcc has it
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
endif()

gypi_list(native/sources.gypi cuda_sources CUDA_SOURCES)
gypi_list(native/flags.gypi cuda_flags CUDA_FLAGS)
add_library(palate_cuda SHARED ${CUDA_SOURCES})
set_target_properties(palate_cuda PROPERTIES
  CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON CUDA_EXTENSIONS OFF
  CUDA_RUNTIME_LIBRARY Static CUDA_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
target_include_directories(palate_cuda PRIVATE native)
target_compile_options(palate_cuda PRIVATE ${CUDA_FLAGS})
target_link_options(palate_cuda PRIVATE LINKER:--exclude-libs,ALL)
