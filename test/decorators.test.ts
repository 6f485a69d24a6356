// What decorators of TypeScript are told and in which order they run, compared with TypeScript 5's own output; and packages that
// live by it, as they are, in a real process that is edited while it works.
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript-classic';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Program, program } from './program.ts';
import { randomFrom } from './random.ts';

/** What the types of the table name; each line declares one thing. */
const DECLARED = `
import 'reflect-metadata';
import def, { Lib, type Lib as LibType } from './lib.js';
import * as ns from './lib.js';
import type { Only } from './lib.js';
const D = (..._: any[]): any => () => {};
interface Shape { a: string; b: number }
interface Callable { (): void }
interface Inherits extends Callable { x: 1 }
interface Both { x: 1 }
const Both = class {};
type Text = string; type Words = 'a' | 'b'; type MaybeNumber = number | null; type Fn = () => void; type List = string[];
type Pair = [1, 2]; type OfClass = C; type Literal = { a: 1 }; type Null = null; type Nullable<X> = X | null;
type Brand = string & { readonly brand: 1 }; type Template = \`a\${number}\`; type OfLib = Lib; type Indirect = Text;
type Forward = Later; type Later = number; type Recursive = Recursive[]; type CallSignature = { (): void };
type Newable = { new (): C }; type Mapped = { [K in 'a']: 1 }; type Keys = keyof Shape; type Generic<X> = string;
enum Num { A, B } enum Str { A = 'a', B = 'b' } enum Mixed { A = 'a', B = 1 } enum Computed { A = 'x'.length }
enum Derived { A = Str.A, B = \`\${Str.B}!\`, C = B + 'c' } enum Empty {} const enum Constant { A = 1 }
declare const enum Ambient { A = 'x' }
class C<T = any> { c = 1 as any as T }
abstract class Abstract {}
namespace N { export class K {} export interface I {} export enum E { A = 'q' } export type T = number }
namespace N.M { export class Deep {} }
import Alias = N.M;
const ROLES = ['a', 'b'] as const; type Role = (typeof ROLES)[number]; type Roles = typeof ROLES;
const SIZES = { s: 1, m: 2 } as const; type Size = (typeof SIZES)[keyof typeof SIZES]; type SizeName = keyof typeof SIZES;
type Upper = Uppercase<'a'>; type Some = Exclude<'a' | 'b', 'a'>; type Sure = NonNullable<string | null>; type Name = Shape['a'];
`;

const TYPES =
  `string; number; boolean; bigint; symbol; any; unknown; never; void; undefined; null; object; Object; Function; String;
Number; Date; RegExp; Map<string, number>; Set<number>; Promise<string>; Array<string>; ReadonlyArray<string>; Record<string, number>;
Partial<Shape>; Error; Uint8Array; string[]; readonly string[]; [string, number]; readonly [string]; string | null; string | undefined;
string | number; 'a' | 'b'; 'a'; 1 | 2; true | false; true; -1; 1n; -1n; null | undefined; string | never; never | never;
string & { b: 1 }; string & {}; unknown & string; string & unknown; any & string; unknown & unknown; { a: 1 }; {}; () => void;
new () => C; typeof C; keyof Shape; Shape['a']; Shape; Callable; Inherits; Both; Text; Words; MaybeNumber; Fn; List; Pair; OfClass;
Literal; Null; Nullable<string>; Brand; Template; OfLib; Indirect; Forward; Recursive; CallSignature; Newable; Mapped; Keys;
Generic<C>; Num; Str; Mixed; Computed; Derived; Empty; Constant; Ambient; Num.A; Str.A; Derived.C; C; C<string>; C | null;
C | undefined; C | C; C | Lib; Abstract; N.K; N.I; N.E; N.T; N.M.Deep; Alias.Deep; T; T[]; U; V; \`a\${string}\`; \`x\`; (string);
((string) | (string)); this; C extends string ? string : number; string extends C ? string : string; C extends C ? Lib : Lib;
import('./lib.js').Lib; string[] | number[]; Role; Roles; Size; SizeName; Name; Upper; Some; Sure; Lib; Lib[]; Lib | null;
Lib | string; Partial<Lib>; def; ns.Lib; readonly Lib[]; Uppercase<'a'>; PropertyKey; Symbol; BigInt; Num | Str; Num | number;
Num.A | Num.B; Str.A | 'x'; typeof Num; Set<Lib>; { (): void }; Boolean; PromiseLike<string>; Iterable<string>; ClassDecorator;
Self1; Exclude<Words, 'a'>`
    .split(';')
    .map((one) => one.trim());

/** Types by chance, of those above. */
function randomTypes(seed: number, count: number): string[] {
  const random = randomFrom(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const simple = TYPES.filter((one) => !/=>|extends|^typeof|^keyof|^readonly/.test(one));
  const make = (depth: number): string => {
    if (depth === 0 || random() < 0.2) return pick(simple);
    const [a, b] = [make(depth - 1), make(depth - 1)];
    return pick([
      `(${a}) | (${b})`,
      `(${a}) | (${a})`,
      `(${a}) | null`,
      `(${a}) | undefined`,
      `(${a}) & (${b})`,
      `(${a})[]`,
      `readonly (${a})[]`,
      `[${a}, (${b})?]`,
      `(${a})`,
      `(${a}) | never`,
      `C extends string ? ${a} : ${b}`,
      `(x: ${a}) => ${b}`,
    ]);
  };
  return Array.from({ length: count }, () => make(3));
}

/** A class that is told a type in every place where one can stand. */
function classOf(type: string, i: number): string {
  return `@D() export class Self${i}<T extends string = string, U extends Shape = Shape, V = any> {
  @D() own?: ${type};
  @D() static fixed: ${type};
  constructor(a: ${type}, private b: ${type} = 0 as any, ...rest: (${type})[]) {}
  @D() method(this: any, a: ${type}, { b }: ${type}${type === 'never' ? ' & any' : ''} = 0 as any, ...rest: Array<${type}>): ${type} { return 0 as any }
  told(@D() a: ${type}, b?: Promise<${type}>): Promise<${type}> { return 0 as any }
  @D() get read(): ${type} { return 0 as any }
  @D() set written(value: ${type}) {}
}`;
}

/** What every class of a module has been told, by class, side and member. */
const TELL = `import 'reflect-metadata';
const show = (value) => Array.isArray(value) ? value.map(show) : typeof value === 'function' ? value.name : String(value);
const keys = (on, key) => Reflect.getOwnMetadataKeys(on, key).map((name) => [name, show(Reflect.getOwnMetadata(name, on, key))]);
const told = (of) => Object.fromEntries([of, of.prototype].flatMap((on, side) =>
  [undefined, ...Reflect.ownKeys(on), ...NAMES].map((key) => [side + String(key), keys(on, key)]).filter(([, all]) => all.length > 0)));
const NAMES = ['own', 'fixed', 'next', 'x', 'y', 'arrow', 's'];
const all = await import(MODULE);
const classes = Object.entries(all).filter(([, one]) => typeof one === 'function' && one.prototype);
console.log(JSON.stringify({ log: all.log ?? [], ...Object.fromEntries(classes.map(([name, one]) => [name, told(one)])) }));`;

const LIB = 'export class Lib {} export default class Def {} export interface Only {} export const data = 1;';

/** Runs a module here and as TypeScript compiles it; what it says of its classes must be the same. */
async function compare(text: string, compilerOptions: object): Promise<void> {
  const tell = (module: string): string => TELL.replace('MODULE', JSON.stringify(module));
  const settings = { experimentalDecorators: true, emitDecoratorMetadata: true, ...compilerOptions };
  const made = program(
    {
      'm.ts': text,
      'lib.ts': LIB,
      'app.ts': tell('./m.ts'),
      'out/app.js': tell('./m.js'),
      'tsconfig.json': JSON.stringify({ compilerOptions: settings }),
    },
    ['reflect-metadata', 'tslib'],
  );
  try {
    const ours = await made.json<Record<string, unknown>>({
      entry: 'app.ts',
      env: { HOTSWAP_CACHE_DIR: '' },
    });
    emit(made, settings);
    const theirs = await made.json<Record<string, unknown>>({ entry: 'out/app.js', hot: false });
    assert.equal(Object.keys(ours), Object.keys(theirs));
    const others = Object.keys(theirs).filter(
      (name) => JSON.stringify(ours[name]) !== JSON.stringify(theirs[name]),
    );
    const shown = (of: Record<string, unknown>): unknown =>
      others.map((name) => [classNamed(text, name), of[name]]);
    assert.equal(shown(ours), shown(theirs));
  } finally {
    made.remove();
  }
}

function classNamed(text: string, name: string): string {
  const at = text.search(new RegExp(`class ${name}\\b`));
  return text.slice(at, at + 120);
}

/** What TypeScript makes of a program, as a project: it sees every file. */
function emit({ dir, file }: Program, settings: object): void {
  mkdirSync(file('out'), { recursive: true });
  const options = ts.convertCompilerOptionsFromJson(
    {
      target: 'es2022',
      module: 'esnext',
      moduleResolution: 'bundler',
      lib: ['es2023'],
      types: [],
      outDir: 'out',
      skipLibCheck: true,
      ...settings,
    },
    dir,
  ).options;
  ts.createProgram([file('m.ts'), file('lib.ts')], options).emit();
  assert.ok(existsSync(join(dir, 'out/m.js')));
}

for (const strict of [true, false]) {
  test(`what decorators are told of types is what TypeScript tells, ${strict ? 'strict' : 'with null in every type'}`, () => {
    const types = [...TYPES, ...randomTypes(strict ? 1 : 2, 150)];
    return compare(`${DECLARED}${types.map(classOf).join('\n')}`, { strict });
  });
}

const SHAPES = `import 'reflect-metadata';
import { Lib } from './lib.js';
export const log: string[] = [];
const D = (word: string): any => { log.push('made ' + word); return (...args: any[]): any => { log.push([word, typeof args[0], String(args[1]), typeof args[2], (Reflect as any).getOwnMetadata('design:paramtypes', args[0], args[1])?.length].join(' ')); }; };
export class Parameter { constructor(a: string, @D('only') b: Lib) {} }
export class Members { constructor(a: string) {} @D('m') m(a: number): void {} n(a: number) {} o(a: number, @D('o1') @D('o2') b: string, @D('o3') c: Lib) {} }
@D('class') export class Bare {}
@D('class') export class Extends extends Members {}
@D('outer') @D('inner') export class Many { constructor(@D('p1') a: string, @D('p2') b: Lib) {} @D('x') @D('y') m(@D('z') a: string, b: number) {} @D('field') static s = 1; }
export class Accessors {
  @D('get') get pair() { return 1 as any } set pair(value: string) {}
  @D('set') set other(value: number) {} get other(): any { return 1 }
  @D('lone') get lone(): Lib { return null! }
  @D('static') static get side(): string { return '' } set side(value: number) {} get side(): number { return 1 }
}
export class Kinds { @D('a') async later() {} @D('b') *generate() {} @D('c') ['computed' + 1](a: string) {} @D('d') 'quoted'(a: Lib) {} @D('e') 1(a: number) {} @D('f') arrow = (a: string): number => 1; }
export class Overloads { constructor(a: string); constructor(a: number, b: Lib); m(a: string): void; m(a: string, b?: number): void; @D('o') m(...all: any[]): void {} constructor(@D('q') a: any, b?: Lib) {} }
@D('abstract') export abstract class Abstract { constructor(protected readonly a: Lib, readonly b = 2) {} @D('x') abstract x: string; @D('y') y!: Lib; abstract m(a: string): void; @D('n') n(this: Abstract, a: string) {} @D('z') declare z: number; @D('w') protected declare readonly w: Lib | undefined }
export class Defaults { constructor(@D('d') a: string = log[0]!, @D('e') { b }: { b: number } = { b: 1 }, @D('f') [c]: string[] = [], @D('g') ...rest: Lib[]) {} m(@D('h') a = 1, @D('i') ...rest: number[]) { return [a, rest] } }
export function local() { class Lib { own = 1 } @D('local') class Inner { constructor(a: Lib) {} } return Inner }
export const Inner = local();
namespace Space { export class Dep {} @D('space') export class In { constructor(a: Dep, b: Lib) {} } }
export const In = Space.In;
@D('self') export class Itself { static all: Itself[] = []; @D('s') next?: Itself; constructor(a: Itself) {} @D('t') get(): Itself | undefined { return this.next } }
@D('private') export class Private { #a = 1; constructor(a: string) {} @D('r') read(a: Lib) { return this.#a } static { log.push('block') } }
@D('late') class Late { constructor(a: string) {} }
export { Late as Renamed };
@D('default') export default class { constructor(a: number) {} }
@D('cr')\r\nexport class Lines {\r\n  constructor(\r\n    @D('x')\r\n    a: string,\r\n  ) {}\r\n}
`;

test('what is decorated, in which order it runs, and what it is told', () =>
  compare(SHAPES, { strict: true }));
test('the same where fields are assigned and imports stay as they are written', () =>
  compare(SHAPES, { strict: true, useDefineForClassFields: false, verbatimModuleSyntax: true }));

const SETTINGS = JSON.stringify({
  compilerOptions: {
    target: 'es2023',
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  },
});

test('a class that is made anew by a save is told its types, of what it imports now too', async () => {
  const made = program(
    {
      'tsconfig.json': SETTINGS,
      'one.ts': 'export class One {}',
      'two.ts': 'export class Two {}\nexport interface Shape { a: 1 }',
      'm.ts': `import { One } from './one.js';
const D = (...args: any[]): any => () => {};
@D() export class A { a = 1; constructor(one: One, text: string) {} @D() m(one: One): void {} }
export const of = () => A;
`,
      'app.ts': `import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { reload, rollback } from 'hotswap';
import { of } from './m.ts';
const text = readFileSync('m.ts', 'utf8'); const out: unknown[] = [];
const tell = () => out.push([Reflect.getMetadata('design:paramtypes', of()), Reflect.getMetadata('design:paramtypes', of().prototype, 'm')].map((all) => all.map((one: any) => one.name).join()).join(' '));
const save = async (next: string) => { writeFileSync('m.ts', next); await reload('./m.ts'); tell(); };
tell();
await save(text.replace('a = 1', 'a = 2').replace('text: string', 'text: string, number: number'));
await save(text.replace('a = 1', 'a = 3').replace("'./one.js';", "'./one.js'; import { Two, Shape } from './two.js'; import { Nothing } from 'nowhere';").replace('one: One, text', 'two: Two, shape: Shape, none: Nothing, one: One, text'));
await save(text.replace('a = 1', 'a = 4').replace("import { One } from './one.js'", "import { Two as One } from './two.js'"));
await rollback('./m.ts', 3); tell();
console.log(JSON.stringify(out));`,
    },
    ['reflect-metadata', 'tslib'],
  );
  try {
    const out = await made.json({ entry: 'app.ts', env: { HOTSWAP_CACHE_DIR: '' } });
    assert.equal(out, [
      'One,String One',
      'One,String,Number One',
      'Two,Object,Object,One,String One',
      'Two,String Two',
      'One,String One',
    ]);
  } finally {
    made.remove();
  }
});

test('tsyringe, inversify, class-validator and class-transformer work as they are', async () => {
  const made = program(
    {
      'tsconfig.json': SETTINGS,
      'services.ts': `import { injectable, singleton } from 'tsyringe';
import { inject, injectable as bound } from 'inversify';
import { IsInt, IsString, validate } from 'class-validator';
import { plainToInstance, Type } from 'class-transformer';
import type { ValidationError } from 'class-validator';
@singleton() export class Log { lines: string[] = []; add(line: string): void { this.lines.push(line) } }
@injectable() export class Shop { constructor(private readonly log: Log) {} buy(what: string): string { this.log.add(what); return 'bought ' + this.log.lines.length } }
@bound() export class Engine { power(): number { return 5 } }
@bound() export class Car { constructor(@inject(Engine) private readonly engine: Engine, readonly second: Engine) {} drive(): string { return 'drives ' + this.engine.power() + this.second.power() } }
class Wheel { size = 0 }
export class Order { @IsString() name!: string; @IsInt() count!: number; @Type() wheel!: Wheel; isBig(): boolean { return this.count > 5 } }
export const check = async (plain: object) => {
  const order = plainToInstance(Order, plain, { enableImplicitConversion: true });
  const errors: ValidationError[] = await validate(order);
  return [order.count, order.isBig?.(), order.wheel?.constructor.name, ...errors.map((one) => one.property)];
};
`,
      'app.ts': `import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { container } from 'tsyringe';
import { Container } from 'inversify';
import { reload } from 'hotswap';
import { Car, check, Engine, Shop } from './services.js';
const bindings = new Container(); bindings.bind(Engine).toSelf().inSingletonScope(); bindings.bind(Car).toSelf();
const [shop, car] = [container.resolve(Shop), bindings.get(Car)];
const all = async () => [shop.buy('a'), container.resolve(Shop).buy('b'), car.drive(), await check({ name: 'x', count: '7', wheel: { size: 1 } }), await check({ count: 'x' })];
const out = [await all()];
writeFileSync('services.ts', readFileSync('services.ts', 'utf8').replace("'bought '", "'had '").replace('return 5', 'return 6').replace('> 5', '> 7'));
const { summary } = await reload('./services.ts');
console.log(JSON.stringify([...out, summary, await all()]));`,
    },
    ['reflect-metadata', 'tslib', 'tsyringe', 'inversify', 'class-validator', 'class-transformer'],
  );
  try {
    assert.equal(await made.json({ entry: 'app.ts' }), [
      ['bought 1', 'bought 2', 'drives 55', [7, true, 'Wheel'], [null, false, null, 'name', 'count']],
      '~Shop.prototype.buy, ~Engine.prototype.power, ~Order.prototype.isBig',
      ['had 3', 'had 4', 'drives 66', [7, false, 'Wheel'], [null, false, null, 'name', 'count']],
    ]);
  } finally {
    made.remove();
  }
});

test('a Nest application starts as it is, and is saved while it serves', async () => {
  const made = program(
    {
      'tsconfig.json': SETTINGS,
      'main.ts': `import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
async function bootstrap() {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  app.useGlobalPipes(new ValidationPipe({ transform: true }));
  await app.listen(0, '127.0.0.1');
  console.log(await app.getUrl());
}
bootstrap();
`,
      'app.module.ts': `import { Module } from '@nestjs/common';
import { CatsController } from './cats.controller.js';
import { CatsService } from './cats.service.js';

@Module({ controllers: [CatsController], providers: [CatsService] })
export class AppModule {}
`,
      'cats.controller.ts': `import { Body, Controller, Get, Post, Query, Req } from '@nestjs/common';
import { Request } from 'express';
import { CatsService } from './cats.service.js';
import { CreateCat } from './create-cat.js';

@Controller('cats')
export class CatsController {
  constructor(private readonly cats: CatsService) {}

  @Get()
  find(@Req() request: Request, @Query('age') age: number): string {
    return request.path + ' ' + typeof age + ' ' + this.cats.greet();
  }

  @Post()
  create(@Body() cat: CreateCat): string {
    return cat.constructor.name + ' ' + cat.name;
  }
}
`,
      'create-cat.ts':
        "import { IsString } from 'class-validator';\nexport class CreateCat {\n  @IsString() name!: string;\n}\n",
      'cats.service.ts': `import { Injectable } from '@nestjs/common';

@Injectable()
export class CatsService {
  private count = 0;
  greet(): string {
    return 'hello ' + ++this.count;
  }
}
`,
    },
    ['@nestjs', 'class-transformer', 'class-validator', 'express', 'reflect-metadata', 'rxjs', 'tslib'],
  );
  const child = made.start({ entry: 'main.ts', env: { HOTSWAP_WATCH: '1', NODE_NO_WARNINGS: '1' } });
  try {
    const lines = linesOf(child);
    const url = await lines(/^(http\S+)$/);
    const get = async (path: string, init?: RequestInit): Promise<string> => {
      const answer = await fetch(url + path, init);
      return `${answer.status} ${await answer.text()}`;
    };
    const post = (body: object) =>
      get('/cats', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const save = (file: string, from: string, to: string): Promise<string> => {
      made.write(file, made.read(file).replace(from, to));
      return lines(new RegExp(`^hotswap: (${file.replaceAll('.', '\\.')} v.*)$`));
    };
    assert.is(await get('/cats?age=4'), '200 /cats number hello 1');
    assert.is(await post({ name: 'Tom' }), '201 CreateCat Tom');
    assert.match(await post({ name: 1 }), /^400 .*name must be a string/);
    assert.is(
      await save('cats.service.ts', 'hello', 'good day'),
      'cats.service.ts v1: ~CatsService.prototype.greet, state kept',
    );
    assert.is(await get('/cats?age=4'), '200 /cats number good day 2');
    assert.is(
      await save('cats.controller.ts', "' ' + typeof", "' has ' + typeof"),
      'cats.controller.ts v1: ~CatsController.prototype.find, state kept',
    );
    assert.is(await get('/cats?age=4'), '200 /cats has number good day 3');
  } finally {
    child.kill('SIGKILL');
    made.remove();
  }
});

/** Awaits lines of a process. @returns what the pattern's group matched */
function linesOf(child: ChildProcess): (pattern: RegExp) => Promise<string> {
  let text = '';
  const wake = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (data: string) => {
      text += data;
      for (const one of wake) one();
    });
  return (pattern) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no line ${pattern} in:\n${text}`)), 60_000);
      const look = (): void => {
        const found = text.split('\n').find((line) => pattern.test(line));
        if (found === undefined) return;
        wake.delete(look);
        clearTimeout(timer);
        resolve(pattern.exec(found)?.[1] as string);
      };
      wake.add(look);
      look();
    });
}

test.run();
