{
  "variables": {
    "cxx_flags": ["-std=c++20", "-fexceptions", "-fvisibility=hidden", "-fvisibility-inlines-hidden", "-Wall", "-Wextra"],
    "kernel_flags": ["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off"],
    "x64_base_flags": ["-march=x86-64"],
    "avx2_flags": ["-mavx2", "-mfma", "-mbmi", "-mbmi2", "-mprfchw"],
    "avx512_flags": [
      "-mavx2", "-mfma", "-mbmi", "-mbmi2", "-mprfchw",
      "-mavx512f", "-mavx512bw", "-mavx512cd", "-mavx512dq", "-mavx512vl", "-mprefer-vector-width=512",
      "-Wno-unknown-warning-option", "-Wno-maybe-uninitialized", "-Wno-uninitialized"
    ],
    "cuda_flags": ["--expt-relaxed-constexpr", "-Werror=all-warnings", "-Xfatbin=-compress-all", "-Xcompiler=-Wall,-Wextra"]
  }
}
