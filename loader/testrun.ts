/**
 * Whether this process runs tests. In: its environment, options and main file; out: yes or no. Edits that a test makes are for that test: kept
 * on disk, they would be live at the next start of the application whose modules it has edited.
 */
import { basename, environment } from '../node.ts';

/** Variables that runners give the processes of tests: of Node, Vitest, Jest, and Ava. */
const VARIABLES = ['NODE_TEST_CONTEXT', 'VITEST', 'JEST_WORKER_ID', 'AVA_PATH'];

/** Main files: of runners, and of tests by their name or directory. */
const RUNNER = /^(?:_?mocha|uvu|ava|tap|tape|jest|vitest|jasmine)(?:\.[cm]?js)?$/;
const TEST = /[._-](?:test|spec)\.[cm]?[jt]sx?$|^(?:test|spec)\.[cm]?[jt]sx?$/;

/** @param entry main file @param execArgv Node's options */
export function isTestRun(entry: string | undefined = process.argv[1], execArgv = process.execArgv): boolean {
  if (VARIABLES.some((name) => environment(name) !== undefined)) return true;
  if (execArgv.some((word) => word === '--test' || word.startsWith('--test='))) return true;
  if (entry === undefined) return false;
  const isRunner =
    RUNNER.test(basename(entry)) || /[\\/]node_modules[\\/](?:mocha|uvu|ava|tap|jasmine)[\\/]/.test(entry);
  return isRunner || TEST.test(basename(entry));
}
