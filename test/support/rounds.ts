/**
 * How often a test repeats what hangs on the moment or on chance.
 * @param usual in `npm test` @param thorough with THOROUGH=1, for a release or a change to what such a test is about
 */
export const rounds = (usual: number, thorough: number): number =>
  process.env.THOROUGH === '1' ? thorough : usual
