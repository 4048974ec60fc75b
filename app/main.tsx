// The page begins here: an engine in a worker, a store tied to it, and React on top.

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { problemOf } from '../src/lib/errors.ts';
import { App } from './App.tsx';
import { startEngine } from './engine/engine.ts';
import { AppContext, createAppStore } from './store/store.ts';
import './theme/tokens.css';
import './theme/base.css';

const engine = startEngine({ onLoss: (problem) => store.getState().complain(problem) });
const store = createAppStore(engine);
const { receive, complain } = store.getState();

engine.listen(receive).catch((error) => complain(problemOf(error)));
void engine.lost.then(complain);

const root = document.getElementById('root');
if (!root) throw new Error('The page has no root element.');
createRoot(root).render(
  <StrictMode>
    <AppContext value={store}>
      <App />
    </AppContext>
  </StrictMode>,
);
