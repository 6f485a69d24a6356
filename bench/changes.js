/**
 * The program of 500 modules that `saves` changes, and the kinds of change. In: how often each thing was changed; out: texts, and what the
 * program answers once they are live. Pure. Two modules change: `deep`, a leaf that 39 others import, four imports below the
 * entry, and `near`, which the application itself imports.
 *
 *     main → app → m1 … m8 → m9 … m72 → m73 … m497; every 11th of the last → deep
 *              └─→ near
 */
import { moduleText } from './modules.js';

export const MODULES = 500;
const SIZE = 4000;
const BRANCHES = 8;
/** of the tree, `app` included; `deep` and `near` make it 500 */
const TREE = MODULES - 2;
/** one module that imports `deep`, and by whose chain of importers its answer comes to `app` */
const CHAIN = [1, 9, 73];

const importsDeep = (i) => i >= 73 && (i - 73) % 11 === 0;
const childrenOf = (i) =>
  Array.from({ length: BRANCHES }, (_, k) => BRANCHES * i + 1 + k).filter((child) => child < TREE);
/** modules that new imports may be aimed at: they import nothing that changes */
const aims = Array.from({ length: TREE }, (_, i) => i).filter((i) => i > 73 && (i - 73) % 11 === 5);

/** How many saves of a kind there are texts for: each new import is of another module. */
export const MOST = aims.length;

export const PLACES = [
  { place: 'deep', importer: 'm73', says: 'shared leaf' },
  { place: 'near', importer: 'app', says: 'near the entry' },
];

/** Kinds of change. Each save of a kind adds one to its count in a place's state, and the program's answer shows the count. */
export const KINDS = [
  { kind: 'body', says: 'function body' },
  { kind: 'constant', says: 'top-level constant' },
  { kind: 'exported', says: 'new export and its use', files: 2 },
  { kind: 'imported', says: 'new import' },
  { kind: 'added', says: 'new function, used' },
  { kind: 'method', says: 'class method' },
  { kind: 'field', says: 'class field' },
];

/** A place's state before any save. */
export const unchanged = () => Object.fromEntries(KINDS.map(({ kind }) => [kind, 0]));

/** The whole program but its entry: texts by file name. */
export function programTexts(states) {
  const texts = {};
  for (let i = 1; i < TREE; i++) texts[`m${i}.mjs`] = treeText(i, states);
  for (const { place, importer } of PLACES) {
    texts[`${place}.mjs`] = placeText(states[place]);
    texts[`${importer}.mjs`] = importerText(importer, states);
  }
  return texts;
}

/** The files to write for a change: `[name, text]` each, in the order in which a person would save them. */
export function changedTexts({ place, importer }, { files = 1 }, states) {
  const texts = [[`${place}.mjs`, placeText(states[place])]];
  if (files > 1) texts.push([`${importer}.mjs`, importerText(importer, states)]);
  return texts;
}

function importerText(importer, states) {
  return importer === 'app' ? appText(states) : treeText(Number(importer.slice(1)), states);
}

function appText(states) {
  return `${importsOf(childrenOf(0))}${placeImport('near', states.near)}
export function handle() {
  const near = ${placeAnswer(states.near)};
  return { deep: report1(), near }; // the states, where all is live
}
${filler(0)}`;
}

function treeText(i, states) {
  const [next] = CHAIN.slice(CHAIN.indexOf(i) + 1);
  const isChain = CHAIN.includes(i);
  const isImporter = i === CHAIN.at(-1);
  const below = importsDeep(i) && !isImporter ? `import { probe } from './deep.mjs';\n` : '';
  const head = importsOf(childrenOf(i)) + (isImporter ? placeImport('deep', states.deep) : below);
  const value = isImporter
    ? placeAnswer(states.deep)
    : isChain
      ? `report${next}()`
      : importsDeep(i)
        ? 'probe()'
        : `price({ cost: ${i}, tax: 0, count: 1 })`;
  return `${head}
export function report${i}() {
  return ${value};
}
${filler(i)}`;
}

function placeImport(place, { exported }) {
  const names = ['probe', ...(exported > 0 ? [`extra${exported}`] : [])];
  return `import { ${names.join(', ')} } from './${place}.mjs';\n`;
}

function placeAnswer({ exported }) {
  return `({ ...probe(), exported: ${exported > 0 ? `extra${exported}()` : 0} })`;
}

/** A module that changes. What came with a save stays in its later texts, as in a file that somebody works on. */
function placeText({ body, constant, exported, imported, added, method, field }) {
  const count = (n, text) => Array.from({ length: n }, (_, i) => text(i + 1)).join('');
  return `${count(imported, (n) => `import { price as price${n} } from './m${aims[n - 1]}.mjs';\n`)}
const RATE = ${constant};

class Shape {
  sides = ${field};
  area() {
    return ${method};
  }
}

const shape = new Shape();
${count(added, (n) => `\nfunction added${n}() {\n  return ${n};\n}\n`)}${count(exported, (n) => `\nexport function extra${n}() {\n  return ${n};\n}\n`)}
export function probe() {
  const body = ${body};
  return {
    body,
    constant: RATE,
    exported: 0,
    imported: ${imported > 0 ? `price${imported}({ cost: ${imported}, tax: 0, count: 1 }) / 2` : 0},
    added: ${added > 0 ? `added${added}()` : 0},
    method: shape.area(),
    field: new Shape().sides,
  };
}
${filler(-1)}`;
}

const importsOf = (children) =>
  children.map((child) => `import { report${child} } from './m${child}.mjs';\n`).join('');

const filler = (seed) => moduleText(SIZE - 700, seed);
