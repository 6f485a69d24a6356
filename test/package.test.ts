// What is packed, as a stranger has it: installed into an empty folder, read by a strict TypeScript, and run.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from './program.ts';

const run = promisify(execFile);
const shell = process.platform === 'win32';

/** Everything public by its name, and each kind of call once. */
const CONSUMER = `import * as hotswap from 'hotswap';
import 'hotswap/register';
import type { HotContext, HotEvents } from 'hotswap/hot';
import {
  type Around, type At, type ClauseInfo, type Clauses, type Code, type Deferred, type EditOptions, type ErrorEvent, type Events,
  type ExportInfo, type FunctionInfo, type FunctionKind, HotswapError, type HotswapErrorCode, type InjectOptions, type Mock,
  type MockCall, type ModuleRef, type NewTarget, type Node, type Order, type Planned, type StartOptions, type Status,
  type StopOptions, type SwapEvent, type Target, type Version,
} from 'hotswap';
export type All = [Around, At, ClauseInfo, Clauses, Code, Deferred, EditOptions, ErrorEvent, Events, ExportInfo, FunctionInfo,
  FunctionKind, HotswapErrorCode, InjectOptions, Mock, MockCall, ModuleRef, NewTarget, Node, Order, Planned, StartOptions, Status,
  StopOptions, SwapEvent, Target, Version, HotContext, HotEvents];
const price = (item: { cost: number }): number => item.cost;
export async function edits(): Promise<number> {
  const version: Version = await hotswap.rewrite(price, (item: { cost: number }) => item.cost * 2, { bind: { RATE: 2 } });
  await hotswap.inject(price, () => {}, { at: 'end' });
  const [first] = await hotswap.plan(() => hotswap.reset('./m.js'));
  const status: Status = await hotswap.start({ cacheDir: null, rollbackLength: 3 });
  const mocked: Mock = await hotswap.mock('./m.js#charge', async () => 1);
  await mocked.restore();
  hotswap.on('swap', ({ number, paths }) => [number, paths.length]);
  const node: Node = hotswap.ast(price);
  import.meta.hot?.accept((module) => module?.['price']);
  try { await hotswap.rollback('./m.js'); } catch (error) { if (error instanceof HotswapError) return error.line ?? 0; }
  return version.number + (first?.replaced.length ?? 0) + status.modules + node.start;
}
// @ts-expect-error options are checked
export const wrong = () => hotswap.start({ cacheDirectory: 'x' });
`;

const STRICT =
  '--noEmit --strict --skipLibCheck false --exactOptionalPropertyTypes --noUncheckedIndexedAccess --noPropertyAccessFromIndexSignature --target es2022 --types hotswap/hot consumer.ts';

test('the package, installed into an empty folder: types that a strict program reads, a command, and nothing that runs at its installation', async () => {
  const dir = realpathSync.native(mkdtempSync(join(tmpdir(), 'hotswap-package-')));
  const file = (name: string): string => join(dir, name);
  try {
    await run('npm', ['run', '--silent', 'types'], { cwd: ROOT, shell });
    const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', dir], {
      cwd: ROOT,
      shell,
    });
    const [{ filename, files }] = JSON.parse(packed.stdout);
    const names: string[] = files.map(({ path }: { path: string }) => path);
    assert.equal(
      names.filter((name) => !/^lib\/.*\.(js|d\.ts)$|^(package\.json|README\.md|LICENSE)$/.test(name)),
      [],
    );
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'])
      assert.is(scripts[name], undefined, name);

    writeFileSync(file('package.json'), '{ "private": true, "type": "module" }');
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${filename}`], {
      cwd: dir,
      shell,
    });

    writeFileSync(file('consumer.ts'), CONSUMER);
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    for (const kind of ['--module nodenext', '--module esnext --moduleResolution bundler']) {
      const args = [tsc, ...kind.split(' '), ...STRICT.split(' ')];
      const said = await run(process.execPath, args, { cwd: dir }).catch((error) => error);
      assert.equal([said.stdout, said.code], ['', undefined], kind);
    }

    writeFileSync(
      file('app.ts'),
      `import { rewrite, status } from 'hotswap'; import { price } from './price.ts';
await rewrite(price, () => 2); console.log(JSON.stringify([price(1), status().modules]));`,
    );
    writeFileSync(file('price.ts'), 'export const price = (cost: number): number => cost;');
    const env = { ...process.env, NODE_OPTIONS: '' };
    const bin = ['node_modules/hotswap/lib/cli/hotswap.js', 'run', 'app.ts'];
    const { stdout } = await run(process.execPath, bin, { cwd: dir, env });
    assert.is(stdout, '[2,2]\n');
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const command = await run(file('node_modules/.bin/hotswap'), ['--version'], { cwd: dir, shell });
    assert.is(command.stdout, `${version}\n`);
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
  }
});

test.run();
