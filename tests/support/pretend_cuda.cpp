// GPUs for the CPU build of PyTorch: a device type `cuda` with several devices, whose memory is the host's and
// whose kernels are the CPU's.
//
// Real are the device of every tensor, the refusal of operations on tensors of two devices, and autograd's
// thread for each device. An asynchronous copy to the host is as bad as it can be: it has not happened until
// something waits for it, and until then the target holds NaN, or -1 where there is no NaN. Every operation
// and every copy is written down if asked for.

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/core/stack.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

namespace {

using at::Device;
using at::DeviceIndex;
using at::IntArrayRef;
using at::ScalarType;
using at::Tensor;
using c10::IValue;
template <typename T> using Maybe = std::optional<T>;

constexpr DeviceIndex kHost = -1;
DeviceIndex device_count = 1;
thread_local DeviceIndex current_device = 0;

Device gpu(DeviceIndex index) {
  return Device(at::kCUDA, index < 0 ? current_device : index);
}

// ---- What happened: an operation on one device, or a copy between two.

struct Event {
  std::string name;
  DeviceIndex origin, target;
  int64_t bytes;
  bool waited;
};
std::mutex log_lock;
std::vector<Event> events;
bool logging = false;

void write_down(std::string name, DeviceIndex origin, DeviceIndex target, int64_t bytes = 0, bool waited = false) {
  std::lock_guard<std::mutex> guard(log_lock);
  if (logging) events.push_back({std::move(name), origin, target, bytes, waited});
}

// ---- Copies to the host that are still under way.

std::mutex pending_lock;
std::vector<std::function<void()>> pending;

void wait_for_all() {
  std::vector<std::function<void()>> arrived;
  {
    std::lock_guard<std::mutex> guard(pending_lock);
    arrived.swap(pending);
  }
  for (auto& finish : arrived) finish();
}

// ---- Devices, memory, and what PyTorch asks about CUDA.

struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return at::kCUDA; }
  Device getDevice() const override { return gpu(current_device); }
  Device exchangeDevice(Device device) const override {
    auto before = getDevice();
    setDevice(device);
    return before;
  }
  void setDevice(Device device) const override { current_device = gpu(device.index()).index(); }
  void uncheckedSetDevice(Device device) const noexcept override { setDevice(device); }
  DeviceIndex deviceCount() const noexcept override { return device_count; }
  c10::Stream getStream(Device device) const override {
    return c10::Stream(c10::Stream::DEFAULT, gpu(device.index()));
  }
  c10::Stream getDefaultStream(Device device) const override { return getStream(device); }
  c10::Stream exchangeStream(c10::Stream stream) const override { return stream; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override { wait_for_all(); }
  void synchronizeDevice(const DeviceIndex) const override { wait_for_all(); }
  void record(void**, const c10::Stream&, const DeviceIndex, const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  void synchronizeEvent(void*) const override {}
};
C10_REGISTER_GUARD_IMPL(CUDA, Guard)

struct Memory final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    auto host = c10::GetDefaultCPUAllocator()->allocate(bytes);
    auto* data = host.get();
    auto* context = host.get_context();
    auto deleter = host.get_deleter();
    host.release_context();
    return c10::DataPtr(data, context, deleter, gpu(current_device));
  }
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void* target, const void* source, std::size_t bytes) const override {
    std::memcpy(target, source, bytes);
  }
} memory;

// ---- Tensors of a device.

template <typename Make> Tensor on_device(Maybe<Device> device, Make make) {
  auto index = gpu(device ? device->index() : kHost).index();
  TORCH_CHECK(index < device_count, "CUDA error: invalid device ordinal");
  auto before = current_device;
  current_device = index;
  auto made = make();
  current_device = before;
  return made;
}

ScalarType type_or_default(Maybe<ScalarType> type) {
  return type.value_or(c10::typeMetaToScalarType(c10::get_default_dtype()));
}

Tensor empty(IntArrayRef size, Maybe<ScalarType> type, Maybe<at::Layout>, Maybe<Device> device, Maybe<bool>,
             Maybe<at::MemoryFormat> format) {
  return on_device(device, [&] {
    return at::detail::empty_generic(size, &memory, c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                     type_or_default(type), format);
  });
}

Tensor empty_strided(IntArrayRef size, IntArrayRef stride, Maybe<ScalarType> type, Maybe<at::Layout>,
                     Maybe<Device> device, Maybe<bool>) {
  return on_device(device, [&] {
    return at::detail::empty_strided_generic(size, stride, &memory, c10::DispatchKeySet(c10::DispatchKey::CUDA),
                                             type_or_default(type));
  });
}

// The same memory as a tensor of the CPU.
Tensor as_host(const Tensor& tensor) {
  if (!tensor.defined() || !tensor.is_cuda()) return tensor;
  return at::from_blob(tensor.data_ptr(), tensor.sizes(), tensor.strides(), [tensor](void*) {},
                       tensor.options().device(at::kCPU));
}

Tensor as_device(const Tensor& host, DeviceIndex device) {
  if (!host.defined()) return host;
  auto dense = host.is_non_overlapping_and_dense() ? host : host.contiguous();
  auto made = empty_strided(dense.sizes(), dense.strides(), dense.scalar_type(), {}, gpu(device), {});
  if (dense.numel()) as_host(made).copy_(dense);
  return made;
}

// A value of the stack with every tensor in it changed.
template <typename Change> IValue with_tensors(const IValue& value, Change change) {
  if (value.isTensor()) return change(value.toTensor());
  if (value.isTensorList()) {
    c10::List<Tensor> changed;
    for (const Tensor& tensor : value.toTensorList()) changed.push_back(change(tensor));
    return changed;
  }
  if (value.isOptionalTensorList()) {
    c10::List<Maybe<Tensor>> changed;
    for (Maybe<Tensor> tensor : value.toOptionalTensorList())
      changed.push_back(tensor ? Maybe<Tensor>(change(*tensor)) : tensor);
    return changed;
  }
  return value;
}

// ---- Any operation: on the CPU, its results on the device of its arguments.

// The one device of all arguments. Numbers in tensors of the CPU go with any device.
DeviceIndex device_of(const std::vector<IValue>& arguments, const std::string& name) {
  DeviceIndex found = kHost;
  bool on_cpu = false;
  for (const auto& argument : arguments)
    with_tensors(argument, [&](const Tensor& tensor) {
      if (!tensor.defined()) return tensor;
      if (!tensor.is_cuda()) {
        on_cpu = on_cpu || tensor.dim() > 0;
        return tensor;
      }
      auto index = tensor.device().index();
      TORCH_CHECK(found == kHost || found == index, "Expected all tensors to be on the same device, but found ",
                  "cuda:", int(found), " and cuda:", int(index), " (", name, ")");
      found = index;
      return tensor;
    });
  TORCH_CHECK(found == kHost || !on_cpu, "Expected all tensors to be on the same device, but found cuda:",
              int(found), " and cpu (", name, ")");
  return found;
}

bool is_written(const c10::Argument& argument) {
  return argument.alias_info() && argument.alias_info()->isWrite();
}

void carry_out(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& schema = op.schema();
  const auto count = schema.arguments().size();
  const auto begin = stack->size() - count;
  const std::vector<IValue> arguments(stack->begin() + begin, stack->end());
  const auto name = schema.name().substr(schema.name().find("::") + 2);
  auto device = device_of(arguments, name);
  for (size_t i = 0; i < count; ++i) {
    auto& argument = (*stack)[begin + i];
    if (argument.isDevice()) {
      if (device == kHost) device = argument.toDevice().index();
      argument = Device(at::kCPU);
      continue;
    }
    const bool written = is_written(schema.arguments()[i]);
    argument = with_tensors(argument, [&](const Tensor& tensor) {
      // An empty one that is written may be made larger, which memory of another tensor cannot be.
      if (written && tensor.defined() && tensor.is_cuda() && !tensor.numel())
        return at::empty(tensor.sizes(), tensor.options().device(at::kCPU));
      return as_host(tensor);
    });
  }
  device = gpu(device).index();
  const bool waited = name == "_local_scalar_dense";
  if (waited) wait_for_all();
  write_down(name, device, device, 0, waited);

  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);

  const auto first = stack->size() - schema.returns().size();
  for (size_t r = 0; r < schema.returns().size(); ++r) {
    auto& result = (*stack)[first + r];
    const auto* alias = schema.returns()[r].alias_info();
    if (!alias || !alias->isWrite()) {
      result = with_tensors(result, [&](const Tensor& tensor) { return as_device(tensor, device); });
      continue;
    }
    for (size_t i = 0; i < count; ++i) {
      if (!is_written(schema.arguments()[i])) continue;
      if (schema.arguments()[i].alias_info()->beforeSets() != alias->beforeSets()) continue;
      if (arguments[i].isTensor() && result.isTensor()) {
        auto target = arguments[i].toTensor();
        const auto& made = result.toTensor();
        if (target.is_cuda() && made.sizes() != target.sizes()) {
          target.resize_(made.sizes());
          as_host(target).copy_(made);
        }
      }
      result = arguments[i];
      break;
    }
  }
}

// ---- Copies.

Tensor& copy(Tensor& target, const Tensor& source, bool non_blocking) {
  const auto from = source.is_cuda() ? source.device().index() : kHost;
  const auto to = target.is_cuda() ? target.device().index() : kHost;
  const auto bytes = int64_t(source.numel() * source.element_size());
  write_down("copy", from, to, bytes, !non_blocking && (from == kHost || to == kHost));
  auto values = as_host(source.expand(target.sizes()));
  if (to != kHost || !non_blocking) {
    if (!non_blocking && from != to) wait_for_all();
    as_host(target).copy_(values);
    return target;
  }
  auto kept = values.clone();
  if (target.numel()) target.fill_(target.is_floating_point() ? std::nan("") : -1);
  std::lock_guard<std::mutex> guard(pending_lock);
  pending.push_back([target, kept]() mutable {
    at::NoGradGuard no_grad;
    at::AutoDispatchBelowADInplaceOrView below;
    target.copy_(kept);
  });
  return target;
}

Tensor copy_from_and_resize(const Tensor& source, const Tensor& target) {
  const_cast<Tensor&>(target).copy_(source);
  return target;
}

const Tensor& resize(const Tensor& tensor, IntArrayRef size, Maybe<at::MemoryFormat>) {
  int64_t bytes = tensor.element_size();
  for (auto length : size) bytes *= length;
  if (int64_t(tensor.storage().nbytes()) < bytes) {
    auto fresh = empty(size, tensor.scalar_type(), {}, tensor.device(), {}, {});
    auto* storage = tensor.storage().unsafeGetStorageImpl();
    storage->set_data_ptr(std::move(fresh.storage().unsafeGetStorageImpl()->mutable_data_ptr()));
    storage->set_nbytes(bytes);
  }
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous(size);
  return tensor;
}

}  // namespace

namespace at {

struct PretendHooks : CUDAHooksInterface {
  PretendHooks(CUDAHooksArgs) {}
  void init() const override {}
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasCUDA() const override { return true; }
  bool hasPrimaryContext(DeviceIndex) const override { return true; }
  DeviceIndex deviceCount() const override { return device_count; }
  int getNumGPUs() const override { return device_count; }
  DeviceIndex current_device() const override { return ::current_device; }
  DeviceIndex getCurrentDevice() const override { return ::current_device; }
  void setCurrentDevice(DeviceIndex device) const override { ::current_device = device; }
  DeviceIndex exchangeDevice(DeviceIndex device) const override { return std::exchange(::current_device, device); }
  DeviceIndex maybeExchangeDevice(DeviceIndex device) const override { return exchangeDevice(device); }
  Allocator* getPinnedMemoryAllocator() const override { return c10::GetDefaultCPUAllocator(); }
  Device getDeviceFromPtr(void*) const override { return gpu(::current_device); }
};
C10_REGISTER_TYPED_CLASS(CUDAHooksRegistry, "CUDAHooks", PretendHooks)

}  // namespace at

TORCH_LIBRARY_IMPL(_, CUDA, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&carry_out>());
}

TORCH_LIBRARY_IMPL(aten, CUDA, library) {
  library.impl("empty.memory_format", empty);
  library.impl("empty_strided", empty_strided);
  library.impl("as_strided", at::native::as_strided_tensorimpl);
  library.impl("view", static_cast<Tensor (*)(const Tensor&, IntArrayRef)>(&at::native::view));
  library.impl("_reshape_alias",
               static_cast<Tensor (*)(const Tensor&, IntArrayRef, IntArrayRef)>(&at::native::_reshape_alias));
  library.impl("unfold", at::native::unfold);
  library.impl("resize_", resize);
  library.impl("copy_", copy);
  library.impl("_copy_from_and_resize", copy_from_and_resize);
  // These choose their kernel by the device, before the fallback is asked.
  for (auto name : {"convolution", "convolution_backward", "_pin_memory"})
    library.impl(name, torch::CppFunction::makeFromBoxedFunction<&carry_out>());
}

extern "C" {

void pretend_devices(int count) { device_count = DeviceIndex(count); }

void pretend_synchronize() { wait_for_all(); }

// The events since the last call, a line each: name, origin, target, bytes, waited.
const char* pretend_events(bool go_on) {
  static std::string text;
  std::ostringstream lines;
  std::lock_guard<std::mutex> guard(log_lock);
  for (const auto& event : events)
    lines << event.name << '\t' << int(event.origin) << '\t' << int(event.target) << '\t' << event.bytes << '\t'
          << event.waited << '\n';
  events.clear();
  logging = go_on;
  text = lines.str();
  return text.c_str();
}

}  // extern "C"
