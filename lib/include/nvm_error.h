/* SPDX-License-Identifier: MIT */
/**
 * DOC: Status and errors
 *
 * A packed status is an int: 0 is success, a positive value an errno, a negative one -((SCT << 8) |
 * SC) of a completion. The macros look at their argument several times: give them a variable.
 */
#ifndef NVM_ERROR_H
#define NVM_ERROR_H

#include <nvm_types.h>
#include <nvm_util.h>
#include <stddef.h>
#include <stdint.h>

/**
 * NVM_ERR_SCT - status code type of a completion
 * @cpl: the completion
 */
#define NVM_ERR_SCT(cpl) ((uint8_t)_RB(*NVM_CPL_STATUS(cpl), 11, 9))

/**
 * NVM_ERR_SC - status code of a completion
 * @cpl: the completion
 */
#define NVM_ERR_SC(cpl) ((uint8_t)_RB(*NVM_CPL_STATUS(cpl), 8, 1))

/**
 * NVM_ERR_DNR - 1 when a completion says that the same command will fail again
 * @cpl: the completion
 */
#define NVM_ERR_DNR(cpl) ((uint8_t)_RB(*NVM_CPL_STATUS(cpl), 15, 15))

/**
 * NVM_ERR_STATUS - packed status of a completion
 * @cpl: the completion; NULL gives 0
 */
#define NVM_ERR_STATUS(cpl) \
  ((int)((cpl) != NULL ? -((NVM_ERR_SCT(cpl) << 8) | NVM_ERR_SC(cpl)) : 0))

/**
 * NVM_ERR_OK - true when a completion says success
 * @cpl: the completion
 */
#define NVM_ERR_OK(cpl) (!NVM_ERR_SCT(cpl) && !NVM_ERR_SC(cpl))

/**
 * NVM_ERR_PACK - packed status of an errno, or if that is 0 of a completion
 * @cpl: the completion, or NULL
 * @err: the errno, or 0
 */
#define NVM_ERR_PACK(cpl, err) ((int)((err) != 0 ? (err) : NVM_ERR_STATUS(cpl)))

/**
 * NVM_ERR_UNPACK_ERRNO - errno of a packed status, 0 when it is of a completion
 * @status: packed status
 */
#define NVM_ERR_UNPACK_ERRNO(status) (((status) > 0) ? (status) : 0)

/**
 * NVM_ERR_UNPACK_SCT - status code type of a packed status, 0 when it is an errno
 * @status: packed status
 */
#define NVM_ERR_UNPACK_SCT(status) (((status) < 0) ? ((-(status) >> 8) & 0x7) : 0)

/**
 * NVM_ERR_UNPACK_SC - status code of a packed status, 0 when it is an errno
 * @status: packed status
 */
#define NVM_ERR_UNPACK_SC(status) (((status) < 0) ? (-(status) & 0xff) : 0)

/**
 * nvm_ok - true when a packed status is success
 * @status: packed status
 */
#define nvm_ok(status) (!(status))

#ifdef __cplusplus
extern "C" {
#endif

/**
 * nvm_strerror - a packed status in words
 * @status: packed status
 *
 * Return: the name of the NVMe status, or the operating system's words for the errno. Never NULL,
 * never to be freed.
 */
const char* nvm_strerror(int status);

/**
 * nvm_reason - why the last failing call of this thread failed
 *
 * More than an errno can say: what was refused, and what to do about it. Set by the functions of
 * this library that return an errno, not by the inline ones.
 *
 * Return: one or two sentences, valid until this thread's next call; "" when nothing failed yet.
 */
const char* nvm_reason(void);

#ifdef __cplusplus
}
#endif

#endif /* NVM_ERROR_H */
