/** Figure 6: a whole process that loads 100 modules of 4 KB and ends. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { median, ROOT, spread } from './harness.js';
import { writeProgram } from './modules.js';

export const title = 'start-up, 100 modules of 4 KB, whole process';

export async function measure({ starts, directory }) {
  const program = writeProgram(join(directory, 'program'), 100, 4000);
  const cache = join(directory, 'start-cache');
  const once = (hot) => {
    const start = performance.now();
    const { status, stderr } = spawnSync(
      process.execPath,
      [...(hot ? ['--import', register] : []), program],
      {
        cwd: ROOT,
        env: { ...process.env, HOTSWAP_CACHE_DIR: cache },
      },
    );
    if (status !== 0) throw new Error(String(stderr));
    return performance.now() - start;
  };
  const times = { plain: [], cold: [], warm: [], empty: [] };
  once(false);
  once(true);
  for (let i = 0; i < starts; i++) {
    times.plain.push(once(false));
    rmSync(cache, { recursive: true, force: true });
    times.cold.push(once(true));
    times.warm.push(once(true));
  }
  const row = (name, key) => ({
    name,
    plain: median(times.plain),
    hot: median(times[key]),
    unit: 'ms',
    ...spread(times[key].map((ms, i) => ms / times.plain[i])),
  });
  return [row('cold cache', 'cold'), row('warm cache', 'warm')];
}

const register = pathToFileURL(join(ROOT, 'dist/loader/register.js')).href;
