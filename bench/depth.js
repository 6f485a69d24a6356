/** Figure 13: how deep functions recurse before the stack is used up, while V8 has optimised none of them. */
import { start } from './harness.js';

export const title = 'calls that fit on the stack, code that is not optimised';

/** @returns of each form of function, how often it could call itself; a ratio under 1 is a stack that is used up sooner */
export async function measure({ only }) {
  const once = async (hot) => {
    const process = await start('depth', { hot, flags: ['--no-opt', '--no-sparkplug'] });
    const counts = await process.ask('depths');
    await process.close();
    return counts;
  };
  const [plain, hot] = [await once(false), await once(true)];
  return Object.keys(plain)
    .filter((name) => name.includes(only))
    .map((name) => ({
      name,
      plain: plain[name],
      hot: hot[name],
      unit: 'calls',
      ratio: hot[name] / plain[name],
    }));
}
