// The one store of the page, tied to an engine. React reads it through `useApp`.

import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Engine } from '../../src/workbench/engine.ts';
import { reviewSlice } from './review.ts';
import { sessionSlice } from './session.ts';
import { keepSettings, settingsSlice, showTheme } from './settings.ts';
import type { AppState } from './state.ts';
import { trainingSlice } from './training.ts';
import { viewSlice } from './view.ts';
import { workSlice } from './work.ts';

export type AppStore = StoreApi<AppState>;

export function createAppStore(engine: Engine): AppStore {
  const store = createStore<AppState>()((set, get, api) => ({
    ...workSlice(set, get, api, engine),
    ...settingsSlice(set, get, api, engine),
    ...viewSlice(set, get, api, engine),
    ...reviewSlice(set, get, api, engine),
    ...trainingSlice(set, get, api, engine),
    ...sessionSlice(set, get, api, engine),
  }));
  showTheme(store.getState().theme);
  store.subscribe((state, before) => {
    if (state.theme !== before.theme) showTheme(state.theme);
    if (
      state.theme !== before.theme ||
      state.stepOptions !== before.stepOptions ||
      state.trainOptions !== before.trainOptions
    )
      keepSettings(state);
  });
  return store;
}

export const AppContext = createContext<AppStore | undefined>(undefined);

export function useAppStore(): AppStore {
  const store = useContext(AppContext);
  if (!store) throw new Error('Nothing of the page stands outside its store.');
  return store;
}

export const useApp = <T>(select: (state: AppState) => T): T => useStore(useAppStore(), select);
