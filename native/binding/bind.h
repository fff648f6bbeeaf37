// What each binding file adds to the addon's exports.
#pragma once

#include <napi.h>

namespace palate {

void bind_counts(Napi::Env env, Napi::Object exports);
void bind_als(Napi::Env env, Napi::Object exports);
void bind_device(Napi::Env env, Napi::Object exports);
void bind_device_memory(Napi::Env env, Napi::Object exports);
void bind_fold(Napi::Env env, Napi::Object exports);
void bind_item_pairs(Napi::Env env, Napi::Object exports);
void bind_sampler(Napi::Env env, Napi::Object exports);
void bind_softmax(Napi::Env env, Napi::Object exports);
void bind_topk(Napi::Env env, Napi::Object exports);
void bind_trainer(Napi::Env env, Napi::Object exports);
void bind_weights(Napi::Env env, Napi::Object exports);

}  // namespace palate
