/** How many names of groups and roles, or other values, an app is told in one list. */

const MAX_NAMES = 200
/** In JSON. A token is a third longer in base64, and has to pass proxies that take 8 KB of headers, in the cookie of an app too. */
const MAX_BYTES = 3000

/** The first of them, each once, as far as cookies of an app and headers behind a proxy do not break. */
export function toldNames<Name extends string | number | boolean>(names: readonly Name[]): Name[] {
  const told: Name[] = []
  let bytes = 2
  for (const name of new Set(names)) {
    bytes += Buffer.byteLength(JSON.stringify(name)) + 1
    if (told.length === MAX_NAMES || bytes > MAX_BYTES) break
    told.push(name)
  }
  return told
}
