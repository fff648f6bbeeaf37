# The build that `npm ci`, `npm install` and prebuildify use. CMakeLists.txt is its twin for developers; both read
# the lists in native/sources.gypi (what) and native/flags.gypi (how), so they cannot drift apart.
{
  "includes": ["native/sources.gypi", "native/flags.gypi"],
  "target_defaults": {
    "include_dirs": ["native"],
    # Node's own settings, which would otherwise win: C++17, no exceptions, no RTTI, no strict aliasing.
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-fno-strict-aliasing", "-std=gnu++17", "-std=gnu++20"],
    "cflags_cc": ["<@(cxx_flags)"],
    "xcode_settings": {
      "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
      "CLANG_CXX_LIBRARY": "libc++",
      "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
      "GCC_ENABLE_CPP_RTTI": "YES",
      "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
      "MACOSX_DEPLOYMENT_TARGET": "11.0"  # the first with std::atomic wait and notify
    },
    "msvs_settings": {
      "VCCLCompilerTool": {
        "AdditionalOptions!": ["-std:c++17", "-std:c++20"],
        "AdditionalOptions": ["/std:c++20", "/utf-8"],
        "ExceptionHandling": 1,
        "RuntimeTypeInfo": "true"
      }
    },
    "configurations": { "Release": { "defines": ["NDEBUG"] } }
  },
  "targets": [
    {
      "target_name": "palate",
      "sources": ["<@(addon_sources)"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      # The last one: a worker that is being terminated can be thrown nothing, and must not take the process along.
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "dependencies": ["kernels_base"],
      "conditions": [
        ["target_arch=='x64' and OS!='win'", {
          "defines": ["HAVE_X86_LEVELS"],
          "dependencies": ["kernels_avx2", "kernels_avx512"]
        }],
        ["OS=='linux'", { "libraries": ["-ldl"] }]
      ]
    },
    # gyp has no flags by file, so each level of the kernels is a target that compiles the same sources.
    {
      "target_name": "kernels_base",
      "type": "static_library",
      "sources": ["<@(kernel_sources)"],
      "defines": ["KERNEL_NS=k_base", "PALATE_LEVEL_BASE"],
      "cflags_cc": ["<@(kernel_flags)"],
      "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["<@(kernel_flags)"] },
      "conditions": [["target_arch=='x64' and OS!='win'", { "cflags_cc": ["<@(x64_base_flags)"] }]]
    }
  ],
  "conditions": [
    ["target_arch=='x64' and OS!='win'", {
      "targets": [
        {
          "target_name": "kernels_avx2",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["KERNEL_NS=k_avx2", "PALATE_LEVEL_AVX2"],
          "cflags_cc": ["<@(kernel_flags)", "<@(avx2_flags)"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["<@(kernel_flags)", "<@(avx2_flags)"] }
        },
        {
          "target_name": "kernels_avx512",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["KERNEL_NS=k_avx512", "PALATE_LEVEL_AVX512"],
          "cflags_cc": ["<@(kernel_flags)", "<@(avx512_flags)"],
          "xcode_settings": { "OTHER_CPLUSPLUSFLAGS": ["<@(kernel_flags)", "<@(avx512_flags)"] }
        }
      ]
    }]
  ]
}
