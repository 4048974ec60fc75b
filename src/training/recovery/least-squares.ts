// Ridge regression on the device: rows stream in, only their products are kept, conjugate gradients solve.

import type * as Tf from '@tensorflow/tfjs';

/**
 * Collects XᵀX and XᵀR over batches of rows, then solves min |XD - R|² + λ|D|² for D. Holds device memory until
 * `dispose`.
 */
export class LeastSquares {
  private readonly tf: typeof Tf;
  private gram: Tf.Tensor2D | undefined;
  private cross: Tf.Tensor2D | undefined;
  private energy: Tf.Scalar | undefined;
  rows = 0;

  constructor(tf: typeof Tf) {
    this.tf = tf;
  }

  /** @param x [rows, inputs] @param residual [rows, outputs] */
  add(x: Tf.Tensor2D, residual: Tf.Tensor2D): void {
    const { tf } = this;
    const [gram, cross, energy] = tf.tidy(() => {
      const across = tf.transpose(x) as Tf.Tensor2D;
      const parts = [tf.matMul(across, x), tf.matMul(across, residual), tf.sum(tf.square(residual))];
      const before = [this.gram, this.cross, this.energy];
      return parts.map((part, i) => (before[i] ? tf.add(part, before[i] as Tf.Tensor) : part));
    });
    this.dispose();
    this.gram = tf.keep(gram as Tf.Tensor2D);
    this.cross = tf.keep(cross as Tf.Tensor2D);
    this.energy = tf.keep(energy as Tf.Scalar);
    this.rows += x.shape[0];
  }

  /**
   * D, [inputs, outputs], and how much of the squared residual is left with it (0 to 1).
   * @param ridge λ as a share of each input's own energy
   */
  async solve(
    ridge: number,
    iterations = 60,
  ): Promise<{ readonly solution: Tf.Tensor2D; readonly left: number }> {
    const { tf, gram, cross, energy } = this;
    if (!gram || !cross || !energy) throw new RangeError('no rows were given');
    const { solution, left } = tf.tidy(() => {
      // Scaled so that the diagonal of G + λ is 1: inputs differ by orders of magnitude.
      const diagonal = tf.sum(tf.mul(gram, tf.eye(gram.shape[0])), 1);
      const floor = tf.add(tf.mul(tf.mean(diagonal), 1e-6), 1e-12);
      const scale = tf.rsqrt(tf.add(tf.mul(diagonal, 1 + ridge), floor)) as Tf.Tensor1D;
      const column = tf.reshape(scale, [-1, 1]) as Tf.Tensor2D;
      const scaled = tf.mul(tf.mul(gram, column), scale) as Tf.Tensor2D;
      const damping = tf.sub(1, tf.mul(tf.square(scale), diagonal));
      const matrix = tf.add(scaled, tf.mul(tf.eye(gram.shape[0]), damping)) as Tf.Tensor2D;
      const d = tf.mul(
        column,
        conjugateGradients(tf, matrix, tf.mul(cross, column), iterations),
      ) as Tf.Tensor2D;
      // |XD - R|² = |R|² - 2 D·XᵀR + D·XᵀXD
      const rest = tf.sum(tf.mul(d, tf.sub(tf.matMul(gram, d), tf.mul(cross, 2))));
      return { solution: d, left: tf.add(1, tf.div(rest, tf.add(energy, 1e-20))) };
    });
    const [share] = await left.data();
    left.dispose();
    return { solution, left: Math.max(0, share) };
  }

  dispose(): void {
    this.tf.dispose([this.gram, this.cross, this.energy].filter((tensor) => tensor !== undefined));
    this.gram = undefined;
    this.cross = undefined;
    this.energy = undefined;
  }
}

/** Solves A·X = B for a symmetric positive A, every column of B by itself (Hestenes and Stiefel, 1952). */
export function conjugateGradients(
  tf: typeof Tf,
  a: Tf.Tensor2D,
  b: Tf.Tensor2D,
  iterations: number,
): Tf.Tensor2D {
  const tiny = 1e-20;
  let x = tf.zerosLike(b);
  let residual = b;
  let direction = b;
  let energy = tf.sum(tf.square(residual), 0);
  for (let i = 0; i < iterations; i++) {
    const [nextX, nextResidual, nextDirection, nextEnergy] = tf.tidy(() => {
      const moved = tf.matMul(a, direction);
      const step = tf.div(energy, tf.add(tf.sum(tf.mul(direction, moved), 0), tiny));
      const rest = tf.sub(residual, tf.mul(moved, step));
      const left = tf.sum(tf.square(rest), 0);
      return [
        tf.add(x, tf.mul(direction, step)),
        rest,
        tf.add(rest, tf.mul(direction, tf.div(left, tf.add(energy, tiny)))),
        left,
      ];
    }) as [Tf.Tensor2D, Tf.Tensor2D, Tf.Tensor2D, Tf.Tensor1D];
    if (i > 0) tf.dispose([x, residual, direction, energy]);
    [x, residual, direction, energy] = [nextX, nextResidual, nextDirection, nextEnergy];
  }
  return x;
}
