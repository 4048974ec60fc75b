// What the test of pictures in Chromium calls there.

export { openDataset } from '../../src/training/datasets/datasets.ts';
export { blobFile } from '../../src/training/datasets/files/data-file.ts';
