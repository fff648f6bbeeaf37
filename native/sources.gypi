{
  "variables": {
    "addon_sources": [
      "native/addon.cc",
      "native/backend_cpu.cc",
      "native/compat_linux.cc",
      "native/core/adam_tables.cc",
      "native/core/batches.cc",
      "native/core/grid.cc",
      "native/core/grid_blocks.cc",
      "native/core/fm_sampler.cc",
      "native/core/memory.cc",
      "native/core/parallel.cc",
      "native/core/trainer.cc",
      "native/binding/bind_device.cc",
      "native/binding/bind_sampler.cc",
      "native/binding/bind_topk.cc",
      "native/binding/bind_trainer.cc",
      "native/binding/shared_pool.cc",
      "native/binding/task.cc"
    ],
    "kernel_sources": [
      "native/kernels/evaluate_pairs.cc",
      "native/kernels/sample_fm.cc",
      "native/kernels/select_topk.cc",
      "native/kernels/sketch_samples.cc",
      "native/kernels/table.cc",
      "native/kernels/train_adam.cc",
      "native/kernels/train_batch.cc",
      "native/kernels/train_epoch.cc"
    ]
  }
}
