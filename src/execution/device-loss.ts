// A graphics device can vanish while it computes: a driver update, a reset, a machine that sleeps. tfjs does not notice
// (tfjs#8571), and what was asked of the device may then never answer.

import type { Backend } from './types.ts';

/** Resolves with what is known when the backend's device is lost; never for backends that have none. */
export function deviceLoss({ name, tf }: Backend): Promise<string> {
  const backend = tf.backend() as { device?: GPUDevice; gpgpu?: { gl: { canvas: OffscreenCanvas } } };
  if (name === 'webgpu' && backend.device)
    return backend.device.lost.then(({ message }) => message || 'The graphics device was lost.');
  const canvas = name === 'webgl' ? backend.gpgpu?.gl.canvas : undefined;
  if (!canvas) return new Promise(() => {});
  return new Promise((resolve) => {
    canvas.addEventListener('webglcontextlost', () => resolve('The WebGL context was lost.'), { once: true });
  });
}
