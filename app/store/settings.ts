// What a person chose and expects to find again: kept in this browser, apart from the session.

import type { StepOptions, TrainOptions } from '../../src/workbench/engine.ts';
import type { Slice } from './state.ts';

export type Theme = 'system' | 'light' | 'dark';

export interface Settings {
  readonly theme: Theme;
  readonly stepOptions: StepOptions;
  readonly trainOptions: TrainOptions;
}

export interface SettingsSlice extends Settings {
  setTheme(theme: Theme): void;
  setStepOptions(change: Partial<StepOptions>): void;
  setTrainOptions(change: Partial<TrainOptions>): void;
  resetStepOptions(): void;
}

export const defaultStepOptions: StepOptions = {
  ratio: 0.5,
  steps: 3,
  scope: 'local',
  criterion: 'l2',
  reduction: 'mean',
  normalizer: 'mean',
  maxRatio: 0.9,
  roundTo: 1,
  ignore: [],
  layerRatios: {},
  seed: 1,
};

export const defaultTrainOptions: TrainOptions = {
  epochs: 2,
  batchSize: 32,
  optimizer: 'adam',
  learningRate: 0.001,
  backend: 'auto',
  seed: 1,
};

const defaults: Settings = {
  theme: 'system',
  stepOptions: defaultStepOptions,
  trainOptions: defaultTrainOptions,
};

const key = 'secateur.settings';

export const settingsSlice: Slice<SettingsSlice> = (set) => ({
  ...readSettings(),
  setTheme: (theme) => set({ theme }),
  setStepOptions: (change) => set(({ stepOptions }) => ({ stepOptions: { ...stepOptions, ...change } })),
  setTrainOptions: (change) => set(({ trainOptions }) => ({ trainOptions: { ...trainOptions, ...change } })),
  resetStepOptions: () => set({ stepOptions: defaultStepOptions }),
});

/** What was kept, completed with the defaults of whatever is new since. */
function readSettings(): Settings {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Settings>;
    return {
      theme: kept.theme ?? defaults.theme,
      stepOptions: { ...defaults.stepOptions, ...kept.stepOptions },
      trainOptions: { ...defaults.trainOptions, ...kept.trainOptions },
    };
  } catch {
    return defaults;
  }
}

export function keepSettings({ theme, stepOptions, trainOptions }: Settings): void {
  try {
    localStorage.setItem(key, JSON.stringify({ theme, stepOptions, trainOptions } satisfies Settings));
  } catch {
    // A browser that keeps nothing still works.
  }
}

/** The page's colours follow the system unless a person chose. */
export function showTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
