#include "core/device.h"

#include "core/finite.h"

namespace palate {

Device::Device(const DeviceChoice& choice) : backend_(choice.backend) {
  if (backend_ != nullptr) memory_ = backend_->device->open(choice.ordinal);
}

Device::~Device() {
  if (memory_ != nullptr) backend_->device->close(memory_);
}

Status Device::fetch(std::initializer_list<const void*> arrays) {
  Status status = Status::ok;
  if (memory_ == nullptr) return status;
  for (const void* array : arrays) {
    if (array != nullptr && status == Status::ok) status = backend_->device->fetch(*memory_, array);
  }
  return status;
}

void Device::forget(std::initializer_list<const void*> arrays) {
  if (memory_ == nullptr) return;
  for (const void* array : arrays) {
    if (array != nullptr) backend_->device->forget(*memory_, array);
  }
}

Status Device::check_finite(const float* values, std::size_t count, Pool& pool) {
  bool finite = true;
  Status status = Status::ok;
  if (memory_ == nullptr) {
    finite = all_finite(values, count, pool);
  } else {
    status = backend_->device->all_finite(*memory_, values, count, finite);
  }
  return status == Status::ok && !finite ? Status::diverged : status;
}

Status Device::status() const { return memory_ == nullptr ? Status::ok : backend_->device->status(*memory_); }

std::string Device::failure() const { return memory_ == nullptr ? "" : backend_->device->failure(*memory_); }

}  // namespace palate
