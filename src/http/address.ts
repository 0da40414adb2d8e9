/**
 * The two parts of a request's address. A query may hold question marks of its own (RFC 3986 §3.4): only the first one
 * begins it.
 * @param url as a request line has it: path and query
 * @returns `query` without its question mark; undefined: there is none
 */
export function partsOf(url: string): { path: string; query: string | undefined } {
  const at = url.indexOf('?')
  return at === -1 ? { path: url, query: undefined } : { path: url.slice(0, at), query: url.slice(at + 1) }
}
