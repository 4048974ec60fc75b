// The house: a file imports only lower floors, folders on one floor never import each other, nothing runs in a circle,
// and the walls that matter stand (who may import tfjs, React, or speak of wire bytes).

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

const floors: readonly (readonly string[])[] = [
  ['src/lib'],
  ['src/graph'],
  ['src/ops'],
  ['src/formats', 'src/analysis'],
  ['src/pruning', 'src/execution'],
  ['src/training', 'src/node'],
  ['src/workbench'],
  ['src/worker', 'src/cli', 'src/secateur.ts'],
  ['app'],
];
const floorOf = new Map(floors.flatMap((rooms, floor) => rooms.map((room) => [room, floor] as const)));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function sourceFiles(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = `${folder}/${name}`;
    if (statSync(join(root, path)).isDirectory()) return sourceFiles(path);
    return /\.tsx?$/.test(name) ? [path] : [];
  });
}

const statement =
  /^\s*(?:import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;

function importsOf(path: string): Import[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(statement)].map(([, type, staticTarget, dynamicTarget]) => {
    const target = staticTarget ?? dynamicTarget;
    const local = target.startsWith('.')
      ? relative(root, resolve(root, dirname(path), target.replace(/\?.*$/, '')))
      : target;
    return { from: path, to: local, typeOnly: type !== undefined };
  });
}

const roomOf = (path: string): string | undefined =>
  [...floorOf.keys()].find((room) => path === room || path.startsWith(`${room}/`));

const files = ['src', 'app'].flatMap(sourceFiles);
const imports = files.flatMap(importsOf);

describe('the house', () => {
  it('has a floor for every file', () => {
    expect(files.filter((path) => !roomOf(path) && path !== 'src/index.ts')).toEqual([]);
  });

  it('is entered from above only', () => {
    const wrong = imports.filter(({ from, to }) => {
      const [room, target] = [roomOf(from), roomOf(to)];
      if (!room || !target || room === target) return false;
      return (floorOf.get(target) as number) >= (floorOf.get(room) as number);
    });
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  it('has no circles', () => {
    const next = new Map<string, string[]>();
    for (const { from, to, typeOnly } of imports)
      if (!typeOnly && roomOf(to)) next.set(from, [...(next.get(from) ?? []), to]);
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (path: string, trail: readonly string[]) => {
      if (trail.includes(path)) {
        circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
        return;
      }
      if (done.has(path)) return;
      for (const target of next.get(path) ?? []) walk(target, [...trail, path]);
      done.add(path);
    };
    for (const path of files) walk(path, []);
    expect(circles).toEqual([]);
  });

  it('keeps its walls', () => {
    const may = (packages: RegExp, rooms: readonly string[], evenTypes = true) =>
      imports.filter(
        ({ from, to, typeOnly }) =>
          packages.test(to) && (evenTypes || !typeOnly) && !rooms.some((room) => from.startsWith(`${room}/`)),
      );
    const wrong = [
      // The address of a binary is no code.
      ...may(/^@tensorflow\/(?!.*\?url$)/, ['src/execution', 'src/training'], false),
      ...may(/^(react|react-dom|react-aria|cytoscape|uplot|zustand|lucide-react)/, ['app']),
      ...may(/^@bufbuild\//, ['src/formats']),
      ...may(/^comlink/, ['src/worker', 'app']),
      ...may(/^node:/, ['src/cli', 'src/node']),
    ];
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  it('prints nothing from the engine', () => {
    const talking = files.filter(
      (path) =>
        path.startsWith('src/') &&
        !path.startsWith('src/cli/') &&
        /\bconsole\.(log|info|warn|error|debug)\(/.test(readFileSync(join(root, path), 'utf8')),
    );
    expect(talking).toEqual([]);
  });
});
