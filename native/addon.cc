#include <napi.h>

#include "binding/bind.h"

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  palate::bind_counts(env, exports);
  palate::bind_als(env, exports);
  palate::bind_device(env, exports);
  palate::bind_device_memory(env, exports);
  palate::bind_fold(env, exports);
  palate::bind_item_pairs(env, exports);
  palate::bind_sampler(env, exports);
  palate::bind_softmax(env, exports);
  palate::bind_topk(env, exports);
  palate::bind_trainer(env, exports);
  palate::bind_weights(env, exports);
  return exports;
}

NODE_API_MODULE(palate, init)
