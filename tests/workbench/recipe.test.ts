// What is taken for a recipe. Recipes are files that people edit and send around.

import { expect, test } from 'vitest';
import { parseRecipe } from '../../src/workbench/steps/recipe.ts';

const step = {
  options: {},
  pruned: true,
  decisions: [],
  cuts: [{ group: 'a:0', units: [1], original: [1] }],
};
const recipe = (steps: unknown) => JSON.stringify({ recipe: 1, model: { fileName: 'a.onnx' }, steps });

test('a recipe is read as it stands', () => {
  expect(parseRecipe(recipe([step]), 'mine.json').steps).toEqual([step]);
});

test.each([
  ['no JSON', '# recipe'],
  ['nothing', 'null'],
  ['another version', JSON.stringify({ recipe: 2, steps: [] })],
  ['steps that are no list', recipe('one')],
  ['a step that is nothing', recipe([null])],
  ['a step without cuts', recipe([{ ...step, cuts: undefined }])],
  ['a step that does not say whether it pruned', recipe([{ ...step, pruned: undefined }])],
  ['a cut of no group', recipe([{ ...step, cuts: [{ units: [1] }] }])],
  ['a cut of units that are no numbers', recipe([{ ...step, cuts: [{ group: 'a:0', units: ['1'] }] }])],
])('%s is refused', (_, text) => {
  expect(() => parseRecipe(text, 'mine.json')).toThrow('"mine.json" is no recipe');
});
