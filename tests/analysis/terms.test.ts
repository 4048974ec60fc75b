import { describe, expect, test } from 'vitest';
import { resolve, type TermAxis } from '../../src/analysis/axis.ts';
import { columnsOf, frozenBy } from '../../src/analysis/columns.ts';
import { commonRefinement } from '../../src/analysis/refinement.ts';
import { Terms } from '../../src/analysis/terms.ts';

/** The atoms of each position, renamed a, b, c … in order of appearance; `.` for a position that must stay. */
function pattern(terms: Terms, ...axes: TermAxis[]): string[] {
  const names = new Map<number, string>();
  const nameOf = (atom: number) => {
    const known = names.get(atom) ?? String.fromCharCode(97 + names.size);
    names.set(atom, known);
    return known;
  };
  return axes.map((axis) =>
    Array.from(terms.termsOf(axis), (term) => terms.atoms.atomsOf(term).map(nameOf).join('') || '.').join(
      ' ',
    ),
  );
}

describe('common refinement of two factorisations', () => {
  test.each([
    [
      [3, 4],
      [6, 2],
      [3, 2, 2],
    ],
    [[12], [3, 4], [3, 4]],
    [
      [2, 3, 4],
      [2, 3, 4],
      [2, 3, 4],
    ],
    [
      [64, 7, 7],
      [64, 49],
      [64, 7, 7],
    ],
    [[3, 4], [4, 3], undefined],
    [[6, 4], [8, 3], undefined],
  ])('%j and %j', (a, b, expected) => {
    expect(commonRefinement(a, b)).toEqual(expected);
  });
});

describe('axes', () => {
  test('equating two axes makes their channels the same', () => {
    const terms = new Terms();
    const [a, b] = [terms.open(3), terms.open(3)];
    terms.same(a, b);
    expect(pattern(terms, a, b)).toEqual(['a b c', 'a b c']);
  });

  test('a residual stream is one link per addition, not a loop over channels', () => {
    const terms = new Terms();
    const stream = terms.open(100_000);
    for (let i = 0; i < 100; i++) terms.same(stream, terms.open(100_000));
    expect(terms.atoms.size).toBe(0);
  });

  test('fixing reaches everything that is the same', () => {
    const terms = new Terms();
    const [a, b] = [terms.open(2), terms.open(2)];
    terms.same(a, b);
    terms.node = 'softmax';
    terms.fix(a, 'it is normalised');
    expect(frozenBy(terms, resolve(b))).toEqual({ why: 'it is normalised', node: 'softmax' });
  });

  test('a concatenation carries the terms of its parts, a selection those it picks', () => {
    const terms = new Terms();
    const [a, b] = [terms.open(2), terms.open(3)];
    const joined = terms.concat([a, b]);
    expect(pattern(terms, joined, terms.select(joined, [1, 2, 3]))).toEqual(['a b c d e', 'b c d']);
  });

  test('halves of a split added to each other tie their channels', () => {
    const terms = new Terms();
    const whole = terms.open(6);
    terms.same(terms.select(whole, [0, 1, 2]), terms.select(whole, [3, 4, 5]));
    expect(pattern(terms, whole)).toEqual(['a b c a b c']);
  });

  test('a flattened image keeps one atom per channel', () => {
    const terms = new Terms();
    const channels = terms.open(2);
    const flat = terms.product([channels, terms.fixed(2, 'space'), terms.fixed(2, 'space')]);
    expect(pattern(terms, flat)).toEqual(['a a a a b b b b']);
  });

  test('unflattening binds a linear layer to the channels of the image it makes', () => {
    const terms = new Terms();
    const [linear, kernel] = [terms.open(8), terms.open(2)];
    const [channels, height, width] = terms.split(linear, [2, 2, 2]);
    terms.fix(height, 'space');
    terms.fix(width, 'space');
    terms.same(channels, kernel);
    expect(pattern(terms, linear)).toEqual(['a a a a b b b b']);
  });

  test('merging a list of terms that repeats needs no products', () => {
    const terms = new Terms();
    const list = terms.concat([
      terms.product([terms.open(1 + 1), terms.fixed(3, 'space')]),
      terms.product([terms.open(2), terms.fixed(3, 'space')]),
    ]);
    const [rows, columns] = terms.split(list, [4, 3]);
    expect(pattern(terms, rows)).toEqual(['a b c d']);
    expect(frozenBy(terms, resolve(columns))).toBeDefined();
  });
});

describe('products', () => {
  test('splitting and merging again gives the same positions', () => {
    const terms = new Terms();
    const flat = terms.open(6);
    const merged = terms.product(terms.split(flat, [2, 3]));
    expect(pattern(terms, flat, merged)).toEqual(['ab ac ad eb ec ed', 'ab ac ad eb ec ed']);
  });

  test('attention heads: rows and columns of q, k and v', () => {
    const terms = new Terms();
    const [q, k, v] = [terms.open(4), terms.open(4), terms.open(4)];
    const [qh, qd] = terms.split(q, [2, 2], 'heads');
    const [kh, kd] = terms.split(k, [2, 2], 'heads');
    const [vh, vd] = terms.split(v, [2, 2], 'heads');
    terms.same(qd, kd);
    terms.same(qh, kh);
    terms.same(qh, vh);
    const projected = terms.product([vh, vd]);
    expect(pattern(terms, q, k, v, projected)).toEqual([
      'ab ac db dc',
      'ab ac db dc',
      'ae af de df',
      'ae af de df',
    ]);
    expect(columnsOf(terms, resolve(q)).map((column) => column.kind)).toEqual(['heads', 'head-dims']);
  });

  test('grouped queries: a query head goes with its key head or with its place in the group', () => {
    const terms = new Terms();
    const [q, k] = [terms.open(8), terms.open(4)];
    const [qh, qd] = terms.split(q, [4, 2], 'heads');
    const [kh, kd] = terms.split(k, [2, 2], 'heads');
    terms.same(qh, terms.product([kh, terms.open(2)]));
    terms.same(qd, kd);
    expect(pattern(terms, q, k)).toEqual(['abc abd aec aed fbc fbd fec fed', 'ac ad fc fd']);
  });

  test('a fused qkv cut into thirds before the heads are split', () => {
    const terms = new Terms();
    const fused = terms.open(12);
    const [q, k] = [0, 4, 8].map((start) =>
      terms.select(
        fused,
        [0, 1, 2, 3].map((i) => start + i),
      ),
    );
    const [qh, qd] = terms.split(q, [2, 2], 'heads');
    const [kh, kd] = terms.split(k, [2, 2], 'heads');
    terms.same(qh, kh);
    terms.same(qd, kd);
    expect(pattern(terms, fused)).toEqual(['ab ac db dc ab ac db dc e f g h']);
  });

  test('picking one of [3, heads, dims] fixes the 3', () => {
    const terms = new Terms();
    const fused = terms.open(12);
    const [three, heads, dims] = terms.split(fused, [3, 2, 2], 'heads');
    terms.fix(three, 'one of it is picked');
    expect(pattern(terms, fused)).toEqual(['ab ac db dc ab ac db dc ab ac db dc']);
    expect(heads.length * dims.length).toBe(4);
  });

  test('a channel shuffle refines both groupings', () => {
    const terms = new Terms();
    const channels = terms.open(8);
    const [groups, inner] = terms.split(channels, [2, 4], 'conv-groups');
    const shuffled = terms.product([inner, groups]);
    terms.split(shuffled, [2, 4], 'conv-groups');
    expect(pattern(terms, channels)).toEqual(['abc abd aec aed fbc fbd fec fed']);
  });

  test('a shuffle that keeps no channel whole fixes both sides and says so', () => {
    const terms = new Terms();
    const channels = terms.open(12);
    const [rows, columns] = terms.split(channels, [3, 4]);
    terms.split(terms.product([columns, rows]), [3, 4]);
    expect(pattern(terms, channels)).toEqual(['. . . . . . . . . . . .']);
    expect(frozenBy(terms, resolve(channels))?.why).toMatch(/rearranged/);
  });

  test('an axis that two products would cut in different ways is fixed', () => {
    const terms = new Terms();
    const shared = terms.open(6);
    const left = terms.product([shared, terms.open(3), terms.open(2)]);
    const right = terms.product([terms.open(2), terms.open(3), shared]);
    terms.same(left, right);
    expect(pattern(terms, shared)).toEqual(['. . . . . .']);
  });

  test('a factor fixed after the product was made leaves the other factor', () => {
    const terms = new Terms();
    const [a, b] = [terms.open(2), terms.open(3)];
    const merged = terms.product([a, b]);
    const other = terms.open(6);
    const joined = terms.concat([merged, other]);
    terms.fix(a, 'late');
    terms.atoms.settle();
    expect(pattern(terms, joined)).toEqual(['a b c a b c d e f g h i']);
  });

  test('an axis that would have to contain itself is fixed', () => {
    const terms = new Terms();
    const list = terms.concat([terms.open(2), terms.open(2)]);
    const [rows, columns] = terms.split(list, [2, 2]);
    terms.same(terms.select(list, [0, 1]), rows);
    terms.atoms.settle();
    expect(pattern(terms, columns, rows)).toEqual(['. .', '. .']);
  });
});
