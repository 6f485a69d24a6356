/** This package: `mock`, which the importer that runs already answers with. */
const dist = new URL('../../../dist/', import.meta.url);

export default {
  name: 'hotswap',
  packages: [],
  flags: ['--import', new URL('loader/register.js', dist).href],
  async mocker() {
    const { mock } = await import(new URL('api/index.js', dist).href);
    return async ({ total, dependency }, impl) => {
      const { restore } = await mock({ module: dependency, path: 'price' }, impl);
      return { total, restore };
    };
  },
};
