/** Hooks that hand everything on, of the kind that hotswap uses on this Node: what any loader costs. */
export default {
  name: 'hooks that do nothing',
  packages: [],
  flags: ['--import', new URL('./preload/no-op.js', import.meta.url).href],
};
