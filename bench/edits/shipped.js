/** The measured code is what `npm run build` has made: plain JavaScript, run by plain Node. */
export const DIST = new URL('../../dist/', import.meta.url);

/**
 * Imports a module of `dist`. Its type is the one of its source (`typeof import('../../src/…')`): `dist` has no types,
 * and may not exist yet when they are checked.
 * @template Module
 * @param {string} path
 * @returns {Promise<Module>}
 */
export const shipped = async (path) => {
  /** @type {unknown} */
  const module = await import(new URL(path, DIST).href);
  return /** @type {Module} */ (module);
};
