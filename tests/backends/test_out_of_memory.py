"""Every way in which a device's memory is said to have run out becomes one message.

The texts are those of the libraries; there is no GPU here to say them.
"""

from __future__ import annotations

import pytest
import tensorflow as tf
import torch

import specnet_tensorflow.out_of_memory
import specnet_torch.out_of_memory

TORCH = [
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity"),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_NOT_INITIALIZED"),
    RuntimeError("Unable to find a valid cuDNN algorithm to run convolution"),
    RuntimeError("FIND was unable to find an engine to execute this computation"),
    RuntimeError("GET was unable to find an engine to execute this computation"),
    RuntimeError("cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate(handle)`"),
    RuntimeError("CUDA error: CUSPARSE_STATUS_INSUFFICIENT_RESOURCES when calling `cusparseCreate`"),
    RuntimeError("cuFFT error: CUFFT_ALLOC_FAILED"),
    RuntimeError("CUDA driver error: out of memory"),
    RuntimeError("nvrtc: error: NVRTC_ERROR_OUT_OF_MEMORY"),
    RuntimeError("HIP out of memory. Tried to allocate 20.00 MiB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
    RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
    RuntimeError("std::bad_alloc"),
]
TORCH_OTHERS = [
    RuntimeError("CUDA error: an illegal memory access was encountered"),
    RuntimeError("CUDA error: device-side assert triggered"),
    RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    RuntimeError("CUDA error: no kernel image is available for execution on the device"),
    RuntimeError("Expected all tensors to be on the same device, but found at least two devices"),
]
TENSORFLOW = [
    tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[128,96,55,55]"),
    tf.errors.InternalError(
        None, None, "CUDA runtime implicit initialization on GPU:0 failed. Status: out of memory"
    ),
    tf.errors.InternalError(None, None, "cudaSetDevice() on GPU:0 failed. Status: out of memory"),
    tf.errors.InternalError(
        None, None, "Failed copying input tensor from CPU:0 to GPU:0: Dst tensor is not initialized."
    ),
    tf.errors.InternalError(None, None, "Failed to allocate 1024 bytes: CUDA_ERROR_OUT_OF_MEMORY"),
    tf.errors.InternalError(None, None, "could not create cudnn handle: CUDNN_STATUS_ALLOC_FAILED"),
    tf.errors.InternalError(
        None, None, "failed to create cublas handle: the library was not initialized: NOT_INITIALIZED"
    ),
    tf.errors.InternalError(None, None, "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED in the graph"),
    tf.errors.InternalError(
        None, None, "Attempting to perform BLAS operation using StreamExecutor without BLAS support"
    ),
    tf.errors.NotFoundError(None, None, "No algorithm worked!  Error messages: [...]"),
    tf.errors.UnknownError(None, None, "Failed to get convolution algorithm. This is probably because cuDNN"),
    tf.errors.FailedPreconditionError(None, None, "DNN library initialization failed."),
    tf.errors.AbortedError(
        None, None, "Operation received an exception:Status: 1, message: could not create"
    ),
    RuntimeError("CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
]
TENSORFLOW_OTHERS = [
    tf.errors.AbortedError(
        None, None, "Operation received an exception:Status: 2, message: could not create"
    ),
    tf.errors.InternalError(None, None, "CUDA error: an illegal memory access was encountered"),
    tf.errors.InternalError(None, None, "Blas GEMM launch failed : a.shape=(128, 10)"),
    tf.errors.InvalidArgumentError(None, None, "Cannot assign a device for operation"),
    RuntimeError("Random ops require a seed to be set when determinism is enabled."),
]


@pytest.mark.parametrize("error", TORCH, ids=str)
def test_torch_out_of_memory(error: RuntimeError) -> None:
    with (
        pytest.raises(MemoryError, match=r".") as caught,
        specnet_torch.out_of_memory.reraise_out_of_memory(),
    ):
        raise error
    assert str(caught.value).startswith(str(error).partition("\n")[0])


@pytest.mark.parametrize("error", TORCH_OTHERS, ids=str)
def test_other_errors_of_torch_stay_what_they_are(error: RuntimeError) -> None:
    with pytest.raises(RuntimeError) as caught, specnet_torch.out_of_memory.reraise_out_of_memory():
        raise error
    assert caught.value is error


@pytest.mark.parametrize("error", TENSORFLOW, ids=str)
def test_tensorflow_out_of_memory(error: Exception) -> None:
    with pytest.raises(MemoryError) as caught, specnet_tensorflow.out_of_memory.reraise_out_of_memory():
        raise error
    assert str(caught.value).startswith(str(getattr(error, "message", error))[:20])


@pytest.mark.parametrize("error", TENSORFLOW_OTHERS, ids=str)
def test_other_errors_of_tensorflow_stay_what_they_are(error: Exception) -> None:
    with (
        pytest.raises((tf.errors.OpError, RuntimeError)) as caught,
        specnet_tensorflow.out_of_memory.reraise_out_of_memory(),
    ):
        raise error
    assert caught.value is error
