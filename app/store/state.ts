// The page's state, in slices. What the engine tells is kept as it came; the rest is what only the page knows: where a
// person is looking, what is under way, how they like it.

import type { StateCreator } from 'zustand/vanilla';
import type { Engine } from '../../src/workbench/engine.ts';
import type { ReviewSlice } from './review.ts';
import type { SessionSlice } from './session.ts';
import type { SettingsSlice } from './settings.ts';
import type { TrainingSlice } from './training.ts';
import type { ViewSlice } from './view.ts';
import type { WorkSlice } from './work.ts';

export type AppState = SessionSlice & WorkSlice & ReviewSlice & TrainingSlice & ViewSlice & SettingsSlice;

/** A part of the state with the actions that change it. */
export type Slice<T> = (...args: [...Parameters<StateCreator<AppState, [], [], T>>, engine: Engine]) => T;
