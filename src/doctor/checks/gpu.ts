// SPDX-License-Identifier: MIT
// GPUs: CUDA, the kernel module, and how far GPUs and drives are apart.

import { distance, isGpu, isNvme, type PciFunction, pciFunctions } from '../../devices/pci.ts'
import type { Check, Finding } from '../check.ts'
import { fixOf } from '../surroundings.ts'

export const cudaCheck: Check = {
  name: 'CUDA',
  goals: ['gpu'],
  look: (machine) => {
    const { cuda } = machine.trials
    const isThere = pciFunctions(machine).some(isGpu)
    if (cuda === undefined) {
      const driver = /\d+\.\d+[.\d]*/.exec(machine.text('/proc/driver/nvidia/version') ?? '')?.[0]
      return { state: 'ok', text: `libcuda.so.1 loads${driver ? `, driver ${driver}` : ''}` }
    }
    if (!isThere) return { state: 'blocked', text: 'no NVIDIA GPU on the PCI bus' }
    const install = 'sudo apt-get install nvidia-driver'
    return { state: 'blocked', text: cuda, ...fixOf(machine, install, 'docker run --gpus all …') }
  },
}

export const moduleCheck: Check = {
  name: 'kernel module',
  goals: ['gpu'],
  look: (machine) =>
    machine.real('/sys/module/peernvm') === undefined
      ? {
          state: 'blocked',
          text: 'this version has none, and only one could give GPU memory to a drive',
        }
      : { state: 'ok', text: 'peernvm is loaded' },
}

function lookAtPair(gpu: PciFunction, drive: PciFunction): Finding {
  const { bridges, isShared, isSameComplex } = distance(gpu, drive)
  const nodes = gpu.numaNode === drive.numaNode ? '' : ', on different NUMA nodes'
  const pair = `GPU ${gpu.address} and NVMe ${drive.address}`
  if (isShared)
    return { state: 'ok', text: `${pair}: ${bridges} bridges between, below one switch${nodes}` }
  const where = isSameComplex ? 'through the CPU’s root complex' : 'through two root complexes'
  return { state: 'advice', text: `${pair}: ${bridges} bridges between, ${where}${nodes}` }
}

export const topologyCheck: Check = {
  name: 'GPU and NVMe',
  goals: [],
  look: (machine) => {
    const all = pciFunctions(machine)
    const drives = all.filter(isNvme)
    const pairs = all.filter(isGpu).flatMap((gpu) => drives.map((drive) => lookAtPair(gpu, drive)))
    return pairs.length > 0 ? pairs : { state: 'absent', text: 'no pair of them' }
  },
}
